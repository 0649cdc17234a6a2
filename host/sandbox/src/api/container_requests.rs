//! Container requests: gets, makes, commits, cancels and removes them.

use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Map, Value, json};

use super::Call;
use super::access::{check_owner_exists, check_permitted, check_writable, find_readable};
use super::assign::{
    assign, assign_uuid, check_lengths, check_uuid, raise, read_properties, stamp,
};
use super::auth::{self, Actor};
use super::container_rules as rules;
use super::container_values as values;
use super::containers;
use super::events::{self, Event};
use super::render::show;
use super::{form, list_options};
use crate::clock;
use crate::error::ApiError;
use crate::query::select;
use crate::store::record::Record;
use crate::store::table::{CONTAINER_REQUESTS, CONTAINERS};

/// Gets one request.
pub(crate) fn get(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    let names = call.select(&CONTAINER_REQUESTS, "GetOptions")?;
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        if let Some(names) = &names {
            select::check(&CONTAINER_REQUESTS, names)?;
        }
        let record = find_readable(
            connection,
            &CONTAINER_REQUESTS,
            uuid,
            &actor.permissions,
            false,
        )?;
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Says how the container of a request is doing.
pub(crate) fn status(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    // The controller gets the request first.
    let names = ["uuid", "container_uuid", "log_uuid"].map(str::to_owned);
    let selection = list_options::sent_selection(&CONTAINER_REQUESTS, &names);
    *call.place.borrow_mut() = format!(
        "/arvados/v1/container_requests/{uuid}?{}",
        form(&[("select", &selection)])
    );
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        let table = &CONTAINER_REQUESTS;
        let record = find_readable(connection, table, uuid, &actor.permissions, false)?;
        let container = record.text("container_uuid").unwrap_or_default();
        let found = Record::find(connection, &CONTAINERS, container)?;
        let state = found.as_ref().and_then(|found| found.text("state"));
        let priority = found.as_ref().and_then(|found| found.integer("priority"));
        // Nothing here schedules, so what is to run waits.
        let status = match (state, priority) {
            (None, _) => "No container is assigned.",
            (Some("Locked"), _) => "Waiting in queue.",
            (Some("Queued"), Some(priority)) if priority > 0 => "Waiting in queue.",
            _ => "",
        };
        Ok(Map::from_iter([
            ("kind".to_owned(), "arvados#containerStatus".into()),
            ("uuid".to_owned(), container.into()),
            (
                "container_state".to_owned(),
                state.unwrap_or_default().into(),
            ),
            ("scheduling_status".to_owned(), status.into()),
        ]))
    })
}

/// Makes a request, and the container for it where it is committed at once.
pub(crate) fn create(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    let names = call.params.strings("select", "CreateOptions")?;
    let mut attributes = call.params.attributes("CreateOptions")?;
    read_properties(&mut attributes)?;
    call.write(|connection| {
        let actor = call.actor(connection)?;
        let mut record = Record::new(&CONTAINER_REQUESTS);
        let numbers = put(&mut record, &mut attributes)?;
        assign_uuid(&mut record, call.cluster, &actor.permissions)?;
        if record.text("owner_uuid").is_none() {
            record.set("owner_uuid", actor.permissions.user_uuid.clone());
        }
        let now = call.cluster.clock.now();
        record.set("created_at", now);
        save(call, connection, &actor, None, &mut record, numbers)?;
        let mut object = show(call, connection, &actor, &record, names.as_deref())?;
        // A committed request has been read back from the database.
        if record.text("state") == Some("Uncommitted")
            && let Some(created_at) = object.get_mut("created_at")
        {
            *created_at = clock::format_nanos(now, rand::random_range(1..1000)).into();
        }
        Ok(object)
    })
}

/// Changes, commits or cancels a request.
pub(crate) fn update(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    let names = call.params.strings("select", "UpdateOptions")?;
    let mut attributes = call.params.attributes("UpdateOptions")?;
    read_properties(&mut attributes)?;
    call.write(|connection| {
        let actor = call.actor(connection)?;
        let table = &CONTAINER_REQUESTS;
        let old = find_readable(connection, table, uuid, &actor.permissions, false)?;
        let mut record = old.clone();
        let numbers = put(&mut record, &mut attributes)?;
        check_uuid(&old, &record)?;
        save(call, connection, &actor, Some(&old), &mut record, numbers)?;
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Removes a request and returns what it was.
pub(crate) fn delete(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    call.write(|connection| {
        let actor = call.actor(connection)?;
        let permissions = &actor.permissions;
        let table = &CONTAINER_REQUESTS;
        let mut record = find_readable(connection, table, uuid, permissions, false)?;
        check_writable(&record, permissions)?;
        // What is not urgent any more is cancelled by the dispatcher.
        if record.integer("priority").unwrap_or(0) > 0 && record.text("state") != Some("Final") {
            let old = record.clone();
            record.set("priority", 0);
            stamp(&mut record, permissions, call.cluster.clock.now());
            record.update(connection)?;
            let event = Event::update(&old, &record);
            events::note(call.cluster, connection, permissions, &event)?;
        }
        let event = Event::delete(&record);
        events::note(call.cluster, connection, permissions, &event)?;
        record.delete(connection)?;
        containers::set_priority(call, connection, record.text("container_uuid"))?;
        show(call, connection, &actor, &record, None)
    })
}

/// Puts attributes into a request, those included that no answer shows, and returns what is wrong
/// with the numbers among them.
fn put(record: &mut Record, attributes: &mut Map<String, Value>) -> Result<Vec<String>, ApiError> {
    values::read(attributes)?;
    if let Some(secrets) = attributes.remove("secret_mounts") {
        record.set("secret_mounts", secrets.to_string());
    }
    if let Some(filters @ Value::Array(_)) = attributes.get("filters") {
        let text = filters.to_string();
        attributes.insert("filters".to_owned(), text.into());
    }
    let numbers = values::check_numbers(attributes);
    assign(record, attributes)?;
    rules::set_defaults(record);
    Ok(numbers)
}

/// Checks a request as a whole and writes it, with its container where it is committed now.
fn save(
    call: &Call<'_>,
    connection: &Connection,
    actor: &Actor,
    old: Option<&Record>,
    record: &mut Record,
    numbers: Vec<String>,
) -> Result<(), ApiError> {
    let permissions = &actor.permissions;
    let now = match old {
        None => record.moment("created_at"),
        Some(_) => None,
    };
    let now = now.unwrap_or_else(|| call.cluster.clock.now());
    let mut errors = Vec::new();
    check_owner_exists(connection, old, record, permissions, &mut errors)?;
    rules::check(old, record, numbers, &mut errors);
    check_token(connection, old, record, now, &mut errors)?;
    if errors.is_empty() {
        rules::check_container(old, record, &mut errors);
    }
    raise(&errors)?;
    let is_new = old.is_none_or(|old| old.text("state") != Some("Committed"));
    let is_committed = is_new && record.text("state") == Some("Committed");
    let container = match is_committed {
        true => Some(containers::prepare(call, connection, actor, record)?),
        false => None,
    };
    check_permitted(connection, old, record, permissions)?;
    check_lengths(record)?;
    if let Some(container) = container {
        containers::take(call, connection, actor, record, container)?;
    }
    if old.is_none_or(|old| old != record) {
        stamp(record, permissions, now);
    }
    let event = match old {
        None => {
            record.insert(connection)?;
            Event::create(record, 0)
        }
        Some(old) => {
            record.update(connection)?;
            Event::update(old, record)
        }
    };
    events::note(call.cluster, connection, permissions, &event)?;
    containers::set_priority(call, connection, record.text("container_uuid"))
}

/// Checks the token that a container is to have in place of a new one.
fn check_token(
    connection: &Connection,
    old: Option<&Record>,
    record: &Record,
    now: clock::Micros,
    errors: &mut Vec<String>,
) -> Result<(), ApiError> {
    let is_new = old.is_none_or(|old| old.value("runtime_token") != record.value("runtime_token"));
    if let Some(token) = record.text("runtime_token").filter(|_| is_new)
        && auth::identify(connection, Some(token), now).is_err()
    {
        errors.push("Runtime token failed validation".to_owned());
    }
    Ok(())
}

/// Sets a column of JSON unless it is there.
pub(super) fn default_json(record: &mut Record, name: &str, value: &Value) {
    if *record.value(name) == Sql::Null {
        record.set(name, value.to_string());
    }
}

/// The runtime constraints of a request that names none.
pub(super) fn constraints() -> Value {
    json!({
        "API": false,
        "gpu": {
            "device_count": 0, "driver_version": "", "hardware_target": [], "stack": "", "vram": 0,
        },
        "keep_cache_disk": 0, "keep_cache_ram": 0, "ram": 0, "vcpus": 0,
    })
}
