//! Finds the image that a container request means, as the API service does.

use rusqlite::Connection;
use serde_json::Value;

use super::collections::{find_by_hash, is_hash};
use crate::clock;
use crate::error::ApiError;
use crate::manifest;
use crate::permission::Permissions;
use crate::store::record::Record;
use crate::store::table::{COLLECTIONS, LINKS};
use crate::uuid;

/// Returns the portable data hash of the image that a name, a hash or a portable data hash means.
///
/// # Errors
///
/// 422 if there is no such image, or none in a form that the cluster accepts.
pub(crate) fn resolve(
    connection: &Connection,
    permissions: &Permissions,
    formats: &[String],
    text: &str,
) -> Result<String, ApiError> {
    if is_hash(text) {
        let hash: Vec<&str> = text.split('+').take(2).collect();
        let found = match find_by_hash(connection, permissions, &hash.join("+"), false) {
            Ok(found) => vec![found],
            Err(ApiError::Controller { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        return first(connection, permissions, formats, &found)?.ok_or_else(|| not_found(text));
    }
    let (name, tag) = text.split_once(':').unwrap_or((text, "latest"));
    let tagged = format!("{name}:{tag}");
    let mut found = linked(
        connection,
        permissions,
        "docker_image_repo+tag",
        "links.name = ?",
        &tagged,
    )?;
    if found.is_empty() {
        // `%` and `_` work here as they do there.
        let pattern = format!("{name}%");
        let like = "matches(links.name, ?)";
        found = linked(connection, permissions, "docker_image_hash", like, &pattern)?;
    }
    match first(connection, permissions, formats, &found)? {
        Some(hash) => Ok(hash),
        None if found.is_empty() => Err(not_found(text)),
        None => Err(unresolvable(
            "Matching Docker image is incompatible with 'docker_image_formats' configuration.",
        )),
    }
}

/// Says why a container cannot be made of a request.
pub(crate) fn unresolvable(reason: &str) -> ApiError {
    ApiError::invalid(format!(
        "#<ArvadosModel::UnresolvableContainerError: {reason}>"
    ))
}

fn not_found(text: &str) -> ApiError {
    unresolvable(&format!("docker image {text:?} not found"))
}

/// Finds the readable collections of readable links, newest image first.
fn linked(
    connection: &Connection,
    permissions: &Permissions,
    class: &str,
    name: &str,
    operand: &str,
) -> rusqlite::Result<Vec<Record>> {
    let links = permissions.readable(&LINKS, false);
    let sql = format!(
        "SELECT uuid, head_uuid, properties, created_at FROM links \
         WHERE link_class = ? AND {name} AND ({}) ORDER BY created_at DESC",
        links.sql
    );
    let parameters = [class.to_owned().into(), operand.to_owned().into()]
        .into_iter()
        .chain(links.parameters);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
    let mut ages: Vec<(String, (i64, i64))> = Vec::new();
    while let Some(row) = rows.next()? {
        let head: Option<String> = row.get(1)?;
        let properties: Option<String> = row.get(2)?;
        let created_at: i64 = row.get(3)?;
        let Some(head) = head else { continue };
        let age = (
            -timestamp(properties.as_deref()),
            -created_at / clock::SECOND,
        );
        ages.retain(|(known, _)| *known != head);
        ages.push((head, age));
    }
    ages.sort_by_key(|(_, age)| *age);
    let visible = permissions.readable(&COLLECTIONS, false);
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM collections WHERE uuid = ? AND ({}))",
        visible.sql
    );
    let mut found = Vec::new();
    for (head, _) in ages {
        let parameters = std::iter::once(head.clone().into()).chain(visible.parameters.clone());
        let is_visible: bool = connection
            .prepare_cached(&sql)?
            .query_row(rusqlite::params_from_iter(parameters), |row| row.get(0))?;
        if is_visible {
            found.extend(Record::find(connection, &COLLECTIONS, &head)?);
        }
    }
    Ok(found)
}

/// The seconds of an image's timestamp; 0 without one.
fn timestamp(properties: Option<&str>) -> i64 {
    properties
        .and_then(|text| serde_json::from_str::<Value>(text).ok())
        .and_then(|properties| clock::parse(properties["image_timestamp"].as_str()?))
        .map_or(0, |moment| moment / clock::SECOND)
}

/// Takes the first image in an accepted form, or what one in an old form was migrated to.
fn first(
    connection: &Connection,
    permissions: &Permissions,
    formats: &[String],
    found: &[Record],
) -> Result<Option<String>, ApiError> {
    for record in found {
        let hash = record.text("portable_data_hash").unwrap_or_default();
        if is_image(record.text("manifest_text").unwrap_or_default(), formats) {
            return Ok(Some(hash.to_owned()));
        }
        let cluster = record.uuid().get(..5).unwrap_or_default();
        let migrated: Vec<String> = connection
            .prepare_cached(
                "SELECT head_uuid FROM links WHERE link_class = 'docker_image_migration' \
                 AND tail_uuid = ?1 AND owner_uuid = ?2 ORDER BY created_at DESC LIMIT 1",
            )?
            .query_map([hash, &uuid::system_user(cluster)], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for head in migrated {
            match find_by_hash(connection, permissions, &head, false) {
                Ok(_) => return Ok(Some(head)),
                Err(ApiError::Controller { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(None)
}

/// Says whether a manifest holds one file only, named like an image in one of the formats.
fn is_image(manifest_text: &str, formats: &[String]) -> bool {
    let Ok(summary) = manifest::check(manifest_text) else {
        return false;
    };
    let mut files = summary.file_names.lines();
    let (Some(file), None) = (files.next(), files.next()) else {
        return false;
    };
    let Some(name) = file.strip_suffix(".tar") else {
        return false;
    };
    let accepts = |format: &str| formats.iter().any(|known| known == format);
    let (digits, is_second) = match name.strip_prefix("sha256:") {
        Some(digits) => (digits, true),
        None => (name, false),
    };
    digits.len() == 64
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && accepts(if is_second { "v2" } else { "v1" })
}
