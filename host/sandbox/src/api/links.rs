//! Links: gets, makes, changes and removes them.
//!
//! Links of docker images have no rules of their own: duplicates are legal, names may be absent,
//! and a head that is no UUID is taken as it is.

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Map, Value};

use super::Call;
use super::assign::{
    assign, assign_uuid, can_see, check_lengths, check_owner_exists, check_owner_permission,
    check_writable, explain_collision, find_readable, raise, read_properties, stamp,
};
use super::render::show;
use crate::clock;
use crate::error::ApiError;
use crate::permission::{Level, Permissions, is_permission_name};
use crate::query::select;
use crate::store::record::Record;
use crate::store::table::LINKS;
use crate::uuid;

/// Gets one link.
pub(crate) fn get(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    let names = call.select(&LINKS, "GetOptions")?;
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        if let Some(names) = &names {
            select::check(&LINKS, names)?;
        }
        let record = find_readable(connection, &LINKS, uuid, &actor.permissions, false)?;
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Makes a link.
///
/// An equal permission link that exists already is returned as it is.
pub(crate) fn create(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    let names = call.params.strings("select", "CreateOptions")?;
    let mut attributes = call.params.attributes("CreateOptions")?;
    read_properties(&mut attributes)?;
    call.cluster.store.write(|connection| {
        let actor = call.actor(connection)?;
        let permissions = &actor.permissions;
        let mut record = Record::new(&LINKS);
        assign(&mut record, &attributes)?;
        if !permissions.is_active {
            return Err(ApiError::permission_denied());
        }
        if record.text("owner_uuid").is_none_or(str::is_empty) {
            record.set("owner_uuid", permissions.user_uuid.clone());
        }
        if record.text("properties").is_none() {
            record.set("properties", "{}".to_owned());
        }
        if let Some(known) = equal_permission(connection, &record)? {
            return show(call, connection, &actor, &known, names.as_deref());
        }
        assign_uuid(&mut record, call.cluster, permissions)?;
        validate(connection, &record, &attributes, permissions)?;
        let now = call.cluster.clock.now();
        record.set("created_at", now);
        stamp(&mut record, permissions, now);
        record
            .insert(connection)
            .map_err(|error| explain_collision(error, &record))?;
        let mut object = show(call, connection, &actor, &record, names.as_deref())?;
        if let Some(created_at) = object.get_mut("created_at") {
            *created_at = clock::format_nanos(now, rand::random_range(1..1000)).into();
        }
        Ok(object)
    })
}

/// Changes a link; properties are replaced as a whole.
pub(crate) fn update(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    let names = call.params.strings("select", "UpdateOptions")?;
    let mut attributes = call.params.attributes("UpdateOptions")?;
    read_properties(&mut attributes)?;
    call.cluster.store.write(|connection| {
        let actor = call.actor(connection)?;
        let permissions = &actor.permissions;
        let old = find_readable(connection, &LINKS, uuid, permissions, false)?;
        let mut record = old.clone();
        attributes.remove("uuid");
        assign(&mut record, &attributes)?;
        if record != old {
            check_writable(&old, permissions)?;
            validate(connection, &record, &attributes, permissions)?;
            stamp(&mut record, permissions, call.cluster.clock.now());
            record
                .update(connection)
                .map_err(|error| explain_collision(error, &record))?;
        }
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Removes a link for good and returns what it was.
pub(crate) fn delete(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    call.cluster.store.write(|connection| {
        let actor = call.actor(connection)?;
        let record = find_readable(connection, &LINKS, uuid, &actor.permissions, false)?;
        check_writable(&record, &actor.permissions)?;
        record.delete(connection)?;
        show(call, connection, &actor, &record, None)
    })
}

/// Checks a link as a whole.
fn validate(
    connection: &Connection,
    record: &Record,
    attributes: &Map<String, Value>,
    permissions: &Permissions,
) -> Result<(), ApiError> {
    check_kinds(record, attributes)?;
    let class = record.text("link_class").unwrap_or_default();
    if class == "name" {
        return Err(ApiError::invalid("Name Name links are obsolete"));
    }
    let mut errors = Vec::new();
    let owner = record.text("owner_uuid").unwrap_or_default().to_owned();
    if attributes.contains_key("owner_uuid") {
        check_owner_exists(connection, &owner, permissions, &mut errors)?;
    }
    for (name, label) in [("head_uuid", "Head"), ("tail_uuid", "Tail")] {
        let Some(end) = record.text(name).filter(|_| attributes.contains_key(name)) else {
            continue;
        };
        // What is no UUID, such as a portable data hash, is not looked up.
        if uuid::is_uuid(end) && !can_see(connection, end, permissions)? {
            errors.push(format!("{label} uuid '{end}' not found"));
        }
    }
    if class == "published_port" && record.text("head_uuid").and_then(uuid::infix) != Some("xvhdp")
    {
        errors.push("Head uuid must be a container request UUID".to_owned());
    }
    if class == "permission" && !record.text("name").is_some_and(is_permission_name) {
        errors.push("Name is not a valid permission level".to_owned());
    }
    raise(&errors)?;
    if class == "permission" {
        check_sharing(connection, record, permissions)?;
    }
    if attributes.contains_key("owner_uuid") {
        check_owner_permission(connection, &owner, permissions)?;
    }
    check_lengths(record)
}

/// Checks that `head_kind` and `tail_kind`, where sent, agree with the UUIDs.
fn check_kinds(record: &Record, attributes: &Map<String, Value>) -> Result<(), ApiError> {
    for (kind, end) in [("head_kind", "head_uuid"), ("tail_kind", "tail_uuid")] {
        let Some(Value::String(kind)) = attributes.get(kind) else {
            continue;
        };
        let end = record.text(end).unwrap_or_default();
        let Some(expected) = uuid::kind_of(end) else {
            continue;
        };
        if !kind.is_empty() && kind != expected {
            return Err(ApiError::invalid(format!(
                "'{kind}' does not match uuid '{end}', expected '{expected}'"
            )));
        }
    }
    Ok(())
}

/// Checks that the user may share the head of a permission link.
fn check_sharing(
    connection: &Connection,
    record: &Record,
    permissions: &Permissions,
) -> Result<(), ApiError> {
    let head = record.text("head_uuid").unwrap_or_default();
    let table = match uuid::infix(head) {
        Some("4zz18") => "collections",
        Some("j7d0g") => "groups",
        Some("tpzed") => "users",
        _ => {
            return if permissions.is_admin {
                Ok(())
            } else {
                Err(ApiError::permission_denied())
            };
        }
    };
    let owner: Option<String> = connection
        .prepare_cached(&format!("SELECT owner_uuid FROM {table} WHERE uuid = ?1"))?
        .query_row([head], |row| row.get(0))
        .optional()?;
    if permissions.allows(head, &owner.unwrap_or_default(), Level::Manage) {
        Ok(())
    } else {
        Err(ApiError::permission_denied())
    }
}

/// Finds a permission link that says the same already.
fn equal_permission(connection: &Connection, record: &Record) -> rusqlite::Result<Option<Record>> {
    let (Some("permission"), Some(name), Some(head), Some(tail)) = (
        record.text("link_class"),
        record.text("name"),
        record.text("head_uuid"),
        record.text("tail_uuid"),
    ) else {
        return Ok(None);
    };
    let uuid: Option<String> = connection
        .prepare_cached(
            "SELECT uuid FROM links WHERE link_class = 'permission' AND name = ?1 \
             AND head_uuid = ?2 AND tail_uuid = ?3 LIMIT 1",
        )?
        .query_row([name, head, tail], |row| row.get(0))
        .optional()?;
    match uuid {
        Some(uuid) => Record::find(connection, &LINKS, &uuid),
        None => Ok(None),
    }
}
