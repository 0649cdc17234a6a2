//! Permission links: who may give whom a level on what.

use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use super::access::{is_past_version, owner_of};
use crate::error::ApiError;
use crate::permission::{Level, Permissions, is_permission_name};
use crate::query::page::Request;
use crate::store::record::Record;
use crate::store::table::LINKS;
use crate::uuid;

/// Says whether a link shares something.
pub(crate) fn is_permission(link: &Record) -> bool {
    link.text("link_class") == Some("permission")
}

/// Finds the link that gives the same one a level on the same object.
///
/// A login is no level. It stands beside one, and beside other logins under other names; the same
/// name is found whatever link bears it.
pub(crate) fn find_equal(
    connection: &Connection,
    link: &Record,
) -> rusqlite::Result<Option<Record>> {
    let (true, Some(name), Some(head), Some(tail)) = (
        is_permission(link),
        link.text("name"),
        link.text("head_uuid"),
        link.text("tail_uuid"),
    ) else {
        return Ok(None);
    };
    let condition = match name {
        "can_read" | "can_write" | "can_manage" => "name <> 'can_login'",
        "can_login" => "json_contains(properties, ?3)",
        _ => return Ok(None),
    };
    let properties = link.json("properties").unwrap_or_default();
    let login = properties.get("username");
    if name == "can_login" && login.is_none() {
        return Ok(None);
    }
    let login = serde_json::json!({ "username": login }).to_string();
    let uuid: Option<String> = connection
        .prepare_cached(&format!(
            "SELECT uuid FROM links WHERE link_class = 'permission' AND head_uuid = ?1 \
             AND tail_uuid = ?2 AND ?3 IS NOT NULL AND {condition} ORDER BY created_at, uuid LIMIT 1"
        ))?
        .query_row([head, tail, &login], |row| row.get(0))
        .optional()?;
    match uuid {
        Some(uuid) => Record::find(connection, &LINKS, &uuid),
        None => Ok(None),
    }
}

/// Says whether a link gives more than another.
pub(crate) fn is_higher(link: &Record, known: &Record) -> bool {
    let level = |link: &Record| link.text("name").and_then(Level::of_link);
    level(link) > level(known)
}

/// Checks a permission link as a whole; `errors` collects what is wrong with it.
///
/// # Errors
///
/// 422 for an object that is no UUID, over which the real service stumbles.
pub(crate) fn check(
    connection: &Connection,
    link: &Record,
    permissions: &Permissions,
    errors: &mut Vec<String>,
) -> Result<(), ApiError> {
    if !link.text("name").is_some_and(is_permission_name) {
        errors.push(
            "Name is invalid permission, must be one of 'can_read', 'can_write', 'can_manage', \
             'can_login'"
                .to_owned(),
        );
        return Ok(());
    }
    let tail = link.text("tail_uuid").unwrap_or_default();
    match uuid::infix(tail) {
        Some("tpzed") => {}
        Some("j7d0g") => match class_of(connection, tail)? {
            None => {
                errors.push("Tail uuid does not exist".to_owned());
                return Ok(());
            }
            Some(class) if class != "role" => {
                errors.push(format!(
                    "Tail uuid must be a user or role, was group with group_class {class}"
                ));
                return Ok(());
            }
            Some(_) => {}
        },
        _ => {
            errors.push("Tail uuid must be a user or role".to_owned());
            return Ok(());
        }
    }
    let head = link.text("head_uuid").unwrap_or_default();
    if permissions.is_admin && uuid::infix(head).is_some() {
        return Ok(());
    }
    if uuid::infix(head).is_none() {
        return Err(ApiError::invalid(
            "#<NoMethodError: undefined method `find_by_uuid' for nil>",
        ));
    }
    if owner_of(connection, head)?.is_none() {
        errors.push("Head uuid does not exist".to_owned());
    } else if is_past_version(connection, head)? {
        errors.push("Head uuid cannot point to a past version of a collection".to_owned());
    }
    Ok(())
}

/// Checks that the user may share what a link points to.
///
/// # Errors
///
/// 403 unless the user manages it.
pub(crate) fn check_permitted(
    connection: &Connection,
    link: &Record,
    permissions: &Permissions,
) -> Result<(), ApiError> {
    let head = link.text("head_uuid").unwrap_or_default();
    let owner = owner_of(connection, head)?.unwrap_or_default();
    if permissions.is_active && permissions.allows(head, &owner, Level::Manage) {
        Ok(())
    } else {
        Err(ApiError::permission_denied())
    }
}

/// Refuses every change of a permission link but that of its level.
///
/// # Errors
///
/// 422 in the server's words.
pub(crate) fn check_change(old: &Record, link: &Record) -> Result<(), ApiError> {
    let is_same = ["link_class", "tail_uuid", "head_uuid"]
        .iter()
        .all(|name| old.value(name) == link.value(name));
    if is_same || !(is_permission(old) || is_permission(link)) {
        return Ok(());
    }
    Err(ApiError::invalid(
        "#<RuntimeError: Can only alter permission link level>",
    ))
}

fn class_of(connection: &Connection, group: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT group_class FROM groups WHERE uuid = ?1")?
        .query_row([group], |row| row.get(0))
        .optional()
}

/// Says whether the user may see a permission link, asked for by its UUID: who gets something by it
/// may, and who manages what it gives.
pub(crate) fn is_visible(
    connection: &Connection,
    link: &Record,
    permissions: &Permissions,
) -> rusqlite::Result<bool> {
    let ends = |name: &str| link.text(name) == Some(permissions.user_uuid.as_str());
    if ends("tail_uuid") || ends("head_uuid") {
        return Ok(true);
    }
    let head = link.text("head_uuid").unwrap_or_default();
    manages(connection, head, permissions)
}

/// Says whether the user manages an object of any type.
fn manages(
    connection: &Connection,
    uuid: &str,
    permissions: &Permissions,
) -> rusqlite::Result<bool> {
    let owner = owner_of(connection, uuid)?.unwrap_or_default();
    Ok(uuid == permissions.user_uuid || permissions.allows(uuid, &owner, Level::Manage))
}

/// Widens a list of permission links to all that the filters find, where they name the user or what
/// the user manages; what the user does not manage is taken out of them.
///
/// # Errors
///
/// 422 for an object that is no UUID, over which the real service stumbles.
pub(crate) fn widen(
    connection: &Connection,
    request: &mut Request,
    permissions: &Permissions,
) -> Result<(), ApiError> {
    let is_of_permissions = request.filters.iter().any(|filter| {
        filter.attribute == "link_class" && filter.operator == "=" && filter.operand == "permission"
    });
    if !is_of_permissions {
        return Ok(());
    }
    let manages = |uuid: &str| {
        if uuid::infix(uuid).is_none() {
            return Err(ApiError::invalid(
                "#<NoMethodError: undefined method `find_by_uuid' for nil>",
            ));
        }
        Ok(manages(connection, uuid, permissions)?)
    };
    for filter in &mut request.filters {
        let (attribute, operator) = (filter.attribute.as_str(), filter.operator.as_str());
        match (attribute, operator, &mut filter.operand) {
            ("tail_uuid", "=", Value::String(uuid)) if *uuid == permissions.user_uuid => {
                request.is_unscoped = true;
            }
            ("head_uuid", "=", Value::String(uuid)) => {
                request.is_unscoped |= manages(uuid)?;
            }
            ("head_uuid", "in", Value::Array(uuids)) => {
                let mut managed = Vec::with_capacity(uuids.len());
                for uuid in uuids.iter() {
                    if manages(uuid.as_str().unwrap_or_default())? {
                        managed.push(uuid.clone());
                    }
                }
                *uuids = managed;
                request.is_unscoped = true;
            }
            _ => {}
        }
    }
    Ok(())
}
