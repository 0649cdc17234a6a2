//! Logs: shows what happened, and takes events of clients' own.

use serde_json::{Map, Value};

use super::access::find_readable;
use super::assign::{assign, assign_uuid, read_properties};
use super::render::{Renderer, Shape};
use super::{Call, service_params};
use crate::clock;
use crate::error::ApiError;
use crate::query::select;
use crate::store::record::Record;
use crate::store::table::{LOGS, Table};

/// Shows a record of a table that the controller does not know itself.
pub(crate) fn get(
    call: &Call<'_>,
    table: &'static Table,
    uuid: &str,
) -> Result<Map<String, Value>, ApiError> {
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        let names = service_params::selection(call.params)?;
        if let Some(names) = &names {
            select::check(table, names)?;
        }
        let record = find_readable(connection, table, uuid, &actor.permissions, false)?;
        let shape = Shape::handed_on(table, names.as_deref());
        Ok(Renderer::new(call, connection, &actor).shaped(&record, &shape)?)
    })
}

/// Writes down an event of a client's own, about any object.
pub(crate) fn create(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    call.write(|connection| {
        let actor = call.actor(connection)?;
        let mut attributes = call.params.attributes("CreateOptions")?;
        read_properties(&mut attributes)?;
        let permissions = &actor.permissions;
        if !permissions.is_active {
            return Err(ApiError::permission_denied());
        }
        let mut record = Record::new(&LOGS);
        assign(&mut record, &attributes)?;
        assign_uuid(&mut record, call.cluster, permissions)?;
        let now = call.cluster.clock.now();
        let user = &permissions.user_uuid;
        for (name, value) in [("owner_uuid", user), ("modified_by_user_uuid", user)] {
            record.set(name, value.clone());
        }
        record.set("created_at", now);
        record.set("modified_at", now);
        if record.moment("event_at").is_none() {
            record.set("event_at", now);
        }
        if record.text("properties").is_none() {
            record.set("properties", "{}".to_owned());
        }
        record.insert(connection)?;
        record.set("id", connection.last_insert_rowid());
        let shape = Shape::handed_on(&LOGS, None);
        let mut object = Renderer::new(call, connection, &actor).shaped(&record, &shape)?;
        let nanos = rand::random_range(1..1000);
        object.insert(
            "created_at".to_owned(),
            clock::format_nanos(now, nanos).into(),
        );
        Ok(object)
    })
}

/// Changes or removes an event, which only administrators may.
pub(crate) fn change(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        find_readable(connection, &LOGS, uuid, &actor.permissions, false)?;
        // Nothing here needs administrators to rewrite history.
        Err(ApiError::permission_denied())
    })
}
