//! Who may see a record, change it and give it to whom.

use hyper::StatusCode;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension};

use crate::error::ApiError;
use crate::permission::{Level, Permissions};
use crate::store::record::Record;
use crate::store::table::{TABLES, Table};
use crate::uuid;

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

/// Finds the table of a UUID.
pub(crate) fn table_of(uuid: &str) -> Option<&'static Table> {
    let infix = uuid::infix(uuid)?;
    TABLES.into_iter().find(|table| table.infix == infix)
}

/// Says whether a UUID is that of an old version of a collection.
pub(crate) fn is_past_version(connection: &Connection, uuid: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM collections \
             WHERE uuid = ?1 AND current_version_uuid <> uuid)",
        )?
        .query_row([uuid], |row| row.get(0))
}

/// Says whether the user can see the object of a UUID of any type; old versions count for nothing.
pub(crate) fn can_see(
    connection: &Connection,
    uuid: &str,
    permissions: &Permissions,
) -> rusqlite::Result<bool> {
    match table_of(uuid) {
        Some(table) => Ok(is_readable(connection, table, uuid, permissions, false)?
            && !is_past_version(connection, uuid)?),
        None => Ok(false),
    }
}

/// Finds the owner of an object of any type, visible or not; `None` if there is no such object.
pub(crate) fn owner_of(connection: &Connection, uuid: &str) -> rusqlite::Result<Option<String>> {
    let Some(table) = table_of(uuid) else {
        return Ok(None);
    };
    connection
        .prepare_cached(&format!(
            "SELECT owner_uuid FROM {} WHERE uuid = ?1",
            table.name
        ))?
        .query_row([uuid], |row| row.get(0))
        .optional()
}

/// Checks that the owner which a record is to get exists; `errors` collects what is wrong.
///
/// What is no UUID of a known type is left to [`check_permitted`], and the system's own user is
/// taken to exist.
///
/// # Errors
///
/// Only the database's.
pub(crate) fn check_owner_exists(
    connection: &Connection,
    old: Option<&Record>,
    record: &Record,
    permissions: &Permissions,
    errors: &mut Vec<String>,
) -> rusqlite::Result<()> {
    let Some(owner) = record.text("owner_uuid") else {
        return Ok(());
    };
    let is_special = owner == permissions.user_uuid
        || owner.get(5..) == Some(&uuid::system_user("")[..])
        || table_of(owner).is_none()
        || old.is_some_and(|old| old.text("owner_uuid") == Some(owner));
    if !is_special && !can_see(connection, owner, permissions)? {
        errors.push(format!("Owner uuid '{owner}' not found"));
    }
    Ok(())
}

/// Checks that the user may make a record, or change an old one, with the owner that it has now.
///
/// # Errors
///
/// 403 in the server's words.
pub(crate) fn check_permitted(
    connection: &Connection,
    old: Option<&Record>,
    record: &Record,
    permissions: &Permissions,
) -> Result<(), ApiError> {
    let refuse = |text: &str| {
        Err(ApiError::service(
            StatusCode::FORBIDDEN,
            format!("Owner uuid {text}"),
        ))
    };
    if !permissions.is_active {
        return Err(ApiError::permission_denied());
    }
    let Some(owner) = record.text("owner_uuid") else {
        return refuse("cannot be nil");
    };
    let infix = uuid::infix(owner);
    if !matches!(infix, Some("tpzed" | "j7d0g")) {
        return refuse("must be set to User or Group");
    }
    let old_owner = old.map(|old| old.text("owner_uuid").unwrap_or_default());
    if old_owner == Some(owner) {
        return check_writable(record, permissions);
    }
    for (which, uuid) in [("old", old_owner), ("new", Some(owner))] {
        let Some(uuid) = uuid else { continue };
        if uuid != permissions.user_uuid && !permissions.allows_in(uuid, Level::Write) {
            return refuse(&if permissions.is_frozen(uuid) {
                format!("cannot be set or changed because {which} owner is frozen")
            } else {
                format!("cannot be set or changed without write permission on {which} owner")
            });
        }
        if infix == Some("j7d0g") && !is_project(connection, owner)? {
            return refuse("must be a project");
        }
    }
    Ok(())
}

fn is_project(connection: &Connection, group: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM groups WHERE uuid = ?1 AND group_class = 'project')",
        )?
        .query_row([group], |row| row.get(0))
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
