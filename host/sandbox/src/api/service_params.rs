//! The parameters of what the controller hands on, as the service behind it reads them.

use serde_json::{Map, Value};

use super::list_options::Options;
use super::params::Params;
use crate::error::ApiError;
use crate::query::filter::Filter;
use crate::query::words::{ruby_inspect, ruby_text, ruby_type};

/// Reads the parameters of a list, in the order in which the service refuses them.
///
/// # Errors
///
/// Refuses numbers that are not written in digits alone, and texts that hold something else than
/// the parameter needs.
pub(super) fn list_options(params: &Params) -> Result<Options, ApiError> {
    let limit = number(params, "limit")?.unwrap_or(-1);
    let offset = number(params, "offset")?.unwrap_or(0);
    let order = order(params);
    let select = selection(params)?;
    let equal = equalities(params)?;
    let filters = filters(params)?;
    Ok(Options {
        has_filters: !filters.is_empty(),
        filters,
        order,
        select,
        limit,
        offset,
        count: params.get("count").map(ruby_text).unwrap_or_default(),
        is_distinct: !matches!(params.get("distinct"), None | Some(Value::Bool(false))),
        include_trash: params.is("include_trash"),
        include_old_versions: params.is("include_old_versions"),
        equal,
    })
}

/// Reads the attributes that are wanted.
///
/// # Errors
///
/// Refuses a text that holds no list.
pub(super) fn selection(params: &Params) -> Result<Option<Vec<String>>, ApiError> {
    let names = match params.get("select") {
        Some(Value::Array(names)) => names.clone(),
        Some(Value::String(text)) => match held(text) {
            Some(Value::Array(names)) => names,
            Some(Value::Null | Value::Bool(false)) => return Ok(None),
            _ => {
                return Err(ApiError::argument(
                    "Could not parse \"select\" param as an array",
                ));
            }
        },
        _ => return Ok(None),
    };
    Ok(Some(names.iter().map(ruby_text).collect()))
}

/// Reads the attributes of a record from the parameter named after its kind.
///
/// # Errors
///
/// Refuses what holds no object.
pub(super) fn attributes(key: &str, given: Option<&Value>) -> Result<Map<String, Value>, ApiError> {
    let held = match given {
        None => return Ok(Map::new()),
        Some(Value::String(text)) => held(text),
        Some(other) => Some(other.clone()),
    };
    match held {
        Some(Value::Object(attributes)) => Ok(attributes),
        _ => Err(ApiError::argument(format!(
            "No {key} hash provided with request"
        ))),
    }
}

fn number(params: &Params, name: &str) -> Result<Option<i64>, ApiError> {
    let text = match params.get(name) {
        None | Some(Value::Bool(false)) => return Ok(None),
        Some(value) => ruby_text(value),
    };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::argument(format!(
            "Invalid value for {name} parameter"
        )));
    }
    // Only the number of digits can be wrong now.
    Ok(Some(text.parse().unwrap_or(i64::MAX)))
}

fn order(params: &Params) -> Option<Vec<String>> {
    let items = match params.get("order")? {
        Value::String(text) if text.starts_with('[') => held(text)?,
        Value::String(text) => text.split(',').map(Value::from).collect(),
        other => other.clone(),
    };
    let items = items.as_array()?;
    Some(
        items
            .iter()
            .map(|item| ruby_text(item).trim().to_owned())
            .collect(),
    )
}

fn equalities(params: &Params) -> Result<Map<String, Value>, ApiError> {
    match params.get("where") {
        None => Ok(Map::new()),
        Some(Value::Object(equal)) => Ok(equal.clone()),
        Some(Value::String(text)) if text.is_empty() => Ok(Map::new()),
        Some(Value::String(text)) => match held(text) {
            Some(Value::Object(equal)) => Ok(equal),
            _ => Err(ApiError::argument(
                "Could not parse \"where\" param as an object",
            )),
        },
        Some(_) => Err(ApiError::invalid(
            "#<NoMethodError: undefined method `with_indifferent_access' for nil>",
        )),
    }
}

fn filters(params: &Params) -> Result<Vec<Filter>, ApiError> {
    let elements = match params.get("filters") {
        Some(Value::Array(elements)) => elements.clone(),
        Some(Value::String(text)) => match held(text) {
            Some(Value::Array(elements)) => elements,
            Some(Value::Null) => Vec::new(),
            _ => {
                return Err(ApiError::argument(
                    "Could not parse \"filters\" param as an array",
                ));
            }
        },
        _ => Vec::new(),
    };
    elements.iter().map(filter).collect()
}

fn filter(element: &Value) -> Result<Filter, ApiError> {
    let Value::Array(parts) = element else {
        return Err(ApiError::argument(format!(
            "Invalid element in filters array: {} is not an array",
            ruby_inspect(element)
        )));
    };
    let part = |index: usize| parts.get(index).cloned().unwrap_or_default();
    let operator = match part(1) {
        Value::String(operator) => operator,
        other => {
            return Err(ApiError::argument(format!(
                "Invalid operator '{}' ({}) in filter",
                ruby_text(&other),
                ruby_type(&other)
            )));
        }
    };
    let attribute = match part(0) {
        Value::String(attribute) => attribute,
        other => {
            return Err(ApiError::argument(format!(
                "Invalid attribute '{}' in filter",
                ruby_text(&other)
            )));
        }
    };
    Ok(Filter {
        attribute,
        operator,
        operand: part(2),
    })
}

/// Reads the JSON that a text holds; no text holds null.
fn held(text: &str) -> Option<Value> {
    if text.is_empty() {
        return Some(Value::Null);
    }
    serde_json::from_str(text).ok()
}
