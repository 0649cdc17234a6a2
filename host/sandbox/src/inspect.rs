//! Lets tests see what a cluster holds.

use std::sync::Arc;

use serde_json::Value;

use crate::api::render::Renderer;
use crate::cluster::Cluster;
use crate::permission::Permissions;
use crate::store::record::Record;
use crate::store::table::{COLLECTIONS, GROUPS, LINKS, Table, USERS};
use crate::uuid;

/// Reads stored records past every permission; [`crate::Sandbox::inspect`] gives access.
#[derive(Debug, Clone)]
pub struct Inspector {
    pub(crate) cluster: Arc<Cluster>,
}

impl Inspector {
    /// Returns every link as stored, oldest first. Blocks.
    ///
    /// # Errors
    ///
    /// Fails if the database does.
    pub fn links(&self) -> Result<Vec<Value>, crate::Error> {
        self.records(&LINKS)
    }

    /// Returns every collection as stored, with its unsigned manifest, oldest first. Blocks.
    ///
    /// # Errors
    ///
    /// Fails if the database does.
    pub fn collections(&self) -> Result<Vec<Value>, crate::Error> {
        self.records(&COLLECTIONS)
    }

    /// Returns every group as stored, oldest first. Blocks.
    ///
    /// # Errors
    ///
    /// Fails if the database does.
    pub fn groups(&self) -> Result<Vec<Value>, crate::Error> {
        self.records(&GROUPS)
    }

    /// Returns every user as stored, oldest first. Blocks.
    ///
    /// # Errors
    ///
    /// Fails if the database does.
    pub fn users(&self) -> Result<Vec<Value>, crate::Error> {
        self.records(&USERS)
    }

    /// Returns hash and size of every stored block. Blocks.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be read.
    pub fn blocks(&self) -> Result<Vec<(String, u64)>, crate::Error> {
        self.cluster.blocks.list()
    }

    fn records(&self, table: &'static Table) -> Result<Vec<Value>, crate::Error> {
        let cluster = &self.cluster;
        let work = |connection: &mut rusqlite::Connection| -> rusqlite::Result<Vec<Value>> {
            let all: Vec<usize> = (0..table.columns.len()).collect();
            let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
            let mut statement = connection.prepare(&format!(
                "SELECT {} FROM {} ORDER BY created_at, id",
                names.join(","),
                table.name
            ))?;
            let mut rows = statement.query([])?;
            let permissions = Permissions::load(
                connection,
                &uuid::system_user(&cluster.id),
                true,
                true,
                cluster.clock.now(),
            )?;
            let renderer = Renderer {
                signer: &cluster.signer,
                token: "",
                now: cluster.clock.now(),
                permissions: &permissions,
                connection,
            };
            let mut records = Vec::new();
            while let Some(row) = rows.next()? {
                let record = Record::read(table, &all, row)?;
                records.push(Value::Object(renderer.object(&record, None)?));
            }
            Ok(records)
        };
        cluster
            .store
            .with(work)
            .map_err(|source| crate::Error::Query { source })
    }
}
