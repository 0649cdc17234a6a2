//! Turns filters into SQL, refusing what the real server refuses.

use rusqlite::types::Value;
use serde_json::Value as Json;

use super::expressions::{any, expression};
use super::filter::{Filter, invalid_operand};
use super::kinds::{self, is_a};
use super::order::is_locale_ordered;
use super::property;
use super::words::ruby_text;
use crate::clock;
use crate::error::ApiError;
use crate::permission::{Condition, json_list};
use crate::store::functions::COLLATION;
use crate::store::table::{CONTAINER_REQUESTS, CONTAINERS, Column, LOGS, Table, Type};

/// Turns one filter into a condition.
///
/// # Errors
///
/// Refuses unknown attributes and operators and operands of the wrong type.
pub(crate) fn condition(table: &Table, filter: &Filter) -> Result<Condition, ApiError> {
    if filter.operator == "@@" {
        return Err(ApiError::argument(
            "Full text search operator is no longer supported",
        ));
    }
    let operator = filter.operator.to_lowercase();
    let attribute = filter.attribute.as_str();
    if attribute == "any" {
        return any(table, &operator, filter);
    }
    if filter.operator == "="
        && let Some(name) = kinds::behind(table, attribute)
    {
        return Ok(is_a(table, name, filter));
    }
    if table.name == CONTAINER_REQUESTS.name
        && let Some(attribute) = attribute.strip_prefix("container.")
    {
        return of_container(attribute, filter);
    }
    if let Some((head, key)) = attribute.split_once('.') {
        return match table.column(head).filter(|column| is_json(table, column)) {
            Some(column) => property::of_key(column, key, &operator, filter),
            None => Err(ApiError::argument(format!(
                "Invalid attribute '{head}' for subproperty filter"
            ))),
        };
    }
    let column = table.column(attribute);
    let json = column.filter(|column| is_json(table, column));
    if operator == "exists" {
        return match json {
            Some(column) => property::has(column, filter),
            None => Err(ApiError::argument(format!(
                "Invalid attribute '{attribute}' for operator '{operator}' in filter"
            ))),
        };
    }
    if let Some(condition) = expression(table, filter)? {
        return Ok(condition);
    }
    if let Some(column) = json
        && matches!(operator.as_str(), "contains" | "=" | "<>" | "!=")
    {
        return property::whole(column, &operator, filter);
    }
    let kind = match (attribute, column) {
        ("id", _) => &Type::Integer,
        (_, Some(column)) if json.is_none() => &column.kind,
        _ => return Err(invalid(filter)),
    };
    if !is_searchable(attribute, *kind, &operator) {
        return Err(invalid(filter));
    }
    match operator.as_str() {
        "=" | "!=" | "<" | "<=" | ">" | ">=" | "like" | "ilike" => {
            compare(table, attribute, &operator, filter, *kind)
        }
        "in" | "not in" => among(attribute, &operator, filter, *kind),
        "is_a" => Ok(is_a(table, attribute, filter)),
        "contains" => Err(ApiError::argument(format!(
            "Invalid attribute '{attribute}' for '{operator}' operator"
        ))),
        _ => Err(ApiError::argument(format!("Invalid operator '{operator}'"))),
    }
}

fn invalid(filter: &Filter) -> ApiError {
    ApiError::argument(format!(
        "Invalid attribute '{}' in filter",
        filter.attribute
    ))
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

/// Says whether the real database keeps a column as JSON and not as the text of it.
pub(super) fn is_json(table: &Table, column: &Column) -> bool {
    let is_text = matches!(
        column.name,
        "command"
            | "environment"
            | "mounts"
            | "output_glob"
            | "prefs"
            | "runtime_constraints"
            | "scheduling_parameters"
    ) || (table.name == LOGS.name && column.name == "properties");
    matches!(column.kind, Type::Object | Type::Mounts | Type::Array) && !is_text
}

/// Says whether an operator can be applied to a column: those that compare no values need text.
pub(super) fn is_searchable(name: &str, kind: Type, operator: &str) -> bool {
    let compares_values = operator.contains(['<', '=', '>']) || matches!(operator, "in" | "not in");
    match kind {
        // Manifests are too large to be searched.
        Type::Text | Type::LongText => name != "manifest_text",
        // What is no JSON in the database is the text of it.
        Type::Object | Type::Mounts | Type::Array => true,
        Type::Time | Type::Integer | Type::Boolean => compares_values,
        Type::Real => false,
    }
}

/// Compares a column with one value.
pub(super) fn compare(
    table: &Table,
    column: &str,
    operator: &str,
    filter: &Filter,
    kind: Type,
) -> Result<Condition, ApiError> {
    let operator = if operator == "!=" { "<>" } else { operator };
    if filter.operand.is_null() && matches!(operator, "=" | "<>") {
        let negation = if operator == "=" { "" } else { "NOT " };
        return Ok(Condition {
            sql: format!("{column} IS {negation}NULL"),
            parameters: Vec::new(),
        });
    }
    let parameters = vec![scalar(column, operator, &filter.operand, kind)?];
    let sql = match operator {
        "=" => format!("{column} = ?"),
        "<>" => format!("({column} <> ? OR {column} IS NULL)"),
        "like" => format!("matches({column}, ?)"),
        "ilike" => format!("imatches({column}, ?)"),
        _ if is_locale_ordered(table, column) => {
            format!("{column} {operator} ? COLLATE {COLLATION}")
        }
        _ => format!("{column} {operator} ?"),
    };
    Ok(Condition { sql, parameters })
}

/// Looks for a column's value in a list, by SQL's rules for null: it is in no list, and a list
/// with it has an unknown rest, so that nothing is known to be out of it.
pub(super) fn among(
    column: &str,
    operator: &str,
    filter: &Filter,
    kind: Type,
) -> Result<Condition, ApiError> {
    let Json::Array(items) = &filter.operand else {
        return Err(invalid_operand(operator, &filter.operand));
    };
    if kind == Type::Integer
        && let Some(item) = items.iter().find(|item| !item.is_i64())
    {
        return Err(ApiError::argument(format!(
            "Invalid element '{}' in array for integer attribute '{column}'",
            ruby_text(item)
        )));
    }
    let mut values = Vec::with_capacity(items.len());
    for item in items.iter().filter(|item| !item.is_null()) {
        values.push(match scalar(column, "=", item, kind)? {
            Value::Integer(number) => Json::from(number),
            Value::Text(text) => Json::from(text),
            other => return Err(ApiError::Internal(format!("operand {other:?}"))),
        });
    }
    let has_null = items.iter().any(Json::is_null);
    let sql = match (operator, values.is_empty()) {
        ("in", false) => format!("{column} IN (SELECT value FROM json_each(?))"),
        ("in", true) => "0".to_owned(),
        (_, _) if has_null => "0".to_owned(),
        // An empty list counts as one of null alone.
        (_, true) => format!("{column} IS NULL"),
        (_, false) => {
            format!("({column} NOT IN (SELECT value FROM json_each(?)) OR {column} IS NULL)")
        }
    };
    let parameters = if sql.contains('?') {
        vec![json_list(&values)]
    } else {
        Vec::new()
    };
    Ok(Condition { sql, parameters })
}

/// Fits one operand to the type of its column.
fn scalar(name: &str, operator: &str, operand: &Json, kind: Type) -> Result<Value, ApiError> {
    match (kind, operand) {
        (Type::Boolean, Json::String(_)) if !matches!(operator, "=" | "<>") => {
            Err(ApiError::argument(format!(
                "Invalid operator '{operator}' for boolean attribute '{name}'"
            )))
        }
        (Type::Boolean, Json::String(text)) => match text.to_lowercase().as_str() {
            "1" | "t" | "true" | "y" | "yes" => Ok(Value::Integer(1)),
            "0" | "f" | "false" | "n" | "no" => Ok(Value::Integer(0)),
            _ => Err(ApiError::argument(format!(
                "Invalid operand '{text}' for boolean attribute '{name}'"
            ))),
        },
        (Type::Boolean, Json::Bool(truth)) if matches!(operator, "=" | "<>") => {
            Ok(Value::Integer(i64::from(*truth)))
        }
        (Type::Time, Json::String(text)) => clock::parse(text)
            .map(Value::Integer)
            .ok_or_else(|| ApiError::argument(format!("no time information in {operand}"))),
        (Type::Integer, Json::Number(number)) if number.is_i64() => {
            Ok(Value::Integer(number.as_i64().unwrap_or_default()))
        }
        // The real database reads the number in a text.
        (Type::Integer, Json::String(text)) => text
            .trim()
            .parse()
            .map(Value::Integer)
            .map_err(|_| ApiError::unreadable_text("integer", text)),
        (Type::Integer, _) => Err(ApiError::argument(format!(
            "Invalid operand '{}' for integer attribute '{name}'",
            ruby_text(operand)
        ))),
        (Type::Boolean | Type::Time | Type::Real, _) => Err(invalid_operand(operator, operand)),
        (_, Json::String(text)) => Ok(Value::Text(text.clone())),
        _ => Err(invalid_operand(operator, operand)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::filter::parse;
    use crate::store::table::{COLLECTIONS, LINKS};
    use serde_json::json;

    fn one(table: &Table, filter: &Json) -> Result<Condition, ApiError> {
        let filters = parse(&json!([filter])).unwrap();
        condition(table, &filters[0])
    }

    fn refusal(table: &Table, filter: &Json) -> String {
        one(table, filter)
            .map(|condition| format!("no refusal but {}", condition.sql))
            .unwrap_or_else(|error| error.text("", ""))
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
                json!(["name", "!=", ["a"]]),
                "Invalid operand type 'Array' for '<>' operator",
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
                json!(["name", "exists", "x"]),
                "Invalid attribute 'name' for operator 'exists' in filter",
            ),
            (
                json!(["name", "contains", "x"]),
                "Invalid attribute 'name' for 'contains' operator",
            ),
            (
                json!(["links.name", "=", "x"]),
                "Invalid attribute 'links' for subproperty filter",
            ),
            (
                json!(["name.x", "=", "x"]),
                "Invalid attribute 'name' for subproperty filter",
            ),
            (
                json!(["head_kind", "in", ["arvados#collection"]]),
                "Invalid attribute 'head_kind' in filter",
            ),
        ] {
            let text = refusal(&LINKS, &filter);
            assert!(text.contains(words), "{filter}: {text}");
        }
    }

    #[test]
    fn numbers_and_truths_have_their_own_rules() {
        for (filter, words) in [
            (
                json!(["manifest_text", "like", "x"]),
                "Invalid attribute 'manifest_text' in filter",
            ),
            (
                json!(["is_trashed", "=", "perhaps"]),
                "Invalid operand 'perhaps' for boolean attribute 'is_trashed'",
            ),
            (
                json!(["is_trashed", "<", "true"]),
                "Invalid operator '<' for boolean attribute 'is_trashed'",
            ),
            (
                json!(["is_trashed", "<", true]),
                "Invalid operand type 'TrueClass' for '<' operator",
            ),
            (
                json!(["file_count", "=", 1.5]),
                "Invalid operand '1.5' for integer attribute 'file_count'",
            ),
            (
                json!(["file_count", "in", [1, "x"]]),
                "Invalid element 'x' in array for integer attribute 'file_count'",
            ),
            (
                json!(["storage_classes_desired", "in", ["archive"]]),
                "Invalid attribute 'storage_classes_desired' in filter",
            ),
        ] {
            let text = refusal(&COLLECTIONS, &filter);
            assert!(text.contains(words), "{filter}: {text}");
        }
    }

    #[test]
    fn null_and_empty_lists_follow_the_database() {
        for (filter, sql) in [
            (
                json!(["tail_uuid", "!=", "x"]),
                "(tail_uuid <> ? OR tail_uuid IS NULL)",
            ),
            (json!(["tail_uuid", "in", []]), "0"),
            (json!(["tail_uuid", "in", [null]]), "0"),
            (json!(["tail_uuid", "not in", []]), "tail_uuid IS NULL"),
            (json!(["tail_uuid", "not in", ["x", null]]), "0"),
        ] {
            assert_eq!(one(&LINKS, &filter).unwrap().sql, sql, "{filter}");
        }
    }
}
