//! One row of a table, read from and written to the database.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use serde_json::Value as Json;

use super::table::Table;
use crate::clock::Micros;

/// One row; a column that was not read is null.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// The table it belongs to.
    pub(crate) table: &'static Table,
    values: Vec<Value>,
}

impl PartialEq for Record {
    fn eq(&self, other: &Record) -> bool {
        std::ptr::eq(self.table, other.table) && self.values == other.values
    }
}

impl Record {
    /// Makes a row of nulls.
    pub(crate) fn new(table: &'static Table) -> Record {
        Record {
            table,
            values: vec![Value::Null; table.columns.len()],
        }
    }

    /// Reads a row of a query that returned the columns at `positions`, in this order.
    pub(crate) fn read(
        table: &'static Table,
        positions: &[usize],
        row: &Row<'_>,
    ) -> rusqlite::Result<Record> {
        let mut record = Record::new(table);
        for (index, position) in positions.iter().enumerate() {
            record.values[*position] = row.get(index)?;
        }
        Ok(record)
    }

    /// Finds the row of a UUID.
    pub(crate) fn find(
        connection: &Connection,
        table: &'static Table,
        uuid: &str,
    ) -> rusqlite::Result<Option<Record>> {
        let all: Vec<usize> = (0..table.columns.len()).collect();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {} FROM {} WHERE uuid = ?1",
            column_list(table),
            table.name
        ))?;
        let mut rows = statement.query([uuid])?;
        match rows.next()? {
            Some(row) => Record::read(table, &all, row).map(Some),
            None => Ok(None),
        }
    }

    /// Adds the row to the database.
    pub(crate) fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        let marks = vec!["?"; self.values.len()].join(",");
        let mut statement = connection.prepare_cached(&format!(
            "INSERT INTO {} ({}) VALUES ({marks})",
            self.table.name,
            column_list(self.table)
        ))?;
        statement.execute(params_from_iter(&self.values))?;
        Ok(())
    }

    /// Replaces the row of the same UUID.
    pub(crate) fn update(&self, connection: &Connection) -> rusqlite::Result<()> {
        let settings: Vec<String> = self
            .table
            .columns
            .iter()
            .map(|column| format!("{}=?", column.name))
            .collect();
        let mut statement = connection.prepare_cached(&format!(
            "UPDATE {} SET {} WHERE uuid = ?",
            self.table.name,
            settings.join(",")
        ))?;
        statement.execute(params_from_iter(
            self.values.iter().chain(std::iter::once(&self.values[0])),
        ))?;
        Ok(())
    }

    /// Removes the row of the same UUID.
    pub(crate) fn delete(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .prepare_cached(&format!("DELETE FROM {} WHERE uuid = ?1", self.table.name))?
            .execute([self.uuid()])?;
        Ok(())
    }

    /// The raw value of the column at a place.
    pub(crate) fn at(&self, position: usize) -> &Value {
        &self.values[position]
    }

    /// The raw value of a column.
    pub(crate) fn value(&self, name: &str) -> &Value {
        self.table
            .position(name)
            .map_or(&Value::Null, |position| &self.values[position])
    }

    /// Sets a column; a name that the table lacks is a mistake of the caller and ignored.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        if let Some(position) = self.table.position(name) {
            self.values[position] = value.into();
        }
    }

    /// The UUID.
    pub(crate) fn uuid(&self) -> &str {
        self.text("uuid").unwrap_or_default()
    }

    /// A column of text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A column of numbers, moments or truth values.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.value(name) {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// A moment.
    pub(crate) fn moment(&self, name: &str) -> Option<Micros> {
        self.integer(name)
    }

    /// A truth value; null is false.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.integer(name) == Some(1)
    }

    /// A column of JSON.
    pub(crate) fn json(&self, name: &str) -> Option<Json> {
        self.text(name)
            .and_then(|text| serde_json::from_str(text).ok())
    }
}

/// The names of all columns, for SQL.
fn column_list(table: &Table) -> String {
    table
        .columns
        .iter()
        .map(|column| column.name)
        .collect::<Vec<_>>()
        .join(",")
}
