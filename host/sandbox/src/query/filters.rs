//! Turns filters into SQL, refusing what the real server refuses.

use rusqlite::types::Value;
use serde_json::Value as Json;

use super::expressions::{any, expression};
use super::filter::{Filter, invalid_operand};
use super::order::is_locale_ordered;
use super::property::property;
use crate::clock;
use crate::error::ApiError;
use crate::permission::{Condition, json_list};
use crate::store::functions::COLLATION;
use crate::store::table::{CONTAINER_REQUESTS, CONTAINERS, Column, LOGS, Table, Type};
use crate::uuid;

/// Turns one filter into a condition.
///
/// # Errors
///
/// Refuses unknown attributes and operators and operands of the wrong type.
pub(crate) fn condition(table: &Table, filter: &Filter) -> Result<Condition, ApiError> {
    let operator = filter.operator.to_lowercase();
    if operator == "@@" {
        return Err(ApiError::argument(
            "Full text search operator is no longer supported",
        ));
    }
    if filter.attribute.starts_with('(') {
        return expression(table, filter);
    }
    if filter.attribute == "any" {
        return any(table, &operator, filter);
    }
    let attribute = match filter.attribute.split_once('.') {
        Some((head, rest)) if head == table.name => rest,
        _ => filter.attribute.as_str(),
    };
    if table.name == CONTAINER_REQUESTS.name
        && let Some(attribute) = attribute.strip_prefix("container.")
    {
        return of_container(attribute, filter);
    }
    let (head, key) = match attribute.split_once('.') {
        Some((head, key)) => (head, Some(key)),
        None => (attribute, None),
    };
    if let Some(column) = head.strip_suffix("_kind")
        && table.name == "links"
        && matches!(column, "head" | "tail")
        && key.is_none()
    {
        let column = table.column(if column == "head" {
            "head_uuid"
        } else {
            "tail_uuid"
        });
        return is_a(column.expect("links have both ends"), filter);
    }
    let invalid = || {
        ApiError::argument(format!(
            "Invalid attribute '{}' in filter",
            filter.attribute
        ))
    };
    if head == "id" && key.is_none() {
        return compare("id", false, &operator, filter, &Type::Integer);
    }
    let column = table
        .column(head)
        .filter(|column| is_filterable(column))
        .ok_or_else(invalid)?;
    if table.name == LOGS.name && key.is_some() {
        return Err(ApiError::argument(format!(
            "Invalid attribute '{head}' for subproperty filter"
        )));
    }
    if matches!(column.kind, Type::Object | Type::Mounts) {
        return property(column, key, &operator, filter);
    }
    if key.is_some() {
        return Err(invalid());
    }
    let is_text = matches!(column.kind, Type::Text | Type::LongText);
    match operator.as_str() {
        "=" | "!=" | "<" | "<=" | ">" | ">=" => {}
        "in" | "not in" => {}
        "like" | "ilike" | "is_a" if !is_text => return Err(invalid()),
        "like" | "ilike" | "is_a" => {}
        "exists" | "contains" if !is_text && column.kind != Type::Array => return Err(invalid()),
        _ => {
            return Err(ApiError::argument(format!(
                "Invalid operator '{}'",
                filter.operator
            )));
        }
    }
    if operator == "is_a" {
        return is_a(column, filter);
    }
    compare(
        column.name,
        is_locale_ordered(table, column.name),
        &operator,
        filter,
        &column.kind,
    )
}

/// A condition on the container of a request.
fn of_container(attribute: &str, filter: &Filter) -> Result<Condition, ApiError> {
    let inner = Filter {
        attribute: attribute.to_owned(),
        ..filter.clone()
    };
    let Condition { sql, parameters } = condition(&CONTAINERS, &inner)?;
    Ok(Condition {
        sql: format!("container_uuid IN (SELECT containers.uuid FROM containers WHERE {sql})"),
        parameters,
    })
}

/// Says whether clients may filter on a column.
pub(super) fn is_filterable(column: &Column) -> bool {
    column.name != "manifest_text"
}

/// A plain comparison of a column.
fn compare(
    column: &str,
    is_locale_ordered: bool,
    operator: &str,
    filter: &Filter,
    kind: &Type,
) -> Result<Condition, ApiError> {
    let mut parameters = Vec::new();
    let sql = match operator {
        "=" | "!=" if filter.operand.is_null() => {
            format!(
                "{column} IS {}NULL",
                if operator == "=" { "" } else { "NOT " }
            )
        }
        "=" => {
            parameters.push(scalar(filter, &filter.operand, kind)?);
            format!("{column} = ?")
        }
        "!=" => {
            parameters.push(scalar(filter, &filter.operand, kind)?);
            format!("({column} <> ? OR {column} IS NULL)")
        }
        "<" | "<=" | ">" | ">=" => {
            parameters.push(scalar(filter, &filter.operand, kind)?);
            let collation = if is_locale_ordered {
                format!(" COLLATE {COLLATION}")
            } else {
                String::new()
            };
            format!("{column} {operator} ?{collation}")
        }
        "like" | "ilike" => {
            parameters.push(scalar(filter, &filter.operand, kind)?);
            let function = if operator == "like" {
                "matches"
            } else {
                "imatches"
            };
            format!("{function}({column}, ?)")
        }
        _ => {
            let Json::Array(items) = &filter.operand else {
                return Err(invalid_operand(filter, &filter.operand));
            };
            let mut values = Vec::with_capacity(items.len());
            // Null is not equal to anything, not even in a list.
            for item in items.iter().filter(|item| !item.is_null()) {
                values.push(match scalar(filter, item, kind)? {
                    Value::Integer(number) => Json::from(number),
                    Value::Text(text) => Json::from(text),
                    other => return Err(ApiError::Internal(format!("operand {other:?}"))),
                });
            }
            parameters.push(json_list(&values));
            if operator == "in" {
                format!("{column} IN (SELECT value FROM json_each(?))")
            } else {
                format!("({column} NOT IN (SELECT value FROM json_each(?)) OR {column} IS NULL)")
            }
        }
    };
    Ok(Condition { sql, parameters })
}

/// Fits one operand to the type of its column.
fn scalar(filter: &Filter, operand: &Json, kind: &Type) -> Result<Value, ApiError> {
    match (kind, operand) {
        (Type::Text | Type::LongText | Type::Array, Json::String(text)) => {
            Ok(Value::Text(text.clone()))
        }
        (Type::Time, Json::String(text)) => clock::parse(text)
            .map(Value::Integer)
            .ok_or_else(|| ApiError::argument(format!("no time information in {operand}"))),
        (Type::Integer, Json::Number(number)) if number.is_i64() => {
            Ok(Value::Integer(number.as_i64().unwrap_or_default()))
        }
        (Type::Integer, Json::String(text)) => {
            text.trim().parse().map(Value::Integer).map_err(|_| {
                ApiError::argument(format!(
                    "Invalid operand '{text}' for integer attribute '{}'",
                    filter.attribute
                ))
            })
        }
        (Type::Boolean, Json::Bool(truth)) => Ok(Value::Integer(i64::from(*truth))),
        (Type::Boolean, Json::String(text)) => match text.to_lowercase().as_str() {
            "1" | "t" | "true" | "y" | "yes" => Ok(Value::Integer(1)),
            "0" | "f" | "false" | "n" | "no" => Ok(Value::Integer(0)),
            _ => Err(ApiError::argument(format!(
                "Invalid operand '{text}' for boolean attribute '{}'",
                filter.attribute
            ))),
        },
        _ => Err(invalid_operand(filter, operand)),
    }
}

/// `is_a` compares the type part of UUIDs.
fn is_a(column: &Column, filter: &Filter) -> Result<Condition, ApiError> {
    let kinds: Vec<&Json> = match &filter.operand {
        Json::Array(kinds) => kinds.iter().collect(),
        kind => vec![kind],
    };
    let mut parameters = Vec::new();
    for kind in kinds {
        let Json::String(kind) = kind else {
            return Err(invalid_operand(filter, kind));
        };
        // An unknown kind matches nothing.
        let infix = uuid::infix_of_kind(kind).unwrap_or("?????");
        parameters.push(Value::Text(format!("_____-{infix}-_______________")));
    }
    if parameters.is_empty() {
        return Ok(Condition {
            sql: "0".to_owned(),
            parameters,
        });
    }
    let one = format!("matches({}, ?)", column.name);
    Ok(Condition {
        sql: format!("({})", vec![one; parameters.len()].join(" OR ")),
        parameters,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::filter::parse;
    use crate::store::table::{COLLECTIONS, LINKS};
    use serde_json::json;

    fn refusal(table: &Table, filter: Json) -> String {
        let result = parse(&json!([filter])).and_then(|filters| {
            filters
                .iter()
                .map(|f| condition(table, f))
                .collect::<Result<Vec<_>, _>>()
        });
        result.unwrap_err().text("", "")
    }

    #[test]
    fn what_the_service_does_not_know_is_refused() {
        for (filter, words) in [
            (
                json!(["nosuch", "=", "x"]),
                "Invalid attribute 'nosuch' in filter",
            ),
            (json!(["name", "<>", "x"]), "Invalid operator '<>'"),
            (
                json!(["name", "=", 1]),
                "Invalid operand type 'Integer' for '=' operator",
            ),
            (
                json!(["name", "=", ["a"]]),
                "Invalid operand type 'Array' for '=' operator",
            ),
            (
                json!(["name", "like", null]),
                "Invalid operand type 'NilClass' for 'like' operator",
            ),
            (
                json!(["name", "in", "x"]),
                "Invalid operand type 'String' for 'in' operator",
            ),
            (
                json!(["created_at", ">", "not a time"]),
                "no time information in \"not a time\"",
            ),
            (
                json!(["created_at", "like", "2017%"]),
                "Invalid attribute 'created_at' in filter",
            ),
            (json!(["any", "@@", "x"]), "Full text search operator"),
            (
                json!(["(created_at > modified_at)", "=", true]),
                "Non-numeric attribute",
            ),
            (
                json!(["properties.a", "exists", 1]),
                "must be true or false",
            ),
        ] {
            let text = refusal(&LINKS, filter);
            assert!(text.contains(words), "{text}");
        }
        assert!(
            refusal(&COLLECTIONS, json!(["manifest_text", "like", "x"]))
                .contains("Invalid attribute")
        );
        assert!(
            refusal(&COLLECTIONS, json!(["is_trashed", "=", "perhaps"]))
                .contains("boolean attribute")
        );
    }

    #[test]
    fn unequal_includes_null() {
        let filter = parse(&json!([["tail_uuid", "!=", "x"]])).unwrap().remove(0);
        assert_eq!(
            condition(&LINKS, &filter).unwrap().sql,
            "(tail_uuid <> ? OR tail_uuid IS NULL)"
        );
    }
}
