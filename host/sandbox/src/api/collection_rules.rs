//! The rules that every collection must keep: manifest, hash, name, signatures.

use hyper::StatusCode;
use rusqlite::Connection;
use rusqlite::types::Value;

use super::Call;
use super::access::check_owner_exists;
use super::assign::{check_lengths, raise};
use super::auth::Actor;
use crate::clock::SECOND;
use crate::error::ApiError;
use crate::manifest;
use crate::permission::Permissions;
use crate::store::record::Record;

/// Fills in what a client may leave out.
pub(crate) fn set_defaults(record: &mut Record) {
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
    old: Option<&Record>,
    record: &mut Record,
    permissions: &Permissions,
    mut errors: Vec<String>,
) -> Result<(), ApiError> {
    if let Some(text) = record.text("manifest_text").map(manifest::strip_signatures) {
        match manifest::check(&text) {
            Ok(summary) => {
                record.set("file_count", summary.file_count);
                record.set("file_size_total", summary.file_size_total);
                record.set("file_names", summary.file_names);
                check_hash(record, &text, &mut errors);
            }
            Err(reason) => errors.push(format!("Manifest text {reason}")),
        }
        record.set("manifest_text", text);
    }
    check_name(record.text("name"), &mut errors);
    check_classes(record, &mut errors);
    check_owner_exists(connection, old, record, permissions, &mut errors)?;
    raise(&errors)?;
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

/// Refuses changes of what the cluster itself confirms, unless they withdraw it.
///
/// # Errors
///
/// 403 in the server's words.
pub(crate) fn check_confirmations(
    old: Option<&Record>,
    record: &Record,
    permissions: &Permissions,
) -> Result<(), ApiError> {
    if permissions.is_admin {
        return Ok(());
    }
    for (group, how) in [
        ("replication_confirmed", "setting both to nil"),
        (
            "storage_classes_confirmed",
            "setting them to [] and nil respectively",
        ),
    ] {
        let at = format!("{group}_at");
        let names = [group, at.as_str()];
        let is_empty = |record: &Record, name: &str| {
            matches!(record.value(name), Value::Null) || record.text(name) == Some("[]")
        };
        let is_changed = names.iter().any(|name| match old {
            Some(old) => old.value(name) != record.value(name),
            None => !is_empty(record, name),
        });
        if is_changed && !names.iter().all(|name| is_empty(record, name)) {
            return Err(ApiError::service(
                StatusCode::FORBIDDEN,
                format!(
                    "#<ArvadosModel::PermissionDeniedError: {group} and {at} attributes cannot be \
                     changed, except by {how}>"
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
