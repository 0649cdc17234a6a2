//! Creates the tables of a new cluster.

use rusqlite::Connection;

/// The version of the tables below, kept in the database itself.
const VERSION: i64 = 2;

/// The tables and their indexes.
///
/// Listing docker links in creation order and finding them by name or head must not read the
/// whole table; the permission check deliberately has no index to be lured to. Links and collections
/// lie in the order of their UUIDs, which is that of the pages of a long list.
const TABLES: &str = "
CREATE TABLE links (
    id INTEGER UNIQUE,
    uuid TEXT NOT NULL PRIMARY KEY,
    owner_uuid TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_by_user_uuid TEXT,
    modified_at INTEGER,
    tail_uuid TEXT,
    link_class TEXT,
    name TEXT,
    head_uuid TEXT,
    properties TEXT,
    updated_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TRIGGER links_are_numbered AFTER INSERT ON links WHEN NEW.id IS NULL BEGIN
    UPDATE links SET id = (SELECT coalesce(max(id), 0) + 1 FROM links) WHERE uuid = NEW.uuid;
END;
CREATE INDEX links_by_class ON links (link_class, created_at, uuid);
CREATE INDEX links_by_name ON links (name, link_class);
CREATE INDEX links_by_head ON links (head_uuid);
CREATE INDEX links_by_tail ON links (tail_uuid) WHERE tail_uuid IS NOT NULL;
CREATE INDEX links_by_time ON links (created_at, uuid);

CREATE TABLE collections (
    id INTEGER UNIQUE,
    uuid TEXT NOT NULL PRIMARY KEY,
    owner_uuid TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_by_user_uuid TEXT,
    modified_at INTEGER,
    name TEXT,
    description TEXT,
    properties TEXT,
    portable_data_hash TEXT,
    manifest_text TEXT,
    replication_desired INTEGER,
    replication_confirmed INTEGER,
    replication_confirmed_at INTEGER,
    storage_classes_desired TEXT,
    storage_classes_confirmed TEXT,
    storage_classes_confirmed_at INTEGER,
    delete_at INTEGER,
    trash_at INTEGER,
    is_trashed INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 1,
    current_version_uuid TEXT NOT NULL,
    preserve_version INTEGER DEFAULT 0,
    file_count INTEGER NOT NULL DEFAULT 0,
    file_size_total INTEGER NOT NULL DEFAULT 0,
    file_names TEXT,
    updated_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TRIGGER collections_are_numbered AFTER INSERT ON collections WHEN NEW.id IS NULL BEGIN
    UPDATE collections SET id = (SELECT coalesce(max(id), 0) + 1 FROM collections) WHERE uuid = NEW.uuid;
END;
CREATE INDEX collections_by_hash ON collections (portable_data_hash);
CREATE INDEX collections_by_time ON collections (created_at, uuid);
CREATE INDEX collections_by_version ON collections (current_version_uuid);
CREATE UNIQUE INDEX index_collections_on_owner_uuid_and_name ON collections (owner_uuid, name)
    WHERE is_trashed = 0 AND current_version_uuid = uuid AND name <> '';

CREATE TABLE groups (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    owner_uuid TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_by_user_uuid TEXT,
    modified_at INTEGER,
    name TEXT,
    description TEXT,
    group_class TEXT,
    properties TEXT,
    trash_at INTEGER,
    delete_at INTEGER,
    is_trashed INTEGER NOT NULL DEFAULT 0,
    frozen_by_uuid TEXT,
    updated_at INTEGER
) STRICT;
CREATE UNIQUE INDEX index_groups_on_owner_uuid_and_name ON groups (owner_uuid, name)
    WHERE is_trashed = 0 AND name <> '';

CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    owner_uuid TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_by_user_uuid TEXT,
    modified_at INTEGER,
    email TEXT,
    first_name TEXT,
    last_name TEXT,
    identity_url TEXT,
    is_admin INTEGER NOT NULL DEFAULT 0,
    is_active INTEGER NOT NULL DEFAULT 0,
    prefs TEXT,
    username TEXT,
    updated_at INTEGER
) STRICT;

CREATE TABLE tokens (
    uuid TEXT PRIMARY KEY,
    secret TEXT NOT NULL UNIQUE,
    user_uuid TEXT NOT NULL,
    scopes TEXT NOT NULL,
    expires_at INTEGER
) STRICT;
";

/// What the second version added: runs of containers, the log, and the age of tokens.
const ADDED: &str = "
CREATE TABLE container_requests (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    owner_uuid TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_by_user_uuid TEXT,
    modified_at INTEGER,
    command TEXT,
    container_count INTEGER,
    container_count_max INTEGER,
    container_image TEXT,
    container_uuid TEXT,
    cumulative_cost REAL,
    cwd TEXT,
    description TEXT,
    environment TEXT,
    expires_at INTEGER,
    filters TEXT,
    log_uuid TEXT,
    mounts TEXT,
    name TEXT,
    output_glob TEXT,
    output_name TEXT,
    output_path TEXT,
    output_properties TEXT,
    output_storage_classes TEXT,
    output_ttl INTEGER,
    output_uuid TEXT,
    priority INTEGER,
    properties TEXT,
    published_ports TEXT,
    requesting_container_uuid TEXT,
    runtime_constraints TEXT,
    runtime_token TEXT,
    scheduling_parameters TEXT,
    service INTEGER,
    state TEXT,
    use_existing INTEGER,
    secret_mounts TEXT,
    updated_at INTEGER
) STRICT;
CREATE INDEX container_requests_by_container ON container_requests (container_uuid);
CREATE TABLE containers (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    owner_uuid TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_by_user_uuid TEXT,
    modified_at INTEGER,
    command TEXT,
    container_image TEXT,
    cwd TEXT,
    environment TEXT,
    exit_code INTEGER,
    finished_at INTEGER,
    locked_by_uuid TEXT,
    log TEXT,
    mounts TEXT,
    output TEXT,
    output_path TEXT,
    output_glob TEXT,
    priority INTEGER,
    progress REAL,
    runtime_constraints TEXT,
    runtime_status TEXT,
    started_at INTEGER,
    state TEXT,
    auth_uuid TEXT,
    scheduling_parameters TEXT,
    runtime_user_uuid TEXT,
    runtime_auth_scopes TEXT,
    lock_count INTEGER,
    gateway_address TEXT,
    interactive_session_started INTEGER,
    output_storage_classes TEXT,
    output_properties TEXT,
    cost REAL,
    subrequests_cost REAL,
    service INTEGER,
    published_ports TEXT,
    secret_mounts TEXT,
    updated_at INTEGER
) STRICT;
CREATE TABLE logs (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    owner_uuid TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_by_user_uuid TEXT,
    modified_at INTEGER,
    object_uuid TEXT,
    object_owner_uuid TEXT,
    event_at INTEGER,
    event_type TEXT,
    summary TEXT,
    properties TEXT
) STRICT;
CREATE INDEX logs_by_object ON logs (object_uuid);
CREATE INDEX collections_by_end ON collections (delete_at) WHERE delete_at IS NOT NULL;
ALTER TABLE tokens ADD COLUMN created_at INTEGER;
";

/// What a table full of images looks like, for the planner of queries.
///
/// SQLite would take any index of a single link class first and sort what it finds, page by page.
/// In fact most links are of few classes, and a page is a short stretch of an index in its order.
/// The numbers are rows of the table, then rows for each value of the index's columns.
const STATISTICS: &str = "
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 VALUES
    ('links', 'sqlite_autoindex_links_1', '1000000 1'),
    ('links', 'links_by_class', '1000000 400000 1 1'),
    ('links', 'links_by_name', '1000000 2 2'),
    ('links', 'links_by_head', '1000000 3'),
    ('links', 'links_by_tail', '1000000 20'),
    ('links', 'links_by_time', '1000000 1 1');
ANALYZE sqlite_schema;
";

/// Creates the tables unless the database has them.
///
/// # Errors
///
/// Fails if the database cannot be written or was made by a newer program.
pub(crate) fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    if version(connection)? == VERSION {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)?;
    // Another process may have been faster.
    let found = version(&transaction)?;
    if found < 1 {
        transaction.execute_batch(TABLES)?;
        transaction.execute_batch(STATISTICS)?;
    }
    if found < 2 {
        transaction.execute_batch(ADDED)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}

/// Reads the version that the database was made with; 0 is an empty one.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Says whether this program can read the database.
pub(crate) fn is_supported(version: i64) -> bool {
    (0..=VERSION).contains(&version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_the_first_version_gets_what_was_added() {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::store::functions::register(&connection).unwrap();
        connection.execute_batch(TABLES).unwrap();
        connection.execute_batch(STATISTICS).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute(
                "INSERT INTO tokens (uuid, secret, user_uuid, scopes) VALUES ('t', 's', 'u', '[]')",
                [],
            )
            .unwrap();
        prepare(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), VERSION);
        let kept: (String, Option<i64>) = connection
            .query_row("SELECT uuid, created_at FROM tokens", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(kept, ("t".to_owned(), None));
        let count: i64 = connection
            .query_row("SELECT count(*) FROM logs", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, 0);
    }
}
