//! The attributes of a container request as clients send them.

use serde_json::{Map, Value};

use super::assign::human;
use crate::error::ApiError;
use crate::query::words::ruby_type;

/// The attributes that may be sent as the text of JSON, and what they must be.
const JSON: [(&str, &str); 7] = [
    ("environment", "Hash"),
    ("mounts", "Hash"),
    ("runtime_constraints", "Hash"),
    ("command", "Array"),
    ("filters", "Array"),
    ("scheduling_parameters", "Hash"),
    ("secret_mounts", "Hash"),
];

/// Reads attributes that were sent as the text of JSON, and checks what kind each is.
///
/// # Errors
///
/// 422 in the words of whoever reads them.
pub(super) fn read(attributes: &mut Map<String, Value>) -> Result<(), ApiError> {
    for (name, class) in JSON {
        let Some(value) = attributes.get_mut(name) else {
            continue;
        };
        if let Value::String(text) = value {
            *value = match text.as_str() {
                "" => Value::Null,
                text => serde_json::from_str(text).map_err(|_| {
                    ApiError::invalid(
                        "#<Oj::ParseError: unexpected character (after ) at line 1, column 1 \
                         [parse.c:936]>",
                    )
                })?,
            };
        }
        let found = ruby_type(value);
        if found == class || found == "NilClass" {
            continue;
        }
        // An object is seen one step later than all else.
        if found == "Hash" {
            return Err(ApiError::argument(format!(
                "{name} parameter must be {class}, not {found}"
            )));
        }
        return Err(ApiError::invalid(format!(
            "#<TypeError: parameter {name} must be a {class}>"
        )));
    }
    Ok(())
}

/// What is wrong with the numbers of a request; they are looked at before they are made whole.
pub(super) fn check_numbers(attributes: &Map<String, Value>) -> Vec<String> {
    let mut errors = Vec::new();
    for (name, least, most) in [("output_ttl", 0.0, None), ("priority", 0.0, Some(1000.0))] {
        let number = match attributes.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        let reason = match (number, most) {
            (None, _) => "is not a number".to_owned(),
            (Some(number), _) if number.fract() != 0.0 => "must be an integer".to_owned(),
            (Some(number), _) if number < least => {
                format!("must be greater than or equal to {least}")
            }
            (Some(number), Some(most)) if number > most => {
                format!("must be less than or equal to {most}")
            }
            _ => continue,
        };
        errors.push(format!("{} {reason}", human(name)));
    }
    errors
}
