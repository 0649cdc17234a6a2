//! Filters that concern more than one column.

use rusqlite::types::Value;
use serde_json::Value as Json;

use super::filter::{Filter, invalid_operand};
use super::filters::is_filterable;
use crate::error::ApiError;
use crate::permission::Condition;
use crate::store::table::{Table, Type};

/// `any` looks at every text of a record.
pub(super) fn any(table: &Table, operator: &str, filter: &Filter) -> Result<Condition, ApiError> {
    let function = match operator {
        "like" => "matches",
        "ilike" => "imatches",
        _ => {
            // The real server builds a statement that its database refuses.
            return Err(ApiError::invalid(format!(
                "#<ActiveRecord::StatementInvalid:\"PG::InvalidTextRepresentation: ERROR:  \
                 invalid input syntax for type bigint: {}\\n\">",
                filter.operand
            )));
        }
    };
    let Json::String(pattern) = &filter.operand else {
        return Err(invalid_operand(filter, &filter.operand));
    };
    let tests: Vec<String> = table
        .columns
        .iter()
        .filter(|column| {
            matches!(column.kind, Type::Text | Type::LongText | Type::Object)
                && is_filterable(column)
        })
        .map(|column| format!("{function}({}, ?)", column.name))
        .collect();
    let parameters = vec![Value::Text(pattern.clone()); tests.len()];
    Ok(Condition {
        sql: format!("({})", tests.join(" OR ")),
        parameters,
    })
}

/// A comparison of two numeric columns, written `(a < b)`.
pub(super) fn expression(table: &Table, filter: &Filter) -> Result<Condition, ApiError> {
    let text = filter
        .attribute
        .trim_start_matches('(')
        .trim_end_matches(')');
    let words: Vec<&str> = text.split_whitespace().collect();
    let [left, operator, right] = words.as_slice() else {
        return Err(ApiError::argument(format!(
            "Invalid expression: '{}'",
            filter.attribute
        )));
    };
    for name in [left, right] {
        match table.column(name) {
            Some(column) if column.kind == Type::Integer => {}
            Some(_) => {
                return Err(ApiError::argument(format!(
                    "Non-numeric attribute in expression: '{name}'"
                )));
            }
            None => {
                return Err(ApiError::argument(format!(
                    "Invalid attribute in expression: '{name}'"
                )));
            }
        }
    }
    if !["<", "<=", ">", ">=", "="].contains(operator)
        || filter.operator != "="
        || filter.operand != Json::Bool(true)
    {
        return Err(ApiError::argument(format!(
            "Invalid expression: '{}'",
            filter.attribute
        )));
    }
    Ok(Condition {
        sql: format!("{left} {operator} {right}"),
        parameters: Vec::new(),
    })
}
