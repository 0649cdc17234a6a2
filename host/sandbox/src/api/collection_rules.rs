//! The rules that every collection must keep: manifest, hash, name, trash, signatures.

use hyper::StatusCode;
use rusqlite::Connection;
use serde_json::{Map, Value};

use super::Call;
use super::assign::{check_lengths, check_owner_exists, check_owner_permission, raise};
use super::auth::Actor;
use crate::clock::{Micros, SECOND};
use crate::error::ApiError;
use crate::manifest;
use crate::permission::Permissions;
use crate::store::record::Record;

/// Makes `is_trashed`, `trash_at` and `delete_at` agree.
pub(crate) fn apply_trash(
    record: &mut Record,
    attributes: &Map<String, Value>,
    now: Micros,
    lifetime: Micros,
) {
    use rusqlite::types::Value::Null;
    if let Some(Value::Bool(wanted)) = attributes.get("is_trashed") {
        if *wanted {
            record.set("trash_at", now);
            if !attributes.contains_key("delete_at") {
                record.set("delete_at", now + lifetime);
            }
        } else {
            record.set("trash_at", Null);
            record.set("delete_at", Null);
        }
    } else if attributes.contains_key("trash_at") {
        match record.moment("trash_at") {
            None => record.set("delete_at", Null),
            Some(trash_at) => {
                let trash_at = trash_at.max(now);
                record.set("trash_at", trash_at);
                if !attributes.contains_key("delete_at") {
                    record.set("delete_at", trash_at + lifetime);
                }
            }
        }
    }
    let is_trashed = record
        .moment("trash_at")
        .is_some_and(|trash_at| trash_at <= now);
    record.set("is_trashed", i64::from(is_trashed));
}

/// Fills in what a client may leave out.
pub(crate) fn set_defaults(record: &mut Record, permissions: &Permissions) {
    if record.text("owner_uuid").is_none_or(str::is_empty) {
        record.set("owner_uuid", permissions.user_uuid.clone());
    }
    for (name, default) in [
        ("properties", "{}"),
        ("storage_classes_confirmed", "[]"),
        ("manifest_text", ""),
    ] {
        if record.text(name).is_none() {
            record.set(name, default.to_owned());
        }
    }
    if record
        .text("storage_classes_desired")
        .is_none_or(|text| text == "[]")
    {
        record.set("storage_classes_desired", "[\"default\"]".to_owned());
    }
    for name in ["preserve_version", "is_trashed"] {
        if record.integer(name).is_none() {
            record.set(name, 0);
        }
    }
}

/// Checks a collection as a whole and works out what follows from its manifest.
pub(crate) fn validate(
    connection: &Connection,
    record: &mut Record,
    attributes: &Map<String, Value>,
    permissions: &Permissions,
) -> Result<(), ApiError> {
    let mut errors = Vec::new();
    if let Some(text) = record.text("manifest_text").map(manifest::strip_signatures) {
        match manifest::check(&text) {
            Ok(summary) => {
                record.set("file_count", summary.file_count);
                record.set("file_size_total", summary.file_size_total);
                record.set("file_names", summary.file_names);
            }
            Err(reason) => errors.push(format!("Manifest text {reason}")),
        }
        if errors.is_empty() {
            check_hash(record, &text, &mut errors);
        }
        record.set("manifest_text", text);
    }
    check_name(record.text("name"), &mut errors);
    check_classes(record, &mut errors);
    let owner = record.text("owner_uuid").unwrap_or_default().to_owned();
    if attributes.contains_key("owner_uuid") {
        check_owner_exists(connection, &owner, permissions, &mut errors)?;
    }
    raise(&errors)?;
    if attributes.contains_key("owner_uuid") {
        check_owner_permission(connection, &owner, permissions)?;
    }
    check_lengths(record)
}

/// Compares a given hash with the computed one; sizes may differ.
fn check_hash(record: &mut Record, text: &str, errors: &mut Vec<String>) {
    let computed = manifest::portable_data_hash(text);
    match record.text("portable_data_hash") {
        Some(given) if !manifest::is_locator(given) => {
            errors.push("Portable data hash is not a valid locator".to_owned());
        }
        Some(given) if given[..32] != computed[..32] => errors.push(format!(
            "Portable data hash '{given}' does not match computed hash '{computed}'"
        )),
        _ => record.set("portable_data_hash", computed),
    }
}

/// Checks the name, which must be able to stand in a path.
pub(crate) fn check_name(name: Option<&str>, errors: &mut Vec<String>) {
    let name = name.unwrap_or_default();
    if name == "." || name == ".." {
        errors.push("Name cannot be '.' or '..'".to_owned());
    }
    if name.contains('/') {
        errors.push("Name cannot contain a '/' character".to_owned());
    }
}

fn check_classes(record: &Record, errors: &mut Vec<String>) {
    let is_valid = record
        .json("storage_classes_desired")
        .is_some_and(|classes| {
            classes.as_array().is_some_and(|classes| {
                classes
                    .iter()
                    .all(|class| class.as_str().is_some_and(|name| !name.is_empty()))
            })
        });
    if !is_valid {
        errors.push("Storage classes desired must be an array of non-empty strings".to_owned());
    }
}

/// Refuses changes of the version by hand.
pub(crate) fn check_version(old: &Record, record: &Record) -> Result<(), ApiError> {
    if record.value("version") != old.value("version") {
        return Err(ApiError::invalid("Version cannot be updated"));
    }
    if old.text("current_version_uuid") != Some(old.uuid()) {
        return Err(ApiError::invalid("Past versions cannot be updated"));
    }
    Ok(())
}

/// Refuses confirmations from others than the cluster itself.
pub(crate) fn check_confirmations(
    attributes: &Map<String, Value>,
    permissions: &Permissions,
) -> Result<(), ApiError> {
    if permissions.is_admin {
        return Ok(());
    }
    for group in ["replication_confirmed", "storage_classes_confirmed"] {
        let at = format!("{group}_at");
        let is_set = [group, at.as_str()]
            .iter()
            .any(|name| attributes.get(*name).is_some_and(|value| !value.is_null()));
        if is_set {
            return Err(ApiError::service(
                StatusCode::FORBIDDEN,
                format!(
                    "#<ArvadosModel::PermissionDeniedError: {group} and {at} attributes cannot be \
                     changed, except by setting both to nil>"
                ),
            ));
        }
    }
    Ok(())
}

/// Checks that the client has proof of access to every block; admins need none.
pub(crate) fn check_signatures(
    call: &Call<'_>,
    actor: &Actor,
    record: &Record,
) -> Result<(), ApiError> {
    if actor.permissions.is_admin {
        return Ok(());
    }
    let now = call.cluster.clock.now() / SECOND;
    let text = record.text("manifest_text").unwrap_or_default();
    for locator in manifest::locators(text) {
        let is_signed = locator.contains("+A");
        if !is_signed && locator.starts_with(manifest::EMPTY_BLOCK) {
            continue;
        }
        if call
            .cluster
            .signer
            .verify(locator, &actor.token, now)
            .is_err()
        {
            return Err(ApiError::permission_denied());
        }
    }
    Ok(())
}
