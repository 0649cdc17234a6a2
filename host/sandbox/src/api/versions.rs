//! The versions of a collection: when a change keeps the one before it.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::assign::{explain_collision, raise, stamp};
use crate::clock::{Micros, SECOND};
use crate::cluster::Cluster;
use crate::error::ApiError;
use crate::permission::Permissions;
use crate::store::record::Record;
use crate::store::table::COLLECTIONS;

/// A change this soon after the last one makes no new version.
const IDLE: Micros = 10 * SECOND;

/// The attributes whose change makes a new version.
const VERSIONED: [&str; 4] = ["manifest_text", "description", "properties", "name"];

/// The attributes that all versions have in common.
const SHARED: [&str; 6] = [
    "owner_uuid",
    "delete_at",
    "trash_at",
    "is_trashed",
    "replication_desired",
    "storage_classes_desired",
];

/// Refuses changes of old versions, and of the version by hand.
///
/// # Errors
///
/// 422 in the server's words.
pub(crate) fn check(old: &Record, record: &Record) -> Result<(), ApiError> {
    if old.text("current_version_uuid") != Some(old.uuid()) {
        return Err(ApiError::invalid("past versions cannot be updated"));
    }
    let mut errors = Vec::new();
    for (name, label) in [
        ("current_version_uuid", "Current version uuid"),
        ("version", "Version"),
    ] {
        if record.value(name) != old.value(name) {
            errors.push(format!("{label} cannot be updated"));
        }
    }
    raise(&errors)
}

/// Writes a changed collection and, if due, its old version.
///
/// # Errors
///
/// 422 for a name that is taken.
pub(crate) fn save(
    connection: &Connection,
    old: &Record,
    record: &mut Record,
    permissions: &Permissions,
    now: Micros,
    cluster: &Cluster,
) -> Result<(), ApiError> {
    let is_kept = is_kept(old, record, now);
    if is_kept {
        record.set("version", old.integer("version").unwrap_or(1) + 1);
        if record.is("preserve_version") && old.is("preserve_version") {
            record.set("preserve_version", 0);
        }
    } else if old.is("preserve_version") {
        // What is to be preserved stays so until the next version.
        record.set("preserve_version", 1);
    }
    let only_preserves = COLLECTIONS.columns.iter().all(|column| {
        column.name == "preserve_version" || record.value(column.name) == old.value(column.name)
    });
    if !only_preserves {
        stamp(record, permissions, now);
    }
    record
        .update(connection)
        .map_err(|error| explain_collision(error, record))?;
    let changed: Vec<&str> = SHARED
        .into_iter()
        .filter(|name| record.value(name) != old.value(name))
        .collect();
    if is_kept {
        let mut snapshot = old.clone();
        snapshot.set("uuid", cluster.new_uuid(COLLECTIONS.infix));
        snapshot.set("current_version_uuid", old.uuid().to_owned());
        for name in &changed {
            snapshot.set(name, record.value(name).clone());
        }
        snapshot.insert(connection)?;
    }
    share(connection, record, &changed)?;
    Ok(())
}

/// Says whether a change keeps the version before it.
fn is_kept(old: &Record, record: &Record, now: Micros) -> bool {
    let is_versioned = VERSIONED
        .iter()
        .any(|name| record.value(name) != old.value(name));
    let is_idle = old
        .moment("modified_at")
        .is_none_or(|modified_at| modified_at <= now - IDLE);
    is_versioned
        && !record.is("is_trashed")
        && (is_idle || old.is("preserve_version") || record.is("preserve_version"))
}

/// Gives all old versions what they have in common with the new one.
fn share(connection: &Connection, record: &Record, changed: &[&str]) -> rusqlite::Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let settings: Vec<String> = changed.iter().map(|name| format!("{name} = ?")).collect();
    let sql = format!(
        "UPDATE collections SET {} WHERE current_version_uuid = ? AND uuid <> ?",
        settings.join(", ")
    );
    let uuid = || Value::Text(record.uuid().to_owned());
    let parameters = changed
        .iter()
        .map(|name| record.value(name).clone())
        .chain([uuid(), uuid()]);
    connection
        .prepare_cached(&sql)?
        .execute(rusqlite::params_from_iter(parameters))?;
    Ok(())
}
