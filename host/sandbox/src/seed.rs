//! Lets tests fill a cluster: users, projects, tokens, raw records and recorded fixtures.
//!
//! Everything here goes past the rules that clients are held to.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Map, Value, json};

use crate::api::auth::Token;
use crate::cluster::Cluster;
use crate::store::record::Record;
use crate::store::table::{COLLECTIONS, GROUPS, LINKS, Table, Type, USERS};
use crate::{Error, clock, manifest, uuid};

/// Fills a cluster; [`crate::Sandbox::seed`] gives access. Every method blocks.
#[derive(Debug, Clone)]
pub struct Seeder {
    pub(crate) cluster: Arc<Cluster>,
}

/// An image to register without any data: a collection with its hash link and tag link.
#[derive(Debug, Clone)]
pub struct Image {
    /// `repository:tag` of the tag link; `None` makes none.
    pub name: Option<String>,
    /// The 64 hex digits of the image ID.
    pub hash: String,
    /// The `image_timestamp` property of the links; `None` leaves it out.
    pub timestamp: Option<String>,
    /// Who owns collection and links.
    pub owner_uuid: String,
}

impl Seeder {
    /// Makes an active user and returns its UUID and a v2 token.
    ///
    /// # Errors
    ///
    /// Fails if the database does, as when the UUID is taken.
    pub fn user(
        &self,
        uuid: Option<&str>,
        username: &str,
        is_admin: bool,
    ) -> Result<(String, String), Error> {
        let id = &self.cluster.id;
        let uuid = uuid.map_or_else(|| uuid::generate(id, "tpzed"), str::to_owned);
        self.write(|connection| {
            insert_user(connection, &self.cluster, &uuid, username, is_admin)?;
            let token = Token {
                uuid: uuid::generate(id, "gj3su"),
                secret: uuid::random_text(50),
                user_uuid: uuid.clone(),
                scopes: vec!["all".to_owned()],
                expires_at: None,
            };
            token.insert(connection)?;
            Ok((uuid.clone(), format!("v2/{}/{}", token.uuid, token.secret)))
        })
    }

    /// Makes a token. `scopes` is `["all"]` or a list of `GET /path`; `expires_at` is RFC 3339.
    ///
    /// # Errors
    ///
    /// Fails if the database does, as when the secret is taken.
    pub fn token(
        &self,
        user_uuid: &str,
        secret: &str,
        scopes: &[&str],
        expires_at: Option<&str>,
    ) -> Result<String, Error> {
        let token = Token {
            uuid: uuid::generate(&self.cluster.id, "gj3su"),
            secret: secret.to_owned(),
            user_uuid: user_uuid.to_owned(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            expires_at: expires_at.and_then(clock::parse),
        };
        self.write(|connection| token.insert(connection))?;
        Ok(format!("v2/{}/{}", token.uuid, token.secret))
    }

    /// Makes a project and returns its UUID.
    ///
    /// # Errors
    ///
    /// Fails if the database does, as when the owner has a project of this name.
    pub fn project(
        &self,
        uuid: Option<&str>,
        owner_uuid: &str,
        name: &str,
    ) -> Result<String, Error> {
        let uuid = uuid.map_or_else(|| uuid::generate(&self.cluster.id, "j7d0g"), str::to_owned);
        let record = json!({
            "uuid": uuid, "owner_uuid": owner_uuid, "name": name, "group_class": "project",
        });
        self.insert(&GROUPS, &[record])?;
        Ok(uuid)
    }

    /// Gives a user or role a permission (`can_read`, `can_write`, `can_manage`) on an object.
    ///
    /// # Errors
    ///
    /// Fails if the database does.
    pub fn share(&self, tail_uuid: &str, permission: &str, head_uuid: &str) -> Result<(), Error> {
        self.links(&[json!({
            "link_class": "permission", "name": permission,
            "tail_uuid": tail_uuid, "head_uuid": head_uuid,
        })])
    }

    /// Adds links as they are; what is missing gets a default. Much faster than one by one.
    ///
    /// # Errors
    ///
    /// Fails if the database does.
    pub fn links(&self, links: &[Value]) -> Result<(), Error> {
        self.insert(&LINKS, links)
    }

    /// Adds collections as they are; hash and file counts are computed unless given.
    ///
    /// # Errors
    ///
    /// Fails if the database does, as when the owner has a collection of this name.
    pub fn collections(&self, collections: &[Value]) -> Result<(), Error> {
        self.insert(&COLLECTIONS, collections)
    }

    /// Registers images: one collection and up to two links for each, in the order given.
    ///
    /// Returns the UUIDs of the collections. The blocks they name are not stored.
    ///
    /// # Errors
    ///
    /// Fails if the database does.
    pub fn images(&self, images: &[Image]) -> Result<Vec<String>, Error> {
        let mut collections = Vec::with_capacity(images.len());
        let mut links = Vec::with_capacity(images.len() * 2);
        let mut uuids = Vec::with_capacity(images.len());
        for image in images {
            let uuid = uuid::generate(&self.cluster.id, "4zz18");
            let block = image.hash.get(..32).unwrap_or(manifest::EMPTY_BLOCK);
            collections.push(json!({
                "uuid": uuid,
                "owner_uuid": image.owner_uuid,
                "name": format!("Docker image {} {uuid}", image.name.as_deref().unwrap_or("")).replace('/', " "),
                "manifest_text": format!(". {block}+1024 0:1024:sha256\\072{}.tar\n", image.hash),
            }));
            let properties = match &image.timestamp {
                Some(timestamp) => json!({"image_timestamp": timestamp}),
                None => json!({}),
            };
            let named = image
                .name
                .iter()
                .map(|name| ("docker_image_repo+tag", name.clone()));
            let hashed = [("docker_image_hash", format!("sha256:{}", image.hash))];
            for (class, name) in hashed.into_iter().chain(named) {
                links.push(json!({
                    "owner_uuid": image.owner_uuid, "link_class": class, "name": name,
                    "head_uuid": uuid, "properties": properties,
                }));
            }
            uuids.push(uuid);
        }
        self.collections(&collections)?;
        self.links(&links)?;
        Ok(uuids)
    }

    /// Sets the UUIDs that the next records made over the API get, in this order.
    ///
    /// They replace those planned before; a record of another type than the next one planned gets
    /// a random UUID as usual.
    pub fn plan_uuids(&self, uuids: &[&str]) {
        let mut planned = self
            .cluster
            .planned
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *planned = uuids.iter().map(ToString::to_string).collect();
    }

    /// Replaces everything in the cluster by the tables in a folder of recorded fixtures
    /// (`users.json`, `groups.json`, `links.json`, `collections.json`,
    /// `api_client_authorizations.json`). The cluster's own users and tokens are gone after it.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be read or does not fit the tables.
    pub fn fixtures(&self, folder: &Path) -> Result<(), Error> {
        let read = |name: &str| -> Result<Vec<Value>, Error> {
            let path = folder.join(name);
            let text = std::fs::read(&path).map_err(|source| Error::File {
                path: path.clone(),
                source,
            })?;
            serde_json::from_slice(&text).map_err(|source| Error::State { path, source })
        };
        let users = read("users.json")?;
        let tokens = read("api_client_authorizations.json")?;
        self.write(|connection| {
            for table in ["links", "collections", "groups", "users", "tokens"] {
                connection.execute(&format!("DELETE FROM {table}"), [])?;
            }
            Ok(())
        })?;
        self.insert(&USERS, &users)?;
        self.insert(&GROUPS, &read("groups.json")?)?;
        self.insert(&LINKS, &read("links.json")?)?;
        self.insert(&COLLECTIONS, &read("collections.json")?)?;
        self.write(|connection| {
            for token in &tokens {
                let Some(user) = users.iter().find(|user| user["id"] == token["user_id"]) else {
                    continue;
                };
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                Token {
                    uuid: text(&token["uuid"]),
                    secret: text(&token["api_token"]),
                    user_uuid: text(&user["uuid"]),
                    scopes: read_scopes(&text(&token["scopes"])),
                    expires_at: token["expires_at"].as_str().and_then(clock::parse),
                }
                .insert(connection)?;
            }
            Ok(())
        })
    }

    fn insert(&self, table: &'static Table, records: &[Value]) -> Result<(), Error> {
        self.write(|connection| {
            for attributes in records {
                let Value::Object(attributes) = attributes else {
                    continue;
                };
                let record = record(&self.cluster, table, attributes);
                record.insert(connection)?;
                // Recorded rows keep the number that filters on `id` see.
                if let Some(id) = attributes.get("id").and_then(Value::as_i64) {
                    connection
                        .prepare_cached(&format!(
                            "UPDATE {} SET id = ?1 WHERE uuid = ?2",
                            table.name
                        ))?
                        .execute((id, record.uuid()))?;
                }
            }
            Ok(())
        })
    }

    fn write<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        self.cluster
            .store
            .write(work)
            .map_err(|source| Error::Query { source })
    }
}

/// Makes a record of raw attributes, filling in what must not be missing.
fn record(cluster: &Cluster, table: &'static Table, attributes: &Map<String, Value>) -> Record {
    let mut record = Record::new(table);
    let system = uuid::system_user(&cluster.id);
    for column in table.columns {
        let value = match (column.kind, attributes.get(column.name)) {
            (_, None | Some(Value::Null)) => Sql::Null,
            (Type::Time, Some(Value::String(text))) => {
                clock::parse(text).map_or(Sql::Null, Sql::Integer)
            }
            (Type::Boolean, Some(Value::Bool(truth))) => Sql::Integer(i64::from(*truth)),
            (Type::Integer, Some(Value::Number(number))) => {
                number.as_i64().map_or(Sql::Null, Sql::Integer)
            }
            (Type::Object, Some(Value::String(yaml))) => Sql::Text(yaml_object(yaml).to_string()),
            (_, Some(Value::String(text))) => Sql::Text(text.clone()),
            (_, Some(other)) => Sql::Text(other.to_string()),
        };
        record.set(column.name, value);
    }
    let now = cluster.clock.now();
    let mut default = |name: &str, value: Sql| {
        if *record.value(name) == Sql::Null {
            record.set(name, value);
        }
    };
    default("uuid", Sql::Text(uuid::generate(&cluster.id, table.infix)));
    default("owner_uuid", Sql::Text(system.clone()));
    let is_raw = attributes.contains_key("created_at");
    default("created_at", Sql::Integer(now));
    if !is_raw {
        default("modified_at", Sql::Integer(now));
        default("modified_by_user_uuid", Sql::Text(system));
        default("updated_at", Sql::Integer(now));
        default("properties", Sql::Text("{}".to_owned()));
    }
    for name in [
        "is_trashed",
        "is_admin",
        "is_active",
        "preserve_version",
        "file_count",
        "file_size_total",
    ] {
        default(name, Sql::Integer(0));
    }
    default("version", Sql::Integer(1));
    if table.name == "collections" {
        default(
            "storage_classes_desired",
            Sql::Text("[\"default\"]".to_owned()),
        );
        default("storage_classes_confirmed", Sql::Text("[]".to_owned()));
        let uuid = record.uuid().to_owned();
        if record.text("current_version_uuid").is_none() {
            record.set("current_version_uuid", uuid);
        }
        let text = record.text("manifest_text").unwrap_or_default().to_owned();
        if record.text("portable_data_hash").is_none() {
            record.set("portable_data_hash", manifest::portable_data_hash(&text));
        }
        if !is_raw && let Ok(summary) = manifest::check(&text) {
            record.set("file_count", summary.file_count);
            record.set("file_size_total", summary.file_size_total);
            record.set("file_names", summary.file_names);
        }
        record.set("manifest_text", text);
    }
    record
}

/// Adds an active user who belongs to the role of all users.
pub(crate) fn insert_user(
    connection: &Connection,
    cluster: &Cluster,
    uuid: &str,
    username: &str,
    is_admin: bool,
) -> rusqlite::Result<()> {
    let user = json!({
        "uuid": uuid,
        "email": format!("{username}@sandbox.invalid"),
        "first_name": username,
        "last_name": "",
        "identity_url": "",
        "username": username,
        "is_admin": is_admin,
        "is_active": true,
        "prefs": {},
    });
    let membership = json!({
        "link_class": "permission", "name": "can_write",
        "tail_uuid": uuid, "head_uuid": uuid::all_users_group(&cluster.id),
    });
    for (table, attributes) in [(&USERS, user), (&LINKS, membership)] {
        if let Value::Object(attributes) = attributes {
            record(cluster, table, &attributes).insert(connection)?;
        }
    }
    Ok(())
}

/// Fills a new cluster: the system's users and role, a default user and an administrator.
pub(crate) fn first_records(
    cluster: &Cluster,
    state: &crate::state::State,
) -> rusqlite::Result<()> {
    let id = &cluster.id;
    let is_filled = |connection: &Connection| {
        connection.query_row("SELECT EXISTS (SELECT 1 FROM users)", [], |row| row.get(0))
    };
    // Most starts find everything in place and need not wait for a writer.
    if cluster.store.with(|connection| is_filled(connection))? {
        return Ok(());
    }
    cluster.store.write(|connection| {
        if is_filled(connection)? {
            return Ok(());
        }
        let system = json!({
            "uuid": uuid::system_user(id), "email": "root", "first_name": "root", "last_name": "",
            "is_admin": true, "is_active": true, "prefs": {},
        });
        let anonymous = json!({
            "uuid": uuid::anonymous_user(id), "email": "anonymous",
            "first_name": "Anonymous", "last_name": "", "prefs": {},
        });
        let role = json!({
            "uuid": uuid::all_users_group(id), "name": "All users", "group_class": "role",
        });
        for (table, attributes) in [(&USERS, system), (&USERS, anonymous), (&GROUPS, role)] {
            if let Value::Object(attributes) = attributes {
                record(cluster, table, &attributes).insert(connection)?;
            }
        }
        for (uuid, name, token, is_admin) in [
            (&state.user_uuid, "sandbox", &state.token, false),
            (&state.admin_uuid, "admin", &state.admin_token, true),
        ] {
            insert_user(connection, cluster, uuid, name, is_admin)?;
            let mut parts = token.split('/').skip(1);
            Token {
                uuid: parts.next().unwrap_or_default().to_owned(),
                secret: parts.next().unwrap_or_default().to_owned(),
                user_uuid: uuid.clone(),
                scopes: vec!["all".to_owned()],
                expires_at: None,
            }
            .insert(connection)?;
        }
        Ok(())
    })
}

/// Reads the scopes of a recorded token: a JSON list or the YAML that the database keeps.
fn read_scopes(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_else(|_| {
        text.lines()
            .filter_map(|line| line.strip_prefix("- "))
            .map(|scope| scope.trim().to_owned())
            .collect()
    })
}

/// Reads the two levels of plain `key: value` YAML that recorded preferences consist of.
fn yaml_object(text: &str) -> Value {
    if let Ok(object @ Value::Object(_)) = serde_json::from_str(text) {
        return object;
    }
    let mut object = Map::new();
    let mut last = String::new();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if let Some(key) = key.strip_prefix("  ") {
            if let Some(Value::Object(inner)) = object.get_mut(&last) {
                inner.insert(key.to_owned(), scalar(value));
            }
        } else if value.is_empty() {
            last = key.to_owned();
            object.insert(last.clone(), json!({}));
        } else {
            object.insert(key.to_owned(), scalar(value));
        }
    }
    object.into()
}

/// Reads one YAML value; moments become the form of the API.
fn scalar(text: &str) -> Value {
    if text == "{}" {
        return json!({});
    }
    if text.len() > 10
        && let Some(moment) = clock::parse(text)
    {
        return clock::format(moment).into();
    }
    text.trim_matches('\'').trim_matches('"').into()
}
