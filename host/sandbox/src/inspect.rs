//! Lets tests see what was asked of a cluster and what it holds.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// The most requests remembered.
const MAX_ENTRIES: usize = 100_000;

/// One request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whether it went to a Keep service; otherwise to the API.
    pub is_keep: bool,
    /// The method that was sent.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query, without the question mark.
    pub query: String,
    /// The status of the answer; 0 if the connection was broken instead.
    pub status: u16,
    /// Bytes in the request's body.
    pub received: u64,
    /// Bytes in the answer's body.
    pub sent: u64,
    /// The request id.
    pub request_id: String,
}

/// The requests answered so far; [`crate::Sandbox::log`] gives access.
#[derive(Debug, Default)]
pub struct Log {
    entries: Mutex<VecDeque<Entry>>,
}

impl Log {
    /// Returns the requests in the order in which they were answered.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().iter().cloned().collect()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Counts the requests of a method whose path contains the text.
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.lock()
            .iter()
            .filter(|entry| entry.method == method && entry.path.contains(path))
            .count()
    }

    /// Counts the requests to the API.
    pub fn api_requests(&self) -> usize {
        self.lock().iter().filter(|entry| !entry.is_keep).count()
    }

    /// Counts the blocks that clients wrote.
    pub fn blocks_written(&self) -> usize {
        self.lock()
            .iter()
            .filter(|entry| entry.is_keep && matches!(entry.method.as_str(), "PUT" | "POST"))
            .count()
    }

    pub(crate) fn add(&self, entry: Entry) {
        let mut entries = self.lock();
        if entries.len() >= MAX_ENTRIES {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads stored records past every permission; [`crate::Sandbox::inspect`] gives access.
#[derive(Debug, Clone)]
pub struct Inspector {
    pub(crate) cluster: std::sync::Arc<crate::cluster::Cluster>,
}

impl Inspector {
    /// Returns every link as stored, oldest first. Blocks.
    ///
    /// # Errors
    ///
    /// Fails if the database does.
    pub fn links(&self) -> Result<Vec<Value>, crate::Error> {
        self.records(&crate::store::table::LINKS)
    }

    /// Returns every collection as stored, with its unsigned manifest, oldest first. Blocks.
    ///
    /// # Errors
    ///
    /// Fails if the database does.
    pub fn collections(&self) -> Result<Vec<Value>, crate::Error> {
        self.records(&crate::store::table::COLLECTIONS)
    }

    /// Returns every group as stored, oldest first. Blocks.
    ///
    /// # Errors
    ///
    /// Fails if the database does.
    pub fn groups(&self) -> Result<Vec<Value>, crate::Error> {
        self.records(&crate::store::table::GROUPS)
    }

    /// Returns every user as stored, oldest first. Blocks.
    ///
    /// # Errors
    ///
    /// Fails if the database does.
    pub fn users(&self) -> Result<Vec<Value>, crate::Error> {
        self.records(&crate::store::table::USERS)
    }

    /// Returns hash and size of every stored block. Blocks.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be read.
    pub fn blocks(&self) -> Result<Vec<(String, u64)>, crate::Error> {
        self.cluster.blocks.list()
    }

    fn records(
        &self,
        table: &'static crate::store::table::Table,
    ) -> Result<Vec<Value>, crate::Error> {
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
            let permissions = crate::permission::Permissions::load(
                connection,
                &crate::uuid::system_user(&cluster.id),
                true,
                true,
                cluster.clock.now(),
            )?;
            let renderer = crate::api::render::Renderer {
                signer: &cluster.signer,
                token: "",
                now: cluster.clock.now(),
                permissions: &permissions,
                connection,
            };
            let mut records = Vec::new();
            while let Some(row) = rows.next()? {
                let record = crate::store::record::Record::read(table, &all, row)?;
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
