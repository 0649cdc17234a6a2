//! Filters on what kind of object a UUID stands for.

use rusqlite::types::Value;
use serde_json::Value as Json;

use super::filter::Filter;
use crate::permission::Condition;
use crate::store::table::{LINKS, LOGS, Table};
use crate::uuid;

/// The column whose kind an attribute of older clients tells.
pub(super) fn behind(table: &Table, attribute: &str) -> Option<&'static str> {
    match (table.name, attribute) {
        (name, "head_kind") if name == LINKS.name => Some("head_uuid"),
        (name, "tail_kind") if name == LINKS.name => Some("tail_uuid"),
        (name, "object_kind") if name == LOGS.name => Some("object_uuid"),
        _ => None,
    }
}

/// Compares the type part of UUIDs; an unknown kind matches nothing.
pub(super) fn is_a(table: &Table, column: &str, filter: &Filter) -> Condition {
    let kinds: Vec<&Json> = match &filter.operand {
        Json::Array(kinds) => kinds.iter().collect(),
        kind => vec![kind],
    };
    let infixes: Vec<&str> = kinds
        .into_iter()
        .filter_map(|kind| uuid::infix_of_kind(kind.as_str()?))
        .collect();
    // All UUIDs of a table are of one type.
    if column == "uuid" {
        let is_all = infixes.contains(&table.infix);
        return Condition {
            sql: if is_all { "1" } else { "0" }.to_owned(),
            parameters: Vec::new(),
        };
    }
    if infixes.is_empty() {
        return Condition {
            sql: "0".to_owned(),
            parameters: Vec::new(),
        };
    }
    let one = format!("substr({column}, 7, 5) = ?");
    Condition {
        sql: format!("({})", vec![one; infixes.len()].join(" OR ")),
        parameters: infixes
            .into_iter()
            .map(|infix| Value::Text(infix.to_owned()))
            .collect(),
    }
}
