//! Keeps the records of the cluster in one SQLite database.

pub(crate) mod functions;
pub(crate) mod record;
pub(crate) mod schema;
pub(crate) mod table;
pub(crate) mod yaml;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// Prepared statements kept per connection.
const STATEMENTS: usize = 128;

/// Connections kept open when idle.
const CONNECTIONS: usize = 8;

/// How many KiB of a database a connection keeps in memory.
const CACHED: i64 = 64 << 10;

/// How long a writer waits for another one, perhaps in another process.
const BUSY: Duration = Duration::from_secs(20);

/// A database and a few open connections to it.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Store {
    /// Opens or creates the database.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be opened or was made by a newer program.
    pub(crate) fn open(path: &Path) -> Result<Store, crate::Error> {
        let store = Store {
            path: path.to_owned(),
            idle: Mutex::default(),
        };
        let mut connection = store.connect().map_err(|source| store.error(source))?;
        let version = schema::version(&connection).map_err(|source| store.error(source))?;
        if !schema::is_supported(version) {
            return Err(crate::Error::NewerDatabase {
                path: store.path,
                version,
            });
        }
        schema::prepare(&mut connection).map_err(|source| store.error(source))?;
        store.put_back(connection);
        Ok(store)
    }

    /// Runs `work` with a connection. Blocks; never call it on an async thread.
    pub(crate) fn with<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let result = work(&mut connection);
        self.put_back(connection);
        result
    }

    /// Runs `work` in a transaction that is undone if `work` fails.
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with(|connection| {
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let _: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        // Tables of any usual size stay in memory as SQLite reads them, from one request to the next.
        connection.pragma_update(None, "cache_size", -CACHED)?;
        functions::register(&connection)?;
        Ok(connection)
    }

    fn put_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < CONNECTIONS {
            idle.push(connection);
        }
    }

    fn error(&self, source: rusqlite::Error) -> crate::Error {
        crate::Error::Database {
            path: self.path.clone(),
            source,
        }
    }
}
