//! The `filters` parameter, as the controller reads it.

use serde_json::Value as Json;

use super::words::{go_quoted, go_type, json_type, ruby_type};
use crate::error::ApiError;

/// One condition of a list request; all of them must hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter {
    /// The attribute, `any`, a `properties.KEY`, or an expression in parentheses.
    pub(crate) attribute: String,
    /// The operator as the client wrote it.
    pub(crate) operator: String,
    /// What to compare with.
    pub(crate) operand: Json,
}

/// Reads the `filters` parameter.
///
/// # Errors
///
/// Refuses what the controller cannot fit into its type: no array, elements of other than three
/// parts, an operator that is no string.
pub(crate) fn parse(parameter: &Json) -> Result<Vec<Filter>, ApiError> {
    let Json::Array(elements) = parameter else {
        return Err(ApiError::transcode(format!(
            "json: cannot unmarshal {} into Go struct field ListOptions.filters of type []arvados.Filter",
            json_type(parameter)
        )));
    };
    elements.iter().map(parse_element).collect()
}

fn parse_element(element: &Json) -> Result<Filter, ApiError> {
    let parts = match element {
        // A string alone is an expression that must be true.
        Json::String(expression) => {
            return Ok(Filter {
                attribute: expression.clone(),
                operator: "=".to_owned(),
                operand: Json::Bool(true),
            });
        }
        Json::Array(parts) => parts,
        other => {
            return Err(ApiError::transcode(format!(
                "invalid filter: json decoded as {} instead of array or string",
                go_type(other)
            )));
        }
    };
    let [attribute, operator, operand] = parts.as_slice() else {
        return Err(ApiError::transcode(format!(
            "invalid filter {}: must have 3 decoded",
            Json::String(element.to_string())
        )));
    };
    let Json::String(attribute) = attribute else {
        return Err(ApiError::transcode(format!(
            "invalid filter attr {}",
            go_quoted(attribute)
        )));
    };
    let Json::String(operator) = operator else {
        return Err(ApiError::transcode(format!(
            "invalid filter operator {}",
            go_quoted(operator)
        )));
    };
    if operand.is_object() {
        return Err(ApiError::transcode(format!(
            "invalid filter operand {}",
            go_quoted(operand)
        )));
    }
    Ok(Filter {
        attribute: attribute.clone(),
        operator: operator.clone(),
        operand: operand.clone(),
    })
}

/// Says that an operand is of a type that the operator cannot compare with.
pub(crate) fn invalid_operand(operator: &str, operand: &Json) -> ApiError {
    ApiError::argument(format!(
        "Invalid operand type '{}' for '{operator}' operator in filters",
        ruby_type(operand),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn malformed_filters_do_not_get_past_the_controller() {
        for (filters, words) in [
            (json!({"uuid": "x"}), "cannot unmarshal object"),
            (json!("uuid"), "cannot unmarshal string"),
            (
                json!([{"uuid": "x"}]),
                "json decoded as map[string]interface {}",
            ),
            (json!([["uuid", "="]]), "must have 3 decoded"),
            (
                json!([["uuid", 1, "x"]]),
                "invalid filter operator %!q(float64=1)",
            ),
        ] {
            let error = parse(&filters).unwrap_err();
            assert_eq!(error.status(), 500);
            assert!(error.text("", "").contains(words), "{error:?}");
        }
    }
}
