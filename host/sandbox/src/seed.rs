//! Lets tests fill a cluster: users, projects, tokens, raw records and recorded fixtures.
//!
//! Everything here goes past the rules that clients are held to.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::api::auth::Token;
use crate::cluster::Cluster;
use crate::first_records::insert_user;
use crate::raw_record::new_record;
use crate::store::table::{
    COLLECTIONS, CONTAINER_REQUESTS, CONTAINERS, GROUPS, LINKS, TABLES, Table, USERS,
};
use crate::store::yaml::read_scopes;
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

impl Image {
    /// Makes up `count` images with different names and hashes, of one owner and age.
    #[must_use]
    pub fn numbered(count: usize, owner_uuid: &str) -> Vec<Self> {
        (0..count)
            .map(|number| Self {
                name: Some(format!("lab/tool-{number}:1")),
                hash: format!("{number:064x}"),
                timestamp: Some("2026-01-01T00:00:00Z".into()),
                owner_uuid: owner_uuid.to_owned(),
            })
            .collect()
    }
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
                created_at: None,
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
            created_at: None,
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
        self.groups(&[json!({
            "uuid": uuid, "owner_uuid": owner_uuid, "name": name, "group_class": "project",
        })])?;
        Ok(uuid)
    }

    /// Adds groups of any class as they are; what is missing gets a default.
    ///
    /// # Errors
    ///
    /// Fails if the database does, as when the owner has a group of this name.
    pub fn groups(&self, groups: &[Value]) -> Result<(), Error> {
        self.insert(&GROUPS, groups)
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

    /// Adds container requests as they are, with no container behind them.
    ///
    /// # Errors
    ///
    /// Fails if the database does.
    pub fn container_requests(&self, requests: &[Value]) -> Result<(), Error> {
        self.insert(&CONTAINER_REQUESTS, requests)
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
    /// `api_client_authorizations.json`, and if they are there `containers.json` and
    /// `container_requests.json`). The cluster's own users and tokens are gone after it.
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
            for table in TABLES.map(|table| table.name).into_iter().chain(["tokens"]) {
                connection.execute(&format!("DELETE FROM {table}"), [])?;
            }
            Ok(())
        })?;
        self.insert(&USERS, &users)?;
        self.insert(&GROUPS, &read("groups.json")?)?;
        self.insert(&LINKS, &read("links.json")?)?;
        self.insert(&COLLECTIONS, &read("collections.json")?)?;
        for table in [&CONTAINERS, &CONTAINER_REQUESTS] {
            let file = format!("{}.json", table.name);
            if folder.join(&file).exists() {
                self.insert(table, &read(&file)?)?;
            }
        }
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
                    created_at: token["created_at"].as_str().and_then(clock::parse),
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
                let record = new_record(&self.cluster, table, attributes);
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

impl Cluster {
    /// Takes the UUID that is planned for the next record, if that is of this type.
    pub(crate) fn planned_uuid(&self, infix: &str) -> Option<String> {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.pop_front_if(|uuid| uuid::infix(uuid) == Some(infix))
    }
}
