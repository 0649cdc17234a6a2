//! Container requests: gets, makes, commits, cancels and removes them.

use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Map, Value, json};

use super::Call;
use super::access::{check_owner_exists, check_permitted, check_writable, find_readable};
use super::assign::{assign, assign_uuid, check_uuid, raise, read_properties, stamp};
use super::auth::Actor;
use super::container_rules as rules;
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
        Ok(Map::from_iter([
            ("container_uuid".to_owned(), container.into()),
            (
                "container_state".to_owned(),
                state.unwrap_or_default().into(),
            ),
            // Nothing here schedules.
            ("scheduling_status".to_owned(), "".into()),
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
        put(&mut record, &mut attributes)?;
        assign_uuid(&mut record, call.cluster, &actor.permissions)?;
        if record.text("owner_uuid").is_none() {
            record.set("owner_uuid", actor.permissions.user_uuid.clone());
        }
        let now = call.cluster.clock.now();
        record.set("created_at", now);
        save(call, connection, &actor, None, &mut record, now)?;
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
        put(&mut record, &mut attributes)?;
        check_uuid(&old, &record)?;
        let now = call.cluster.clock.now();
        save(call, connection, &actor, Some(&old), &mut record, now)?;
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Removes a request and returns what it was.
pub(crate) fn delete(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    call.write(|connection| {
        let actor = call.actor(connection)?;
        let permissions = &actor.permissions;
        let record = find_readable(connection, &CONTAINER_REQUESTS, uuid, permissions, false)?;
        check_writable(&record, permissions)?;
        let event = Event::delete(&record);
        events::note(call.cluster, connection, permissions, &event)?;
        record.delete(connection)?;
        containers::set_priority(call, connection, record.text("container_uuid"))?;
        show(call, connection, &actor, &record, None)
    })
}

/// Puts attributes into a request, those included that no answer shows.
fn put(record: &mut Record, attributes: &mut Map<String, Value>) -> Result<(), ApiError> {
    if let Some(secrets) = attributes.remove("secret_mounts") {
        record.set("secret_mounts", secrets.to_string());
    }
    if let Some(Value::String(text)) = attributes.get("command") {
        // The service reads it as JSON, in whose words it complains.
        let command: Value = serde_json::from_str(text).map_err(|_| {
            ApiError::invalid(
                "#<Oj::ParseError: unexpected character (after ) at line 1, column 1 \
                 [parse.c:936]>",
            )
        })?;
        attributes.insert("command".to_owned(), command);
    }
    assign(record, attributes)?;
    rules::set_defaults(record);
    Ok(())
}

/// Checks a request as a whole and writes it, with its container where it is committed now.
fn save(
    call: &Call<'_>,
    connection: &Connection,
    actor: &Actor,
    old: Option<&Record>,
    record: &mut Record,
    now: clock::Micros,
) -> Result<(), ApiError> {
    let permissions = &actor.permissions;
    let mut errors = Vec::new();
    rules::check(old, record, &mut errors);
    check_owner_exists(connection, old, record, permissions, &mut errors)?;
    raise(&errors)?;
    let is_new = old.is_none_or(|old| old.text("state") != Some("Committed"));
    let is_committed = is_new && record.text("state") == Some("Committed");
    let container = match is_committed {
        true => Some(containers::prepare(call, connection, actor, record)?),
        false => None,
    };
    check_permitted(connection, old, record, permissions)?;
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
