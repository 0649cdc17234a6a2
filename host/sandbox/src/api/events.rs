//! Notes what happened to which record, for the logs that clients read.

use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Map, Value, json};

use super::values::etag;
use crate::clock::{self, Micros};
use crate::cluster::Cluster;
use crate::error::ApiError;
use crate::permission::Permissions;
use crate::store::record::Record;
use crate::store::table::{LOGS, Table, Type};

/// What happened to a record.
pub(crate) struct Event<'a> {
    kind: &'static str,
    old: Option<&'a Record>,
    new: Option<&'a Record>,
    /// What the server's clock said below the microsecond when it made the record.
    nanos: u32,
}

impl<'a> Event<'a> {
    /// A record was made.
    pub(crate) fn create(new: &'a Record, nanos: u32) -> Event<'a> {
        Event {
            kind: "create",
            old: None,
            new: Some(new),
            nanos,
        }
    }

    /// A record was changed, or a change asked for that changed nothing.
    pub(crate) fn update(old: &'a Record, new: &'a Record) -> Event<'a> {
        Event {
            kind: "update",
            old: Some(old),
            new: Some(new),
            nanos: 0,
        }
    }

    /// A record was removed.
    pub(crate) fn delete(old: &'a Record) -> Event<'a> {
        Event {
            kind: "delete",
            old: Some(old),
            new: None,
            nanos: 0,
        }
    }

    /// When it happened.
    fn moment(&self, now: Micros) -> Micros {
        let moment = match (self.kind, self.new) {
            ("create", Some(new)) => new.moment("created_at"),
            ("update", Some(new)) => new.moment("modified_at"),
            _ => None,
        };
        moment.unwrap_or(now)
    }
}

/// Writes an event down.
///
/// # Errors
///
/// Only the database's.
pub(crate) fn note(
    cluster: &Cluster,
    connection: &Connection,
    permissions: &Permissions,
    event: &Event<'_>,
) -> Result<(), ApiError> {
    let Some(subject) = event.new.or(event.old) else {
        return Ok(());
    };
    let id = number(connection, subject)?;
    let attributes = |record: Option<&Record>, nanos| {
        record.map_or(Value::Null, |record| attributes(record, id, nanos))
    };
    let etag = |record: Option<&Record>| record.map_or(Value::Null, |record| etag(record).into());
    let properties = json!({
        "old_etag": etag(event.old),
        "old_attributes": attributes(event.old, 0),
        "new_etag": etag(event.new),
        "new_attributes": attributes(event.new, event.nanos),
    });
    let now = cluster.clock.now();
    let mut log = Record::new(&LOGS);
    log.set("uuid", cluster.new_uuid(LOGS.infix));
    log.set("owner_uuid", permissions.user_uuid.clone());
    log.set("created_at", now);
    log.set("modified_by_user_uuid", permissions.user_uuid.clone());
    log.set("modified_at", cluster.clock.now());
    log.set("object_uuid", subject.uuid().to_owned());
    log.set(
        "object_owner_uuid",
        subject.text("owner_uuid").unwrap_or_default().to_owned(),
    );
    log.set("event_at", event.moment(now));
    log.set("event_type", event.kind.to_owned());
    log.set("summary", format!("{} of {}", event.kind, subject.uuid()));
    log.set("properties", properties.to_string());
    log.insert(connection)?;
    Ok(())
}

/// The number of a record's row; one that is gone already has none.
fn number(connection: &Connection, record: &Record) -> rusqlite::Result<Option<i64>> {
    let sql = format!("SELECT max(id) FROM {} WHERE uuid = ?1", record.table.name);
    connection
        .prepare_cached(&sql)?
        .query_row([record.uuid()], |row| row.get(0))
}

/// Writes all columns of a record, those included that no other answer shows.
fn attributes(record: &Record, id: Option<i64>, nanos: u32) -> Value {
    let mut object = Map::new();
    object.insert("id".to_owned(), id.into());
    object.insert("modified_by_client_uuid".to_owned(), Value::Null);
    for column in record.table.columns {
        let value = match (column.kind, record.value(column.name)) {
            (_, Sql::Null) => empty(record.table, column.name),
            (Type::Time, Sql::Integer(moment)) if column.name == "created_at" => {
                clock::format_nanos(*moment, nanos).into()
            }
            (Type::Time, Sql::Integer(moment)) => clock::format(*moment).into(),
            (Type::Boolean, Sql::Integer(number)) => (*number != 0).into(),
            (Type::Object | Type::Mounts | Type::Array, Sql::Text(text)) => {
                serde_json::from_str(text).unwrap_or(Value::Null)
            }
            (_, Sql::Integer(number)) => (*number).into(),
            (_, Sql::Text(text)) => text.as_str().into(),
            _ => Value::Null,
        };
        object.insert(column.name.to_owned(), value);
    }
    object.into()
}

/// What a column without a value holds in the real database.
fn empty(table: &Table, name: &str) -> Value {
    match (table.name, name) {
        ("collections", "file_names") => "".into(),
        _ => Value::Null,
    }
}
