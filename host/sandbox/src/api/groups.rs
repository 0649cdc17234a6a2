//! Groups: shows, makes, freezes and trashes projects.

use hyper::StatusCode;
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::Call;
use super::access::{check_owner_exists, check_permitted, find_readable, owner_of};
use super::assign::{
    assign, assign_uuid, check_lengths, check_uuid, explain_collision, insert_renaming, raise,
    read_properties, stamp,
};
use super::auth::Actor;
use super::collection_rules::check_name;
use super::events::{self, Event};
use super::render::show;
use super::trash::{self, Moments, Way};
use crate::clock::{self, Micros, SECOND};
use crate::error::ApiError;
use crate::permission::{Level, Permissions};
use crate::query::select;
use crate::raw_record::new_record;
use crate::store::record::Record;
use crate::store::table::{GROUPS, LINKS};
use crate::uuid;

/// Shows a group.
pub(crate) fn get(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    let names = call.select(&GROUPS, "GetOptions")?;
    let include_trash = call.params.is("include_trash");
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        if let Some(names) = &names {
            select::check(&GROUPS, names)?;
        }
        let record = find_readable(connection, &GROUPS, uuid, &actor.permissions, include_trash)?;
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Makes a project, role or filter.
pub(crate) fn create(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    let names = call.params.strings("select", "CreateOptions")?;
    let mut attributes = call.params.attributes("CreateOptions")?;
    read_properties(&mut attributes)?;
    let is_unique = call.params.is("ensure_unique_name");
    call.write(|connection| {
        let actor = call.actor(connection)?;
        let mut record = Record::new(&GROUPS);
        assign(&mut record, &attributes)?;
        if !actor.permissions.is_active {
            return Err(ApiError::permission_denied());
        }
        assign_uuid(&mut record, call.cluster, &actor.permissions)?;
        if record.text("owner_uuid").is_none() {
            record.set("owner_uuid", actor.permissions.user_uuid.clone());
        }
        if record.text("properties").is_none() {
            record.set("properties", "{}".to_owned());
        }
        if record.text("name").is_none_or(str::is_empty) {
            record.set("name", record.uuid().to_owned());
        }
        let moments = moments(call);
        let mut errors = Vec::new();
        trash::apply(None, &mut record, &attributes, moments, &mut errors);
        check(connection, None, &record, &actor.permissions, errors)?;
        let manager = take_role(&mut record);
        record.set("created_at", moments.now);
        stamp(&mut record, &actor.permissions, moments.now);
        insert_renaming(connection, &mut record, is_unique, call.cluster)?;
        let nanos = rand::random_range(1..1000);
        let event = Event::create(&record, nanos);
        events::note(call.cluster, connection, &actor.permissions, &event)?;
        if let Some(manager) = manager {
            give_role(call, connection, &record, &manager)?;
        }
        let actor = reload(call, connection, actor)?;
        let mut object = show(call, connection, &actor, &record, names.as_deref())?;
        if let Some(created_at) = object.get_mut("created_at") {
            *created_at = clock::format_nanos(moments.now, nanos).into();
        }
        Ok(object)
    })
}

/// The moments that the trash reckons with.
fn moments(call: &Call<'_>) -> Moments {
    let cluster = call.cluster;
    let signatures = cluster.signer.ttl().saturating_mul(SECOND);
    Moments::new(cluster.clock.now(), &cluster.settings, signatures)
}

/// Works out again what the user may do, after a change of who may do what.
fn reload(call: &Call<'_>, connection: &Connection, actor: Actor) -> Result<Actor, ApiError> {
    let known = &actor.permissions;
    let now: Micros = call.cluster.clock.now();
    let permissions = Permissions::load(
        connection,
        &known.user_uuid,
        known.is_admin,
        known.is_active,
        now,
    )?;
    Ok(Actor {
        permissions,
        ..actor
    })
}

/// Gives a new role to the cluster, which owns all roles; returns who is to manage it.
fn take_role(record: &mut Record) -> Option<String> {
    if record.text("group_class") != Some("role") {
        return None;
    }
    let owner = record.text("owner_uuid").map(str::to_owned);
    let cluster = record.uuid().get(..5).unwrap_or_default().to_owned();
    record.set("owner_uuid", uuid::system_user(&cluster));
    owner
}

/// Lets whoever asked for a role manage it.
fn give_role(
    call: &Call<'_>,
    connection: &Connection,
    role: &Record,
    manager: &str,
) -> Result<(), ApiError> {
    let link = json!({
        "uuid": call.cluster.new_uuid(LINKS.infix),
        "link_class": "permission", "name": "can_manage",
        "tail_uuid": manager, "head_uuid": role.uuid(),
    });
    if let Value::Object(link) = link {
        new_record(call.cluster, &LINKS, &link).insert(connection)?;
    }
    Ok(())
}

/// Changes a group.
pub(crate) fn update(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    let names = call.params.strings("select", "UpdateOptions")?;
    let mut attributes = call.params.attributes("UpdateOptions")?;
    read_properties(&mut attributes)?;
    call.write(|connection| {
        let actor = call.actor(connection)?;
        let old = find_readable(connection, &GROUPS, uuid, &actor.permissions, false)?;
        let mut record = old.clone();
        assign(&mut record, &attributes)?;
        if record.text("frozen_by_uuid") == Some("") {
            record.set("frozen_by_uuid", rusqlite::types::Value::Null);
        }
        check_uuid(&old, &record)?;
        let moments = moments(call);
        let mut errors = Vec::new();
        trash::apply(Some(&old), &mut record, &attributes, moments, &mut errors);
        save(call, connection, &actor, &old, &mut record, moments, errors)?;
        let actor = reload(call, connection, actor)?;
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Writes a changed group with the event of it.
fn save(
    call: &Call<'_>,
    connection: &Connection,
    actor: &Actor,
    old: &Record,
    record: &mut Record,
    moments: Moments,
    errors: Vec<String>,
) -> Result<(), ApiError> {
    let permissions = &actor.permissions;
    if record != old {
        check(connection, Some(old), record, permissions, errors)?;
        stamp(record, permissions, moments.now);
        record
            .update(connection)
            .map_err(|error| explain_collision(error, record))?;
    }
    let event = Event::update(old, record);
    events::note(call.cluster, connection, permissions, &event)
}

/// Moves a group with all it holds into or out of the trash.
///
/// Unlike a collection, a group that is in the trash already is not found there.
pub(crate) fn set_trash(
    call: &Call<'_>,
    uuid: &str,
    way: Way,
) -> Result<Map<String, Value>, ApiError> {
    call.write(|connection| {
        let actor = call.actor(connection)?;
        let is_out = way == Way::Untrash;
        let old = find_readable(connection, &GROUPS, uuid, &actor.permissions, is_out)?;
        let mut errors = Vec::new();
        let moments = moments(call);
        let mut record = trash::move_record(&old, way, moments, &mut errors)?;
        if is_out && call.params.is("ensure_unique_name") {
            trash::free_name(connection, &mut record)?;
        }
        save(call, connection, &actor, &old, &mut record, moments, errors)?;
        show(call, connection, &actor, &record, None)
    })
}

/// Checks a group as a whole, and that the user may make or change it.
fn check(
    connection: &Connection,
    old: Option<&Record>,
    record: &Record,
    permissions: &Permissions,
    mut errors: Vec<String>,
) -> Result<(), ApiError> {
    let class = record.text("group_class").unwrap_or_default();
    match class {
        "project" | "role" | "filter" => {}
        _ => errors.push(format!(
            "Group class value must be one of 'project', 'role' or 'filter', was '{class}'"
        )),
    }
    if old.is_some_and(|old| old.text("group_class") != Some(class)) {
        errors.push("Group class cannot be modified after record is created".to_owned());
    }
    if class != "role" {
        check_name(record.text("name"), &mut errors);
    }
    check_owner_exists(connection, old, record, permissions, &mut errors)?;
    check_freezing(old, record, permissions, &mut errors)?;
    check_cycle(connection, old, record, &mut errors)?;
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
    let manages = permissions.allows(record.uuid(), owner, Level::Manage);
    match old {
        // Nobody writes to what is frozen, but for thawing it.
        Some(_) if is_thawing && manages && !permissions.is_frozen(owner) => {}
        Some(_) if class == "role" && manages => {}
        Some(_) if class == "role" => return Err(ApiError::permission_denied()),
        None if class == "role" => {}
        _ => check_permitted(connection, old, record, permissions)?,
    }
    check_lengths(record)
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
    } else if by.is_some_and(|by| by != permissions.user_uuid) {
        errors.push("Frozen by uuid can only be set to the current user's UUID".to_owned());
    } else if let Some(old) = old {
        let owner = old.text("owner_uuid").unwrap_or_default();
        if !permissions.allows(old.uuid(), owner, Level::Manage) {
            return Err(ApiError::permission_denied());
        }
        if record.moment("trash_at").is_some() {
            errors.push("Frozen by uuid cannot be set on a trashed project".to_owned());
        }
    }
    Ok(())
}

/// Refuses a group that would hold itself.
fn check_cycle(
    connection: &Connection,
    old: Option<&Record>,
    record: &Record,
    errors: &mut Vec<String>,
) -> rusqlite::Result<()> {
    let owner = record.text("owner_uuid");
    if old.is_none_or(|old| old.text("owner_uuid") == owner) {
        return Ok(());
    }
    let mut above = owner.map(str::to_owned);
    let mut seen = std::collections::HashSet::new();
    while let Some(group) = above.filter(|group| seen.insert(group.clone())) {
        if group == record.uuid() {
            errors.push("Owner uuid has an ownership cycle".to_owned());
            break;
        }
        above = owner_of(connection, &group)?;
    }
    Ok(())
}
