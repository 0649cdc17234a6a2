//! Links: gets, makes, changes and removes them.
//!
//! Links of docker images have no rules of their own: duplicates are legal, names may be absent,
//! and a head that is no UUID is taken as it is.

use rusqlite::Connection;
use serde_json::{Map, Value};

use super::Call;
use super::access::{can_see, check_owner_exists, check_permitted, check_writable, find_readable};
use super::assign::{
    assign, assign_uuid, check_lengths, check_uuid, explain_collision, raise, read_properties,
    stamp, unknown_attribute,
};
use super::auth::Actor;
use super::events::{self, Event};
use super::render::show;
use super::sharing;
use crate::clock;
use crate::error::ApiError;
use crate::permission::Permissions;
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
        let record = find(connection, uuid, &actor.permissions)?;
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Finds a link that the user can see.
fn find(
    connection: &Connection,
    uuid: &str,
    permissions: &Permissions,
) -> Result<Record, ApiError> {
    match Record::find(connection, &LINKS, uuid)? {
        Some(link) if sharing::is_permission(&link) => {
            if sharing::is_visible(connection, &link, permissions)? {
                Ok(link)
            } else {
                Err(ApiError::not_found())
            }
        }
        _ => find_readable(connection, &LINKS, uuid, permissions, false),
    }
}

/// Makes a link.
///
/// Where a permission link for the same two exists it is returned, raised to the level asked for.
pub(crate) fn create(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    let names = call.params.strings("select", "CreateOptions")?;
    let mut attributes = call.params.attributes("CreateOptions")?;
    read_properties(&mut attributes)?;
    call.write(|connection| {
        let actor = call.actor(connection)?;
        let permissions = &actor.permissions;
        let mut record = Record::new(&LINKS);
        assign(&mut record, &attributes)?;
        if !permissions.is_active {
            return Err(ApiError::permission_denied());
        }
        if record.text("owner_uuid").is_none() {
            record.set("owner_uuid", permissions.user_uuid.clone());
        }
        if record.text("properties").is_none() {
            record.set("properties", "{}".to_owned());
        }
        if let Some(known) = sharing::find_equal(connection, &record)? {
            let mut raised = known.clone();
            if sharing::is_higher(&record, &known) {
                raised.set("name", record.value("name").clone());
                save(call, connection, &actor, &known, &mut raised, &attributes)?;
            }
            return show(call, connection, &actor, &raised, names.as_deref());
        }
        assign_uuid(&mut record, call.cluster, permissions)?;
        validate(connection, None, &mut record, &attributes, permissions)?;
        let now = call.cluster.clock.now();
        record.set("created_at", now);
        stamp(&mut record, permissions, now);
        record
            .insert(connection)
            .map_err(|error| explain_collision(error, &record))?;
        let nanos = rand::random_range(1..1000);
        let event = Event::create(&record, nanos);
        events::note(call.cluster, connection, permissions, &event)?;
        let mut object = show(call, connection, &actor, &record, names.as_deref())?;
        if let Some(created_at) = object.get_mut("created_at") {
            *created_at = clock::format_nanos(now, nanos).into();
        }
        Ok(object)
    })
}

/// Changes a link; properties are replaced as a whole.
pub(crate) fn update(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    let names = call.params.strings("select", "UpdateOptions")?;
    let mut attributes = call.params.attributes("UpdateOptions")?;
    read_properties(&mut attributes)?;
    call.write(|connection| {
        let actor = call.actor(connection)?;
        let old = find(connection, uuid, &actor.permissions)?;
        let mut record = old.clone();
        // The kinds of both ends may be told of a new link only.
        if let Some(name) = ["head_kind", "tail_kind"]
            .into_iter()
            .find(|name| attributes.contains_key(*name))
        {
            return Err(unknown_attribute(&LINKS, name));
        }
        assign(&mut record, &attributes)?;
        check_uuid(&old, &record)?;
        save(call, connection, &actor, &old, &mut record, &attributes)?;
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Writes a changed link with the event of it.
fn save(
    call: &Call<'_>,
    connection: &Connection,
    actor: &Actor,
    old: &Record,
    record: &mut Record,
    attributes: &Map<String, Value>,
) -> Result<(), ApiError> {
    let permissions = &actor.permissions;
    // Also a change of nothing is for those only who may change it.
    validate(connection, Some(old), record, attributes, permissions)?;
    if record != old {
        sharing::check_change(old, record)?;
        stamp(record, permissions, call.cluster.clock.now());
        record
            .update(connection)
            .map_err(|error| explain_collision(error, record))?;
    }
    let event = Event::update(old, record);
    events::note(call.cluster, connection, permissions, &event)
}

/// Removes a link for good and returns what it was.
pub(crate) fn delete(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    call.write(|connection| {
        let actor = call.actor(connection)?;
        let permissions = &actor.permissions;
        let record = find(connection, uuid, permissions)?;
        if sharing::is_permission(&record) {
            sharing::check_permitted(connection, &record, permissions)?;
        } else {
            check_writable(&record, permissions)?;
        }
        let event = Event::delete(&record);
        events::note(call.cluster, connection, permissions, &event)?;
        record.delete(connection)?;
        show(call, connection, &actor, &record, None)
    })
}

/// Checks a link as a whole.
fn validate(
    connection: &Connection,
    old: Option<&Record>,
    record: &mut Record,
    attributes: &Map<String, Value>,
    permissions: &Permissions,
) -> Result<(), ApiError> {
    check_kinds(record, attributes)?;
    let class = record.text("link_class").unwrap_or_default();
    if class == "name" {
        return Err(ApiError::invalid("Name Name links are obsolete"));
    }
    let is_permission = sharing::is_permission(record);
    let is_port = class == "published_port";
    if is_permission {
        // Whoever shares something cannot take the link away from the cluster.
        let cluster = permissions.user_uuid.get(..5).unwrap_or_default();
        record.set("owner_uuid", uuid::system_user(cluster));
    }
    let mut errors = Vec::new();
    check_owner_exists(connection, old, record, permissions, &mut errors)?;
    for (name, label) in [("tail_uuid", "Tail"), ("head_uuid", "Head")] {
        let is_changed = old.is_none_or(|old| old.value(name) != record.value(name));
        let Some(end) = record.text(name).filter(|_| is_changed) else {
            continue;
        };
        // What stands for no object of a known type, such as a portable data hash, is not looked up,
        // and the system's own user is always there.
        let is_special = end.get(5..) == Some(&uuid::system_user("")[..]);
        if uuid::kind_of(end).is_some() && !is_special && !can_see(connection, end, permissions)? {
            errors.push(format!("{label} uuid '{end}' not found"));
        }
    }
    if is_port && record.text("head_uuid").and_then(uuid::infix) != Some("xvhdp") {
        errors.push("Head uuid must be a container request UUID".to_owned());
    }
    if is_permission {
        sharing::check(connection, record, permissions, &mut errors)?;
    }
    raise(&errors)?;
    if is_permission {
        sharing::check_permitted(connection, record, permissions)?;
    } else {
        check_permitted(connection, old, record, permissions)?;
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
