//! Puts the attributes of a request into a record, with the checks that all tables share.

use hyper::StatusCode;
use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Map, Value};

use super::go_json_error;
use crate::clock;
use crate::cluster::Cluster;
use crate::error::ApiError;
use crate::permission::{Level, Permissions};
use crate::query::words::go_type;
use crate::store::record::Record;
use crate::store::table::{TABLES, Table, Type};
use crate::uuid;

/// Attributes that clients may send and that have no effect.
const IGNORED: [&str; 12] = [
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
    "current_version_uuid",
];

/// The most characters in a name.
pub(crate) const MAX_TEXT: usize = 255;

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
            return Err(ApiError::invalid(format!(
                "#<ActiveModel::UnknownAttributeError: unknown attribute '{name}' for {}.>",
                record.table.model
            )));
        };
        let value = match (column.kind, value) {
            (_, Value::Null) => Sql::Null,
            (Type::Text | Type::LongText, Value::String(text)) => Sql::Text(text.clone()),
            (Type::Text | Type::LongText, Value::Number(number)) => Sql::Text(number.to_string()),
            (Type::Text | Type::LongText, Value::Bool(truth)) => {
                Sql::Text(if *truth { "t" } else { "f" }.to_owned())
            }
            (Type::Object, Value::Object(_)) | (Type::Array, Value::Array(_)) => {
                Sql::Text(value.to_string())
            }
            (Type::Time, Value::String(text)) => clock::parse(text).map_or(Sql::Null, Sql::Integer),
            (Type::Integer, Value::Number(number)) => {
                number.as_i64().map_or(Sql::Null, Sql::Integer)
            }
            (Type::Integer, Value::String(text)) => {
                text.trim().parse().map_or(Sql::Integer(0), Sql::Integer)
            }
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

/// Finds a record that the user can see.
///
/// # Errors
///
/// 404 if there is none or the user cannot see it.
pub(crate) fn find_readable(
    connection: &Connection,
    table: &'static Table,
    uuid: &str,
    permissions: &Permissions,
    include_trash: bool,
) -> Result<Record, ApiError> {
    if is_readable(connection, table, uuid, permissions, include_trash)? {
        Record::find(connection, table, uuid)?.ok_or_else(ApiError::not_found)
    } else {
        Err(ApiError::not_found())
    }
}

fn is_readable(
    connection: &Connection,
    table: &Table,
    uuid: &str,
    permissions: &Permissions,
    include_trash: bool,
) -> rusqlite::Result<bool> {
    let condition = permissions.readable(table, include_trash);
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM {} WHERE uuid = ? AND ({}))",
        table.name, condition.sql
    );
    let parameters = std::iter::once(Sql::Text(uuid.to_owned())).chain(condition.parameters);
    connection
        .prepare_cached(&sql)?
        .query_row(rusqlite::params_from_iter(parameters), |row| row.get(0))
}

/// Says whether the user can see the object of a UUID of any type.
pub(crate) fn can_see(
    connection: &Connection,
    uuid: &str,
    permissions: &Permissions,
) -> rusqlite::Result<bool> {
    let infix = uuid::infix(uuid).unwrap_or_default();
    match TABLES.iter().find(|table| table.infix == infix) {
        Some(table) => is_readable(connection, table, uuid, permissions, false),
        None => Ok(false),
    }
}

/// Checks the owner that a record is to get; `errors` collects what is wrong with the UUID.
///
/// # Errors
///
/// Only the database's.
pub(crate) fn check_owner_exists(
    connection: &Connection,
    owner: &str,
    permissions: &Permissions,
    errors: &mut Vec<String>,
) -> rusqlite::Result<()> {
    let is_known = owner == permissions.user_uuid || can_see(connection, owner, permissions)?;
    if !is_known {
        errors.push(format!("Owner uuid '{owner}' not found"));
    }
    Ok(())
}

/// Checks that the user may give a record to an owner.
///
/// # Errors
///
/// 403 in the server's words.
pub(crate) fn check_owner_permission(
    connection: &Connection,
    owner: &str,
    permissions: &Permissions,
) -> Result<(), ApiError> {
    let refuse = |text: &str| {
        Err(ApiError::service(
            StatusCode::FORBIDDEN,
            format!("Owner uuid {text}"),
        ))
    };
    match uuid::infix(owner) {
        Some("tpzed") => {}
        Some("j7d0g") => {
            let (class, frozen): (Option<String>, Option<String>) = connection
                .prepare_cached("SELECT group_class, frozen_by_uuid FROM groups WHERE uuid = ?1")?
                .query_row([owner], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if class.as_deref() != Some("project") {
                return refuse("must be a project");
            }
            if frozen.is_some_and(|user| !user.is_empty()) {
                return refuse(&format!(
                    "cannot be set or changed because project {owner} is frozen"
                ));
            }
        }
        _ => return refuse("must be set to User or Group"),
    }
    if owner != permissions.user_uuid && !permissions.allows_in(owner, Level::Write) {
        return refuse("cannot be set or changed without write permission on new owner");
    }
    Ok(())
}

/// Checks that the user may change a record that it can see.
///
/// # Errors
///
/// 403 in the server's words.
pub(crate) fn check_writable(record: &Record, permissions: &Permissions) -> Result<(), ApiError> {
    let owner = record.text("owner_uuid").unwrap_or_default();
    if !permissions.is_active {
        return Err(ApiError::permission_denied());
    }
    if permissions.allows(record.uuid(), owner, Level::Write) {
        return Ok(());
    }
    Err(ApiError::service(
        StatusCode::FORBIDDEN,
        format!(
            "Uuid  {} is not writable by {}",
            record.uuid(),
            permissions.user_uuid
        ),
    ))
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
        Some(uuid) if uuid::infix(&uuid) != Some(record.table.infix) => {
            return Err(ApiError::invalid(format!(
                "Uuid type mismatch: expected {}",
                record.table.infix
            )));
        }
        Some(_) => {}
    }
    Ok(())
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
        Err(ApiError::invalid(errors.join("; ")))
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
