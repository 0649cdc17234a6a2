//! Groups: shows, makes, freezes and trashes projects.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::Call;
use super::access::find_readable;
use super::assign::{
    assign, assign_uuid, check_uuid, explain_collision, insert_renaming, read_properties, stamp,
};
use super::auth::Actor;
use super::events::{self, Event};
use super::group_rules::{check, check_contents};
use super::render::show;
use super::trash::{self, Moments, Way};
use crate::clock::{self, Micros, SECOND};
use crate::error::ApiError;
use crate::permission::Permissions;
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
    // Also a change of nothing is for those only who may change it.
    check(connection, Some(old), record, permissions, errors)?;
    if record != old {
        stamp(record, permissions, moments.now);
        record
            .update(connection)
            .map_err(|error| explain_collision(error, record))?;
        check_contents(connection, old, record)?;
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
