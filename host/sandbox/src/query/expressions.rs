//! Filters that concern more than one column.

use rusqlite::types::Value;
use serde_json::Value as Json;

use super::filter::Filter;
use super::filters::{among, compare, is_json, is_searchable};
use crate::error::ApiError;
use crate::permission::Condition;
use crate::store::table::{CONTAINER_REQUESTS, Table, Type};

/// `any` looks at all columns of a record but its times.
///
/// A pattern that may stand anywhere is looked for in one text of all that people write: hashes and
/// UUIDs are left out, and keys and values of JSON are in.
///
/// # Errors
///
/// As a filter on each of the columns.
pub(super) fn any(table: &Table, operator: &str, filter: &Filter) -> Result<Condition, ApiError> {
    if let ("like" | "ilike", Json::String(pattern)) = (operator, &filter.operand)
        && pattern.len() > 1
        && pattern.starts_with('%')
        && pattern.ends_with('%')
    {
        return Ok(anywhere(table, operator, pattern));
    }
    let mut conditions = Vec::new();
    let columns = table
        .columns
        .iter()
        .filter(|column| column.kind != Type::Time && !is_json(table, column))
        .map(|column| (column.name, column.kind));
    for (name, kind) in std::iter::once(("id", Type::Integer)).chain(columns) {
        if !is_searchable(name, kind, operator) {
            continue;
        }
        if kind == Type::Integer && filter.operand.is_string() {
            // Only the database stumbles over this, and the other columns come first.
            continue;
        }
        conditions.push(match operator {
            "=" | "!=" | "<" | "<=" | ">" | ">=" | "like" | "ilike" => {
                compare(table, name, operator, filter, kind)?
            }
            "in" | "not in" => among(name, operator, filter, kind)?,
            "exists" => {
                return Err(ApiError::argument(format!(
                    "Invalid attribute '{name}' for operator '{operator}' in filter"
                )));
            }
            "contains" => {
                return Err(ApiError::argument(format!(
                    "Invalid attribute '{name}' for '{operator}' operator"
                )));
            }
            _ => return Err(ApiError::argument(format!("Invalid operator '{operator}'"))),
        });
    }
    if let (true, Json::String(text)) = (
        is_searchable("id", Type::Integer, operator),
        &filter.operand,
    ) && text.trim().parse::<i64>().is_err()
    {
        return Err(ApiError::unreadable_text("bigint", text));
    }
    let sql: Vec<&str> = conditions.iter().map(|one| one.sql.as_str()).collect();
    Ok(Condition {
        sql: format!("({})", sql.join(" OR ")),
        parameters: conditions
            .iter()
            .flat_map(|one| one.parameters.clone())
            .collect(),
    })
}

/// Looks for a pattern in one text of all that people write.
fn anywhere(table: &Table, operator: &str, pattern: &str) -> Condition {
    let texts: Vec<String> = table
        .columns
        .iter()
        .filter(|column| {
            let name = column.name;
            let is_text = !matches!(
                column.kind,
                Type::Time | Type::Integer | Type::Real | Type::Boolean
            );
            let is_key = name.ends_with("uuid") || name.ends_with("hash");
            let is_left_out = matches!(name, "container_image" | "manifest_text")
                || name.contains("storage_classes")
                || (table.name == CONTAINER_REQUESTS.name
                    && matches!(name, "mounts" | "output_glob" | "published_ports"));
            is_text && !is_key && !is_left_out
        })
        .map(|column| format!("coalesce({}, '')", column.name))
        .collect();
    let function = if operator == "like" {
        "matches"
    } else {
        "imatches"
    };
    Condition {
        sql: format!("{function}({}, ?)", texts.join(" || ' ' || ")),
        parameters: vec![Value::Text(pattern.to_owned())],
    }
}

/// A comparison of two numeric columns, written `(a < b)`; `None` if the attribute is no such.
///
/// # Errors
///
/// Refuses columns that are not there or no numbers, and anything but `= true` after it.
pub(super) fn expression(table: &Table, filter: &Filter) -> Result<Option<Condition>, ApiError> {
    let Some((left, operator, right)) = parts(&filter.attribute) else {
        return Ok(None);
    };
    let is_true = filter.operand == Json::Bool(true) || filter.operand == "true";
    if filter.operator != "=" || !is_true {
        return Err(ApiError::argument(format!(
            "Invalid expression filter '{}': subsequent elements must be [\"=\", true]",
            filter.attribute
        )));
    }
    for name in [left, right] {
        let kind = match name {
            "id" => Some(Type::Integer),
            _ => table.column(name).map(|column| column.kind),
        };
        let is_known = kind.is_some_and(|kind| is_searchable(name, kind, operator));
        if !is_known {
            return Err(ApiError::argument(format!(
                "Invalid attribute in expression: '{name}'"
            )));
        }
        if kind != Some(Type::Integer) {
            return Err(ApiError::argument(format!(
                "Non-numeric attribute in expression: '{name}'"
            )));
        }
    }
    Ok(Some(Condition {
        sql: format!("{left} {operator} {right}"),
        parameters: Vec::new(),
    }))
}

/// Splits `(a < b)`, with blanks or without.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let inner = text
        .trim_matches(' ')
        .strip_prefix('(')?
        .strip_suffix(')')?;
    let start = inner.find(['<', '>', '='])?;
    let (left, rest) = inner.split_at(start);
    let length = match rest.as_bytes() {
        [b'<' | b'>', b'=', ..] => 2,
        _ => 1,
    };
    let (operator, right) = rest.split_at(length);
    let (left, right) = (left.trim_matches(' '), right.trim_matches(' '));
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    (is_word(left) && is_word(right)).then_some((left, operator, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_has_two_names_and_a_sign() {
        assert_eq!(parts("(a < b)"), Some(("a", "<", "b")));
        assert_eq!(parts(" ( a>=b ) "), Some(("a", ">=", "b")));
        for text in ["a < b", "(a ! b)", "(a < )", "(a b < c)", "(a << b)", ""] {
            assert_eq!(parts(text), None, "{text}");
        }
    }
}
