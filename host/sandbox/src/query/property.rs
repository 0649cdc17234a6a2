//! Filters on JSON columns and the keys of objects in them, by the rules of PostgreSQL's `jsonb`.

use rusqlite::types::Value;
use serde_json::Value as Json;

use super::filter::{Filter, invalid_operand};
use super::words::{ruby_inspect, ruby_text};
use crate::error::ApiError;
use crate::permission::{Condition, json_list};
use crate::store::table::Column;

/// A condition on a JSON column as a whole.
///
/// # Errors
///
/// Refuses operands that are no JSON, and operators that compare no JSON.
pub(super) fn whole(
    column: &Column,
    operator: &str,
    filter: &Filter,
) -> Result<Condition, ApiError> {
    let column = column.name;
    let operand = &filter.operand;
    match operator {
        "contains" => return contains(column, filter),
        "=" | "!=" => {}
        _ => return Err(ApiError::argument(format!("Invalid operator '{operator}'"))),
    }
    let is_equal = operator == "=";
    match operand {
        Json::String(text) => {
            if serde_json::from_str::<Json>(text).is_err() {
                return Err(ApiError::unreadable_text("json", text));
            }
            let sql = if is_equal {
                format!("json_equals({column}, ?)")
            } else {
                format!("(NOT json_equals({column}, ?) OR {column} IS NULL)")
            };
            Ok(Condition {
                sql,
                parameters: vec![text.clone().into()],
            })
        }
        Json::Null => Ok(Condition {
            sql: format!("{column} IS {}NULL", if is_equal { "" } else { "NOT " }),
            parameters: Vec::new(),
        }),
        other => Err(invalid_operand(if is_equal { "=" } else { "<>" }, other)),
    }
}

/// Demands keys, or the elements of an array.
fn contains(column: &str, filter: &Filter) -> Result<Condition, ApiError> {
    let operand = &filter.operand;
    let wanted = match operand {
        Json::Array(items) => items.clone(),
        other => vec![other.clone()],
    };
    if wanted.is_empty() {
        return Err(ApiError::argument(
            "Invalid operand '[]' for 'contains' operator",
        ));
    }
    let mut parameters: Vec<Value> = Vec::with_capacity(wanted.len());
    for item in &wanted {
        let Json::String(text) = item else {
            return Err(ApiError::argument(format!(
                "Invalid element {} in operand for \"contains\" operator (operand must be a \
                 string or array of strings)",
                ruby_inspect(&Json::Array(wanted.clone()))
            )));
        };
        parameters.push(text.clone().into());
    }
    let one = format!("json_has({column}, ?)");
    Ok(Condition {
        sql: format!("({})", vec![one; parameters.len()].join(" AND ")),
        parameters,
    })
}

/// Demands a key, or an element of an array.
///
/// # Errors
///
/// Refuses what is no text.
pub(super) fn has(column: &Column, filter: &Filter) -> Result<Condition, ApiError> {
    match &filter.operand {
        Json::String(key) => Ok(Condition {
            sql: format!("json_has({}, ?)", column.name),
            parameters: vec![key.clone().into()],
        }),
        other => Err(invalid_operand("exists", other)),
    }
}

/// A condition on one key of a JSON object.
///
/// # Errors
///
/// Refuses unknown operators and operands of the wrong type.
pub(super) fn of_key(
    column: &Column,
    key: &str,
    operator: &str,
    filter: &Filter,
) -> Result<Condition, ApiError> {
    let column = column.name;
    let key = key
        .strip_prefix('<')
        .and_then(|key| key.strip_suffix('>'))
        .unwrap_or(key);
    let pair = |value: &Json| Value::Text(serde_json::json!({ key: value }).to_string());
    let mut parameters = Vec::new();
    let sql = match operator {
        "=" | "!=" => {
            parameters.push(pair(&filter.operand));
            let negation = if operator == "!=" { "NOT " } else { "" };
            format!("{negation}coalesce(json_contains({column}, ?), 0)")
        }
        "<" | "<=" | ">" | ">=" => {
            parameters.push(key.to_owned().into());
            parameters.push(filter.operand.to_string().into());
            format!("json_order(json_key({column}, ?), ?) {operator} 0")
        }
        "like" | "ilike" => {
            let Json::String(pattern) = &filter.operand else {
                return Err(invalid_operand(operator, &filter.operand));
            };
            parameters.push(key.to_owned().into());
            parameters.push(pattern.clone().into());
            let function = if operator == "like" {
                "matches"
            } else {
                "imatches"
            };
            format!("{function}(json_text({column}, ?), ?)")
        }
        "in" | "not in" => {
            let Json::Array(items) = &filter.operand else {
                return Err(invalid_operand(operator, &filter.operand));
            };
            return Ok(among(column, key, operator, items));
        }
        "exists" => {
            let Json::Bool(exists) = &filter.operand else {
                return Err(ApiError::argument(format!(
                    "Invalid operand '{}' for '{operator}' must be true or false",
                    ruby_text(&filter.operand),
                )));
            };
            parameters.push(key.to_owned().into());
            format!(
                "json_key({column}, ?) IS {}NULL",
                if *exists { "NOT " } else { "" }
            )
        }
        "contains" => {
            parameters.push(pair(&filter.operand));
            parameters.push(pair(&Json::Array(vec![filter.operand.clone()])));
            format!("(json_contains({column}, ?) OR json_contains({column}, ?))")
        }
        _ => {
            return Err(ApiError::argument(format!(
                "Invalid operator for subproperty search '{operator}'"
            )));
        }
    };
    Ok(Condition { sql, parameters })
}

/// Looks for the value of a key in a list.
fn among(column: &str, key: &str, operator: &str, items: &[Json]) -> Condition {
    let name = || Value::Text(key.to_owned());
    match (operator, items) {
        // The real service leaves out a condition of which nothing remains.
        ("in", []) => Condition {
            sql: "1".to_owned(),
            parameters: Vec::new(),
        },
        ("in", _) => Condition {
            sql: format!(
                "({})",
                vec![format!("json_contains({column}, ?)"); items.len()].join(" OR ")
            ),
            parameters: items
                .iter()
                .map(|item| Value::Text(serde_json::json!({ key: item }).to_string()))
                .collect(),
        },
        (_, []) => Condition {
            sql: format!("json_text({column}, ?) IS NULL"),
            parameters: vec![name()],
        },
        (_, _) => Condition {
            sql: format!(
                "(json_text({column}, ?) NOT IN (SELECT value FROM json_each(?)) \
                 OR json_text({column}, ?) IS NULL)"
            ),
            parameters: vec![name(), json_list(items), name()],
        },
    }
}
