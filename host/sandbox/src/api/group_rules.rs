//! The rules that every group must keep: class, name, filters, place, freezing and the trash.

use hyper::StatusCode;
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use super::access::{check_owner_exists, check_permitted, owner_of};
use super::assign::{check_lengths, raise};
use super::collection_rules::check_name;
use crate::error::ApiError;
use crate::permission::{Level, Permissions};
use crate::store::record::Record;
use crate::uuid;

/// Checks a group as a whole, and that the user may make or change it.
///
/// # Errors
///
/// 422 for what a group cannot be, 403 for what the user may not do.
pub(super) fn check(
    connection: &Connection,
    old: Option<&Record>,
    record: &Record,
    permissions: &Permissions,
    trash_errors: Vec<String>,
) -> Result<(), ApiError> {
    let mut errors = Vec::new();
    check_owner_exists(connection, old, record, permissions, &mut errors)?;
    errors.extend(trash_errors);
    let class = record.text("group_class").unwrap_or_default();
    if class != "role" {
        check_name(record.text("name"), &mut errors);
    }
    if !matches!(class, "project" | "role" | "filter") {
        errors.push(format!(
            "Group class value must be one of 'project', 'role' or 'filter', was '{class}'"
        ));
    }
    if old.is_some_and(|old| old.text("group_class") != Some(class)) {
        errors.push("Group class cannot be modified after record is created".to_owned());
    }
    if class == "filter"
        && let Err(reason) = check_filters(record)
    {
        errors.push(format!("Properties {reason}"));
    }
    check_freezing(old, record, permissions, &mut errors)?;
    raise(&errors)?;
    let by = |record: &Record| record.text("frozen_by_uuid").map(str::to_owned);
    let was_frozen = old.and_then(by).is_some();
    if was_frozen && by(record).is_some() {
        return Err(ApiError::service(
            StatusCode::FORBIDDEN,
            format!("Uuid {} is frozen and cannot be modified", record.uuid()),
        ));
    }
    let owner = record.text("owner_uuid").unwrap_or_default();
    let is_thawing = was_frozen && by(record).is_none();
    match old {
        // Nobody writes to what is frozen, but for thawing it.
        Some(_)
            if is_thawing
                && permissions.allows(record.uuid(), owner, Level::Manage)
                && !permissions.is_frozen(owner) => {}
        Some(_) if class == "role" => check_role(record, permissions)?,
        None if class == "role" => {}
        _ => check_permitted(connection, old, record, permissions)?,
    }
    check_cycle(connection, old, record)?;
    if record.text("name").is_none() {
        return Err(ApiError::invalid(
            "#<ActiveRecord::NotNullViolation:\"PG::NotNullViolation: ERROR:  null value in column \
             \\\"name\\\" of relation \\\"groups\\\" violates not-null constraint\\n\">",
        ));
    }
    check_lengths(record)
}

/// Checks that a role stays where it is and is changed by those who manage it.
fn check_role(role: &Record, permissions: &Permissions) -> Result<(), ApiError> {
    let owner = role.text("owner_uuid").unwrap_or_default();
    let cluster = role.uuid().get(..5).unwrap_or_default();
    if !permissions.is_active {
        return Err(ApiError::permission_denied());
    }
    if owner != uuid::system_user(cluster) {
        return Err(ApiError::invalid(
            "#<RuntimeError: Owner uuid for role must be system user>",
        ));
    }
    if permissions.allows(role.uuid(), owner, Level::Manage) {
        return Ok(());
    }
    Err(ApiError::service(
        StatusCode::FORBIDDEN,
        "#<ArvadosModel::PermissionDeniedError: role group cannot be modified without can_manage \
         permission>",
    ))
}

/// The operators that the filters of a filter group may have.
const OPERATORS: [&str; 13] = [
    "=", "<", "<=", ">", ">=", "!=", "like", "ilike", "in", "not in", "is_a", "exists", "contains",
];

/// Checks what a filter group looks for.
fn check_filters(group: &Record) -> Result<(), &'static str> {
    let properties = group.json("properties").unwrap_or_default();
    let Some(filters) = properties.get("filters") else {
        return Err(
            "filters property missing, it must be an array of arrays, each with 3 elements",
        );
    };
    let malformed = "filters property must be an array of arrays, each with 3 elements";
    for filter in filters.as_array().ok_or(malformed)? {
        let parts = filter.as_array().ok_or(malformed)?;
        let [attribute, operator, _] = parts.as_slice() else {
            return Err(malformed);
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
        let (attribute, operator) = (text(attribute), text(operator));
        if !attribute.contains('.') && attribute != "uuid" {
            return Err("filter attribute must be 'uuid' or contain a dot (e.g. groups.name)");
        }
        if attribute != "uuid" && operator == "is_a" {
            return Err("when filter operator is 'is_a', attribute must be 'uuid'");
        }
        if !OPERATORS.contains(&operator.as_str()) {
            return Err("filter operator is not valid (must be \
                        =,<,<=,>,>=,!=,like,ilike,in,not in,is_a,exists,contains)");
        }
    }
    Ok(())
}

/// Checks who freezes what; only managers may.
fn check_freezing(
    old: Option<&Record>,
    record: &Record,
    permissions: &Permissions,
    errors: &mut Vec<String>,
) -> Result<(), ApiError> {
    let by = record.text("frozen_by_uuid");
    let was = old.and_then(|old| old.text("frozen_by_uuid"));
    if by == was {
        return Ok(());
    }
    if record.text("group_class") != Some("project") {
        errors.push("Frozen by uuid cannot be modified on a non-project group".to_owned());
        return Ok(());
    }
    if by.is_some_and(|by| by != permissions.user_uuid) {
        errors.push("Frozen by uuid can only be set to the current user's UUID".to_owned());
        return Ok(());
    }
    if let Some(old) = old {
        let owner = old.text("owner_uuid").unwrap_or_default();
        if !permissions.allows(old.uuid(), owner, Level::Manage) {
            return Err(ApiError::permission_denied());
        }
    }
    if record.moment("trash_at").is_some() || record.moment("delete_at").is_some() {
        errors.push("Frozen by uuid cannot be set on a trashed project".to_owned());
    }
    Ok(())
}

/// Refuses a group that would hold itself.
fn check_cycle(
    connection: &Connection,
    old: Option<&Record>,
    record: &Record,
) -> Result<(), ApiError> {
    let owner = record.text("owner_uuid");
    if old.is_none_or(|old| old.text("owner_uuid") == owner) {
        return Ok(());
    }
    if owner == Some(record.uuid()) {
        return Err(ApiError::invalid(
            "Owner uuid would create an ownership cycle",
        ));
    }
    let mut above = owner.map(str::to_owned);
    let mut seen = std::collections::HashSet::new();
    while let Some(group) = above.filter(|group| seen.insert(group.clone())) {
        if group == record.uuid() {
            return Err(ApiError::invalid("Owner uuid has an ownership cycle"));
        }
        above = owner_of(connection, &group)?;
    }
    Ok(())
}

/// A group with all projects below it.
const SUBTREE: &str = "WITH RECURSIVE inside (uuid) AS (\
                       SELECT ?1 UNION SELECT groups.uuid FROM groups \
                       JOIN inside ON groups.owner_uuid = inside.uuid)";

/// Checks that what a changed group holds lets it be trashed or frozen.
///
/// # Errors
///
/// 422 for a frozen project in what shall go to the trash, and for a request that may still run in
/// what shall be frozen.
pub(super) fn check_contents(
    connection: &Connection,
    old: &Record,
    group: &Record,
) -> Result<(), ApiError> {
    let is_changed = |name: &str| old.value(name) != group.value(name);
    if is_changed("trash_at") && group.moment("trash_at").is_some() {
        let frozen: Option<String> = connection
            .prepare_cached(&format!(
                "{SUBTREE} SELECT uuid FROM groups WHERE uuid IN inside \
                 AND frozen_by_uuid <> '' ORDER BY uuid LIMIT 1"
            ))?
            .query_row([group.uuid()], |row| row.get(0))
            .optional()?;
        if let Some(frozen) = frozen {
            return Err(ApiError::argument(format!(
                "cannot trash project containing frozen project {frozen}"
            )));
        }
    }
    if is_changed("frozen_by_uuid") && group.text("frozen_by_uuid").is_some() {
        let request: Option<(String, String)> = connection
            .prepare_cached(&format!(
                "{SUBTREE} SELECT uuid, state FROM container_requests \
                 WHERE owner_uuid IN inside AND state NOT IN ('Uncommitted', 'Final') \
                 ORDER BY id LIMIT 1"
            ))?
            .query_row([group.uuid()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if let Some((request, state)) = request {
            return Err(ApiError::argument(format!(
                "cannot freeze project containing container request {request} with state = {state}"
            )));
        }
    }
    Ok(())
}
