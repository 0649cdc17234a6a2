//! Writes records as the controller shows them.

use md5::{Digest, Md5};
use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Map, Value, json};

use crate::clock::{self, Micros, SECOND};
use crate::manifest;
use crate::permission::{Level, Permissions};
use crate::query::select;
use crate::signature::Signer;
use crate::store::record::Record;
use crate::store::table::{Column, Type};
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

impl Renderer<'_> {
    /// Writes one record.
    ///
    /// With a selection the result holds only what was selected, and `kind` and `etag`, the
    /// latter empty unless selected. `is_list` leaves manifests out that were not selected.
    pub(crate) fn object(
        &self,
        record: &Record,
        names: Option<&[String]>,
    ) -> rusqlite::Result<Map<String, Value>> {
        let table = record.table;
        let wants =
            |name: &str| names.is_none_or(|names| names.iter().any(|wanted| wanted == name));
        let mut object = Map::new();
        object.insert("kind".to_owned(), table.kind.into());
        let etag = if wants("etag") {
            etag(record)
        } else {
            String::new()
        };
        object.insert("etag".to_owned(), etag.into());
        for column in table.columns.iter().filter(|column| column.is_visible) {
            if wants(column.name) {
                object.insert(
                    column.name.to_owned(),
                    value(column, record.value(column.name)),
                );
            }
        }
        for name in select::computed(table).iter().filter(|name| wants(name)) {
            self.compute(record, name, names.is_some(), &mut object)?;
        }
        if table.name == "links" && names.is_none() {
            for (kind, end) in [("head_kind", "head_uuid"), ("tail_kind", "tail_uuid")] {
                let found = record.text(end).and_then(uuid::kind_of).unwrap_or_default();
                object.insert(kind.to_owned(), found.into());
            }
        }
        if table.name == "collections" && wants("manifest_text") {
            let text = record.text("manifest_text").unwrap_or_default();
            object.insert("manifest_text".to_owned(), self.sign(record, text).into());
        }
        Ok(object)
    }

    /// Adds an attribute that is no column.
    fn compute(
        &self,
        record: &Record,
        name: &str,
        is_selected: bool,
        object: &mut Map<String, Value>,
    ) -> rusqlite::Result<()> {
        let owner = record.text("owner_uuid").unwrap_or_default();
        let text = |name: &str| record.text(name).unwrap_or_default();
        let computed: Value = match name {
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
        };
        object.insert(name.to_owned(), computed);
        Ok(())
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

    /// The owner, and for those who may share the object also whom it is shared with.
    fn writable_by(&self, record: &Record) -> rusqlite::Result<Value> {
        let owner = record.text("owner_uuid").unwrap_or_default();
        let mut users = vec![owner.to_owned()];
        if self.permissions.allows(record.uuid(), owner, Level::Manage) {
            users.push(self.permissions.user_uuid.clone());
            let mut statement = self.connection.prepare_cached(
                "SELECT DISTINCT tail_uuid FROM links WHERE link_class = 'permission' \
                 AND head_uuid = ?1 AND name IN ('can_write', 'can_manage') AND tail_uuid <> ''",
            )?;
            let mut rows = statement.query([record.uuid()])?;
            while let Some(row) = rows.next()? {
                users.push(row.get(0)?);
            }
        }
        Ok(users.into())
    }

    /// Signs a manifest for the client; what is in the trash stays unsigned.
    pub(crate) fn sign(&self, record: &Record, text: &str) -> String {
        if text.is_empty() || record.is("is_trashed") || self.token.is_empty() {
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
                Type::Object | Type::Array => Value::Null,
                _ => value(column, &Sql::Null),
            };
            object.insert(column.name.to_owned(), zero);
        }
        object.insert("uuid".to_owned(), hash.into());
        object.insert("portable_data_hash".to_owned(), hash.into());
        object.insert("trash_at".to_owned(), moment(record.moment("trash_at")));
        object.insert("manifest_text".to_owned(), self.sign(record, text).into());
        object.insert("unsigned_manifest_text".to_owned(), "".into());
        if let Some(names) = names {
            object.retain(|name, _| names.iter().any(|wanted| wanted == name));
        }
        object.insert("kind".to_owned(), record.table.kind.into());
        object.insert("etag".to_owned(), "".into());
        object
    }
}

/// Writes one value.
fn value(column: &Column, value: &Sql) -> Value {
    match (column.kind, value) {
        (Type::Time, Sql::Integer(micros)) => clock::format(*micros).into(),
        (Type::Boolean, Sql::Integer(number)) => (*number != 0).into(),
        (Type::Integer, Sql::Integer(number)) => (*number).into(),
        (Type::Object | Type::Array, Sql::Text(text)) => {
            serde_json::from_str(text).unwrap_or(Value::Null)
        }
        (_, Sql::Text(text)) => text.clone().into(),
        // What the controller makes of null.
        (_, _) if column.is_nullable => Value::Null,
        (Type::Text | Type::LongText, _) => "".into(),
        (Type::Object, _) => json!({}),
        (Type::Array, _) => json!([]),
        (Type::Boolean, _) => false.into(),
        (Type::Integer, _) => 0.into(),
        (Type::Time, _) => Value::Null,
    }
}

/// Writes a moment that may be missing.
pub(crate) fn moment(moment: Option<Micros>) -> Value {
    moment.map_or(Value::Null, |moment| clock::format(moment).into())
}

/// Makes a text that changes with the record: 128 bits in base 36.
pub(crate) fn etag(record: &Record) -> String {
    let mut digest = Md5::new();
    for column in record
        .table
        .columns
        .iter()
        .filter(|column| column.is_visible)
    {
        match record.value(column.name) {
            Sql::Text(text) => digest.update(text.as_bytes()),
            Sql::Integer(number) => digest.update(number.to_le_bytes()),
            _ => {}
        }
        digest.update([0]);
    }
    let mut number = u128::from_be_bytes(digest.finalize().into());
    let mut digits = Vec::with_capacity(25);
    while number > 0 {
        let digit = u32::try_from(number % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
    }
    digits.iter().rev().collect()
}
