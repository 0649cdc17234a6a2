//! Puts the attributes of a request into a record, with the checks that all tables share.

use hyper::StatusCode;
use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Map, Value};

use crate::clock;
use crate::cluster::Cluster;
use crate::error::{ApiError, SEPARATOR};
use crate::permission::Permissions;
use crate::query::json_error::go_json_error;
use crate::query::words::go_type;
use crate::store::record::Record;
use crate::store::table::{Table, Type};
use crate::uuid;

/// Attributes that clients may send and that have no effect.
const IGNORED: [&str; 11] = [
    "kind",
    "etag",
    "href",
    "self_link",
    "created_at",
    "modified_at",
    "modified_by_user_uuid",
    "modified_by_client_uuid",
    "unsigned_manifest_text",
    "file_count",
    "file_size_total",
];

/// The most characters in a name.
pub(crate) const MAX_TEXT: usize = 255;

/// How often a create tries another name.
const RENAMES: usize = 2;

/// Makes an object of the `properties` attribute.
///
/// # Errors
///
/// Fails as the controller does (500) on a string that is no JSON object and on other types.
pub(crate) fn read_properties(attributes: &mut Map<String, Value>) -> Result<(), ApiError> {
    let refuse = |text: String| ApiError::controller(StatusCode::INTERNAL_SERVER_ERROR, text);
    let Some(properties) = attributes.get_mut("properties") else {
        return Ok(());
    };
    match properties {
        Value::Null => *properties = Value::Object(Map::new()),
        Value::Object(_) => {}
        Value::String(text) => {
            let object: Value =
                serde_json::from_str(text).map_err(|error| refuse(go_json_error(text, &error)))?;
            if !object.is_object() {
                return Err(refuse(format!(
                    "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                    crate::query::words::json_type(&object)
                )));
            }
            *properties = object;
        }
        other => {
            return Err(refuse(format!(
                "unexpected properties type {}",
                go_type(other)
            )));
        }
    }
    Ok(())
}

/// Puts attributes into a record.
///
/// # Errors
///
/// Refuses names that are no attributes and values that do not fit.
pub(crate) fn assign(record: &mut Record, attributes: &Map<String, Value>) -> Result<(), ApiError> {
    for (name, value) in attributes {
        if IGNORED.contains(&name.as_str()) {
            continue;
        }
        let Some(column) = record.table.visible_column(name) else {
            if record.table.name == "links" && matches!(name.as_str(), "head_kind" | "tail_kind") {
                continue;
            }
            return Err(unknown_attribute(record.table, name));
        };
        let value = match (column.kind, value) {
            (_, Value::Null) => Sql::Null,
            (Type::Text | Type::LongText, Value::String(text)) => Sql::Text(text.clone()),
            (Type::Text | Type::LongText, Value::Number(number)) => Sql::Text(number.to_string()),
            (Type::Text | Type::LongText, Value::Bool(truth)) => {
                Sql::Text(if *truth { "t" } else { "f" }.to_owned())
            }
            (Type::Object | Type::Mounts, Value::Object(_)) | (Type::Array, Value::Array(_)) => {
                Sql::Text(value.to_string())
            }
            (Type::Real, Value::Number(number)) => number.as_f64().map_or(Sql::Null, Sql::Real),
            (Type::Time, Value::String(text)) => clock::parse(text).map_or(Sql::Null, Sql::Integer),
            (Type::Integer, value) => whole_number(name, value)?,
            (Type::Boolean, Value::Bool(truth)) => Sql::Integer(i64::from(*truth)),
            (Type::Boolean, Value::Number(number)) => {
                Sql::Integer(i64::from(number.as_f64() != Some(0.0)))
            }
            (Type::Boolean, Value::String(text)) => Sql::Integer(i64::from(!matches!(
                text.as_str(),
                "" | "0" | "f" | "false" | "off"
            ))),
            (Type::Array, _) => {
                return Err(ApiError::invalid(format!(
                    "{} must be an array of non-empty strings",
                    human(name)
                )));
            }
            _ => {
                return Err(ApiError::invalid(format!("{} is invalid", human(name))));
            }
        };
        record.set(name, value);
    }
    Ok(())
}

/// Makes a whole number of a value as the service does: what follows the point is cut off, and a text
/// that begins with no number is 0.
fn whole_number(name: &str, value: &Value) -> Result<Sql, ApiError> {
    let number = match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let whole = number.as_f64()?.trunc();
            format!("{whole:.0}").parse().ok()
        }),
        Value::String(text) => {
            let text = text.trim_start();
            let digits = text.strip_prefix('-').unwrap_or(text);
            let end = digits
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(digits.len());
            let sign = text.len() - digits.len();
            Some(text[..sign + end].parse().unwrap_or(0))
        }
        Value::Bool(truth) => Some(i64::from(*truth)),
        _ => return Err(ApiError::invalid(format!("{} is invalid", human(name)))),
    };
    match number {
        Some(number) if is_large(name) || i32::try_from(number).is_ok() => Ok(Sql::Integer(number)),
        _ => {
            let bytes = if is_large(name) { 8 } else { 4 };
            Err(ApiError::invalid(format!(
                "#<ActiveModel::RangeError: {value} is out of range for ActiveModel::Type::Integer \
                 with limit {bytes} bytes>"
            )))
        }
    }
}

/// Says whether a column holds more than 32 bits.
fn is_large(name: &str) -> bool {
    name == "file_size_total"
}

/// Says that a table has no such attribute.
pub(crate) fn unknown_attribute(table: &Table, name: &str) -> ApiError {
    ApiError::invalid(format!(
        "#<ActiveModel::UnknownAttributeError: unknown attribute '{name}' for {}.>",
        table.model
    ))
}

/// Writes an attribute's name as it starts a message.
pub(crate) fn human(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// Checks that no text is longer than its column.
///
/// # Errors
///
/// 422 in the words of the real database.
pub(crate) fn check_lengths(record: &Record) -> Result<(), ApiError> {
    for column in record
        .table
        .columns
        .iter()
        .filter(|column| column.kind == Type::Text)
    {
        if record
            .text(column.name)
            .is_some_and(|text| text.chars().count() > MAX_TEXT)
        {
            return Err(ApiError::too_long(MAX_TEXT));
        }
    }
    Ok(())
}

/// Gives a new record its UUID, the one asked for if that is allowed.
///
/// # Errors
///
/// 422 unless an admin asks, for a well-formed UUID.
pub(crate) fn assign_uuid(
    record: &mut Record,
    cluster: &Cluster,
    permissions: &Permissions,
) -> Result<(), ApiError> {
    match record.text("uuid").map(str::to_owned) {
        None => {
            let generated = cluster.new_uuid(record.table.infix);
            record.set("uuid", generated);
        }
        Some(_) if !permissions.is_admin => {
            return Err(ApiError::invalid("Uuid assignment not permitted"));
        }
        Some(uuid) => match uuid::infix(&uuid) {
            Some(infix) if infix == record.table.infix => {}
            Some(infix) => {
                return Err(ApiError::invalid(format!(
                    "Uuid type field is '{infix}', expected '{}'",
                    record.table.infix
                )));
            }
            None => {
                return Err(ApiError::invalid(format!(
                    "Uuid not a valid Arvados uuid '{uuid}'"
                )));
            }
        },
    }
    Ok(())
}

/// Refuses another UUID for a record that has one.
///
/// # Errors
///
/// 422 in the server's words.
pub(crate) fn check_uuid(old: &Record, record: &Record) -> Result<(), ApiError> {
    if old.uuid() == record.uuid() {
        Ok(())
    } else {
        Err(ApiError::invalid("Uuid change not permitted"))
    }
}

/// Adds the record; with `is_unique` it takes another name while its own is taken.
///
/// # Errors
///
/// 422 for a name or UUID that is taken.
pub(crate) fn insert_renaming(
    connection: &Connection,
    record: &mut Record,
    is_unique: bool,
    cluster: &Cluster,
) -> Result<(), ApiError> {
    let name = record.text("name").unwrap_or_default().to_owned();
    let mut renames = 0;
    loop {
        match record.insert(connection) {
            Ok(()) => return Ok(()),
            Err(error) if is_unique && renames < RENAMES && is_name_collision(&error) => {
                renames += 1;
                let uuid = cluster.new_uuid(record.table.infix);
                record.set("name", unique_name(&name, &uuid));
                record.set("current_version_uuid", uuid.clone());
                record.set("uuid", uuid);
            }
            Err(error) => return Err(explain_collision(error, record)),
        }
    }
}

/// Makes a name that no other record has: it ends in the last part of the UUID.
pub(crate) fn unique_name(name: &str, uuid: &str) -> String {
    let short: String = name.chars().take(237).collect();
    format!("{short} ({})", &uuid[uuid::LENGTH - 15..])
}

/// Sets who changed a record and when.
pub(crate) fn stamp(record: &mut Record, permissions: &Permissions, now: clock::Micros) {
    record.set("modified_by_user_uuid", permissions.user_uuid.clone());
    record.set("modified_at", now);
    record.set("updated_at", now);
}

/// Joins validation messages as the server does.
///
/// # Errors
///
/// 422 if there is any.
pub(crate) fn raise(errors: &[String]) -> Result<(), ApiError> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::invalid(errors.join(SEPARATOR)))
    }
}

/// Explains a violated unique index in the words of the real database.
pub(crate) fn explain_collision(error: rusqlite::Error, record: &Record) -> ApiError {
    let rusqlite::Error::SqliteFailure(_, Some(text)) = &error else {
        return error.into();
    };
    if !text.contains("UNIQUE constraint failed") {
        return error.into();
    }
    let table = record.table.name;
    let (index, key, value) = if text.contains(".name") {
        (
            format!("index_{table}_on_owner_uuid_and_name"),
            "owner_uuid, name",
            format!(
                "{}, {}",
                record.text("owner_uuid").unwrap_or_default(),
                record.text("name").unwrap_or_default()
            ),
        )
    } else {
        (
            format!("index_{table}_on_uuid"),
            "uuid",
            record.uuid().to_owned(),
        )
    };
    ApiError::invalid(format!(
        "#<ActiveRecord::RecordNotUnique:\"PG::UniqueViolation: ERROR:  duplicate key value \
         violates unique constraint \\\"{index}\\\"\\nDETAIL:  Key ({key})=({value}) already \
         exists.\\n\">"
    ))
}

/// Says whether an error is a name that is taken.
pub(crate) fn is_name_collision(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(_, Some(text))
        if text.contains("UNIQUE constraint failed") && text.contains(".name"))
}
