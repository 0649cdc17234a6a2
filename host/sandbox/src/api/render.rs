//! Writes records as the controller shows them.

use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};

use super::Call;
use super::auth::Actor;
use super::values::{etag, moment, null, write_text, write_value};
use crate::clock::{Micros, SECOND};
use crate::error::ApiError;
use crate::manifest;
use crate::permission::{Level, Permissions};
use crate::query::select;
use crate::signature::Signer;
use crate::store::record::Record;
use crate::store::table::{Column, Table, Type};
use crate::uuid;

/// What writing a record depends on.
pub(crate) struct Renderer<'a> {
    /// Signs manifests.
    pub(crate) signer: &'a Signer,
    /// The token as the client presented it.
    pub(crate) token: &'a str,
    /// The present moment.
    pub(crate) now: Micros,
    /// Who asks.
    pub(crate) permissions: &'a Permissions,
    /// For what else must be looked up.
    pub(crate) connection: &'a Connection,
}

/// The attributes of one table that an answer holds; worked out once for a whole list.
pub(crate) struct Shape<'a> {
    table: &'static Table,
    names: Option<&'a [String]>,
    /// What every record begins with, up to its first column.
    opening: String,
    columns: Vec<Member>,
    computed: Vec<&'static str>,
    /// Whether it shows columns alone, just as they lie in the database.
    is_plain: bool,
    /// Whether the controller hands it on as the service behind wrote it.
    is_handed_on: bool,
}

/// A column that an answer shows.
struct Member {
    /// Its place in the table.
    position: usize,
    column: &'static Column,
    /// What stands before its value.
    opening: String,
}

impl<'a> Shape<'a> {
    /// Works out what a selection wants; none wants everything.
    ///
    /// `kind` and `etag` are always there, the latter empty unless selected.
    pub(crate) fn new(table: &'static Table, names: Option<&'a [String]>) -> Shape<'a> {
        let mut shape = Shape {
            table,
            names,
            opening: format!("{{\"kind\":{}", Value::from(table.kind)),
            columns: Vec::new(),
            computed: Vec::new(),
            is_plain: false,
            is_handed_on: false,
        };
        for (position, column) in table.columns.iter().enumerate() {
            // A manifest is shown signed, see below.
            let is_manifest = column.name == "manifest_text";
            if column.is_visible && !is_manifest && shape.wants(column.name) {
                shape.columns.push(Member {
                    position,
                    column,
                    opening: format!(",\"{}\":", column.name),
                });
            }
        }
        for name in select::computed(table) {
            if shape.wants(name) {
                shape.computed.push(name);
            }
        }
        shape.is_plain = names.is_some()
            && shape.computed.is_empty()
            && !shape.wants("etag")
            && !(table.name == "collections" && shape.wants("manifest_text"));
        shape
    }

    /// As [`Shape::new`], for what the controller hands on unchanged: null stays null, and `etag`
    /// is there only if it was selected.
    pub(crate) fn handed_on(table: &'static Table, names: Option<&'a [String]>) -> Shape<'a> {
        Shape {
            is_handed_on: true,
            is_plain: false,
            ..Shape::new(table, names)
        }
    }

    fn wants(&self, name: &str) -> bool {
        self.names
            .is_none_or(|names| names.iter().any(|wanted| wanted == name))
    }
}

/// The kind of what a link points to or from; an address of mail is one, too.
fn kind_of_end(end: &str) -> Option<&'static str> {
    let is_address = end
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    uuid::kind_of(end).or_else(|| is_address.then_some("email"))
}

/// Shows one record to whoever called.
pub(crate) fn show(
    call: &Call<'_>,
    connection: &Connection,
    actor: &Actor,
    record: &Record,
    names: Option<&[String]>,
) -> Result<Map<String, Value>, ApiError> {
    Ok(Renderer::new(call, connection, actor).object(record, names)?)
}

impl<'a> Renderer<'a> {
    /// Makes the renderer for whoever called.
    pub(crate) fn new(call: &Call<'a>, connection: &'a Connection, actor: &'a Actor) -> Self {
        Renderer {
            signer: &call.cluster.signer,
            token: &actor.token,
            now: call.cluster.clock.now(),
            permissions: &actor.permissions,
            connection,
        }
    }

    /// Writes one record as an object.
    pub(crate) fn object(
        &self,
        record: &Record,
        names: Option<&[String]>,
    ) -> rusqlite::Result<Map<String, Value>> {
        self.shaped(record, &Shape::new(record.table, names))
    }

    /// Writes one record as an object of a shape.
    pub(crate) fn shaped(
        &self,
        record: &Record,
        shape: &Shape<'_>,
    ) -> rusqlite::Result<Map<String, Value>> {
        let mut text = Vec::new();
        self.write(record, shape, &mut text)?;
        Ok(serde_json::from_slice(&text).expect("records are written as JSON objects"))
    }

    /// Appends the JSON of a row that has the columns at these places of the table.
    pub(crate) fn write_row(
        &self,
        row: &Row<'_>,
        positions: &[usize],
        shape: &Shape<'_>,
        out: &mut Vec<u8>,
    ) -> rusqlite::Result<()> {
        if !shape.is_plain {
            return self.write(&Record::read(shape.table, positions, row)?, shape, out);
        }
        out.extend_from_slice(shape.opening.as_bytes());
        out.extend_from_slice(b",\"etag\":\"\"");
        for member in &shape.columns {
            let index = positions.iter().position(|at| *at == member.position);
            let value = match index {
                Some(index) => row.get_ref(index)?,
                None => ValueRef::Null,
            };
            out.extend_from_slice(member.opening.as_bytes());
            write_value(out, member.column, value);
        }
        out.push(b'}');
        Ok(())
    }

    /// Appends the JSON of one record.
    pub(crate) fn write(
        &self,
        record: &Record,
        shape: &Shape<'_>,
        out: &mut Vec<u8>,
    ) -> rusqlite::Result<()> {
        let member = |name: &str, out: &mut Vec<u8>| {
            out.push(b',');
            write_text(out, name);
            out.push(b':');
        };
        out.extend_from_slice(shape.opening.as_bytes());
        if shape.wants("etag") {
            member("etag", out);
            write_text(out, &etag(record));
        } else if !shape.is_handed_on {
            member("etag", out);
            write_text(out, "");
        }
        for shown in &shape.columns {
            out.extend_from_slice(shown.opening.as_bytes());
            let value = record.at(shown.position);
            match (shape.is_handed_on, value) {
                (true, Sql::Null) if shown.column.kind != Type::Object => {
                    out.extend_from_slice(b"null");
                }
                (true, Sql::Real(number)) => {
                    out.extend_from_slice(Value::from(*number).to_string().as_bytes());
                }
                _ => write_value(out, shown.column, value.into()),
            }
        }
        for name in &shape.computed {
            let value = self.compute(record, name, shape.names.is_some())?;
            // An empty list of those who may write is left out.
            if value.as_array().is_some_and(Vec::is_empty) {
                continue;
            }
            member(name, out);
            out.extend_from_slice(value.to_string().as_bytes());
        }
        if shape.table.name == "logs" && shape.wants("object_kind") {
            member("object_kind", out);
            let kind = record.text("object_uuid").and_then(uuid::kind_of);
            write_text(out, kind.unwrap_or_default());
        }
        if shape.table.name == "links" && shape.names.is_none() {
            for (kind, end) in [("head_kind", "head_uuid"), ("tail_kind", "tail_uuid")] {
                member(kind, out);
                let found = record.text(end).and_then(kind_of_end).unwrap_or_default();
                write_text(out, found);
            }
        }
        if shape.table.name == "collections" && shape.wants("manifest_text") {
            member("manifest_text", out);
            let text = record.text("manifest_text").unwrap_or_default();
            write_text(out, &self.sign(record, text));
        }
        out.push(b'}');
        Ok(())
    }

    /// Works out an attribute that is no column.
    fn compute(&self, record: &Record, name: &str, is_selected: bool) -> rusqlite::Result<Value> {
        let owner = record.text("owner_uuid").unwrap_or_default();
        let text = |name: &str| record.text(name).unwrap_or_default();
        Ok(match name {
            "unsigned_manifest_text" if is_selected => text("manifest_text").into(),
            "unsigned_manifest_text" => "".into(),
            "full_name" => format!("{} {}", text("first_name"), text("last_name"))
                .trim()
                .to_owned()
                .into(),
            // Whoever belongs to the role of all users has been invited.
            "is_invited" => self.is_invited(record)?.into(),
            "can_write" => self
                .permissions
                .allows(record.uuid(), owner, Level::Write)
                .into(),
            "can_manage" => self
                .permissions
                .allows(record.uuid(), owner, Level::Manage)
                .into(),
            "writable_by" => self.writable_by(record)?,
            _ => Value::Null,
        })
    }

    fn is_invited(&self, record: &Record) -> rusqlite::Result<bool> {
        if record.is("is_active") {
            return Ok(true);
        }
        let cluster = record.uuid().get(..5).unwrap_or_default();
        self.connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM links WHERE link_class = 'permission' \
                 AND tail_uuid = ?1 AND head_uuid = ?2)",
            )?
            .query_row([record.uuid(), &uuid::all_users_group(cluster)], |row| {
                row.get(0)
            })
    }

    /// The owner, and for those who may share the object also whom it is shared with; nobody for
    /// what is frozen.
    fn writable_by(&self, record: &Record) -> rusqlite::Result<Value> {
        let owner = record.text("owner_uuid").unwrap_or_default();
        let permissions = self.permissions;
        let is_managed = permissions.allows(record.uuid(), owner, Level::Manage);
        let is_frozen = record
            .text("frozen_by_uuid")
            .is_some_and(|by| !by.is_empty());
        if permissions.is_frozen(owner) || (is_frozen && !is_managed) {
            return Ok(json!([]));
        }
        let mut users = vec![owner.to_owned()];
        if is_managed {
            users.push(permissions.user_uuid.clone());
            let mut statement = self.connection.prepare_cached(
                "SELECT DISTINCT tail_uuid FROM links WHERE link_class = 'permission' \
                 AND head_uuid = ?1 AND name IN ('can_write', 'can_manage') AND tail_uuid <> ''",
            )?;
            let mut rows = statement.query([record.uuid()])?;
            while let Some(row) = rows.next()? {
                users.push(row.get(0)?);
            }
        } else if permissions.has(record.uuid(), owner, Level::Write) {
            users.push(permissions.user_uuid.clone());
        }
        Ok(users.into())
    }

    /// Signs a manifest for the client; what is in the trash stays unsigned.
    pub(crate) fn sign(&self, record: &Record, text: &str) -> String {
        if record.is("is_trashed") {
            return text.to_owned();
        }
        self.sign_anyway(record, text)
    }

    /// Signs a manifest for the client, until its collection goes into the trash.
    fn sign_anyway(&self, record: &Record, text: &str) -> String {
        if text.is_empty() || self.token.is_empty() {
            return text.to_owned();
        }
        let mut expiry = self.now / SECOND + self.signer.ttl();
        if let Some(trash_at) = record.moment("trash_at") {
            expiry = expiry.min(trash_at / SECOND);
        }
        manifest::sign(text, self.signer, self.token, expiry)
    }

    /// Writes what is known of a collection asked for by its portable data hash.
    pub(crate) fn by_hash(
        &self,
        record: &Record,
        hash: &str,
        names: Option<&[String]>,
    ) -> Map<String, Value> {
        let text = record.text("manifest_text").unwrap_or_default();
        let mut object = Map::new();
        for column in record
            .table
            .columns
            .iter()
            .filter(|column| column.is_visible)
        {
            let zero = match column.kind {
                Type::Object | Type::Mounts | Type::Array => Value::Null,
                _ => null(column),
            };
            object.insert(column.name.to_owned(), zero);
        }
        object.insert("uuid".to_owned(), hash.into());
        object.insert("portable_data_hash".to_owned(), hash.into());
        object.insert("trash_at".to_owned(), moment(record.moment("trash_at")));
        object.insert(
            "manifest_text".to_owned(),
            self.sign_anyway(record, text).into(),
        );
        object.insert("unsigned_manifest_text".to_owned(), "".into());
        if let Some(names) = names {
            object.retain(|name, _| names.iter().any(|wanted| wanted == name));
        }
        object.insert("kind".to_owned(), record.table.kind.into());
        object.insert("etag".to_owned(), "".into());
        object
    }
}
