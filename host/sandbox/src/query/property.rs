//! Filters on JSON objects and their keys, by the rules of PostgreSQL's `jsonb`.

use rusqlite::types::Value;
use serde_json::Value as Json;

use super::filter::{Filter, invalid_operand};
use crate::error::ApiError;
use crate::permission::{Condition, json_list};
use crate::store::table::Column;

/// A condition on a JSON object or one of its keys.
pub(crate) fn property(
    column: &Column,
    key: Option<&str>,
    operator: &str,
    filter: &Filter,
) -> Result<Condition, ApiError> {
    let column = column.name;
    let Some(key) = key else {
        return match (operator, &filter.operand) {
            // What a text is contained in is the list of keys.
            ("exists" | "contains", Json::String(key)) => Ok(Condition {
                sql: format!("json_key({column}, ?) IS NOT NULL"),
                parameters: vec![key.clone().into()],
            }),
            ("=" | "contains", operand @ (Json::Object(_) | Json::Array(_))) => Ok(Condition {
                sql: format!("json_contains({column}, ?)"),
                parameters: vec![operand.to_string().into()],
            }),
            _ => Err(ApiError::argument(format!(
                "Invalid attribute '{}' in filter",
                filter.attribute
            ))),
        };
    };
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
                return Err(invalid_operand(filter, &filter.operand));
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
                return Err(invalid_operand(filter, &filter.operand));
            };
            if operator == "in" {
                if items.is_empty() {
                    return Ok(Condition {
                        sql: "0".to_owned(),
                        parameters,
                    });
                }
                parameters.extend(items.iter().map(pair));
                let one = format!("json_contains({column}, ?)");
                format!("({})", vec![one; items.len()].join(" OR "))
            } else {
                parameters.push(key.to_owned().into());
                parameters.push(json_list(items));
                parameters.push(key.to_owned().into());
                format!(
                    "(json_text({column}, ?) NOT IN (SELECT value FROM json_each(?)) \
                     OR json_text({column}, ?) IS NULL)"
                )
            }
        }
        "exists" => {
            let Json::Bool(exists) = &filter.operand else {
                return Err(ApiError::argument(format!(
                    "Invalid operand '{}' for '{}' must be true or false",
                    plain(&filter.operand),
                    filter.operator
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
                "Invalid operator for subproperty search '{}'",
                filter.operator
            )));
        }
    };
    Ok(Condition { sql, parameters })
}

fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
