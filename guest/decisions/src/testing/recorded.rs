//! What a real cluster answered, where the recorded data is at hand.

use crate::types::{Link, LinkClass as Class};
use keepdocker_skip::skip;
use serde_json::Value;
use std::path::PathBuf;

/// One question to the server, and its answer.
#[derive(Debug)]
pub struct Case {
    /// The UUID of who asked, or `admin`.
    pub user: String,
    /// A text alone, or a term and its tag.
    pub terms: Vec<String>,
    /// The formats that the cluster ran.
    pub formats: Vec<String>,
    /// Whether collections of formats that the cluster does not run were left out.
    pub is_filtered: bool,
    /// The collections found, or nothing if there were some and none fitted.
    pub answer: Option<Vec<String>>,
}

/// A collection of the recorded cluster.
#[derive(Debug, Clone)]
pub struct Collection {
    /// Its identifier.
    pub uuid: String,
    /// The user or project that owns it.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// The hash of its manifest without signatures.
    pub portable_data_hash: String,
    /// When it was created.
    pub created_at: String,
    /// The text of its manifest.
    pub manifest: String,
}

/// The tables of a recorded cluster, and what it was asked.
#[derive(Debug)]
pub struct Recorded {
    links: Vec<Value>,
    collections: Vec<Value>,
    /// What it was asked.
    pub cases: Vec<Case>,
}

/// Returns the folder of recorded data: the one named by `KEEPDOCKER_SHARED`, else `shared` beside
/// the repository.
fn shared() -> PathBuf {
    match std::env::var_os("KEEPDOCKER_SHARED") {
        Some(folder) => folder.into(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    }
}

impl Recorded {
    /// Reads the recorded data; skips the test where it is absent.
    pub fn load() -> Option<Self> {
        let golden = shared().join("golden");
        let read = |name: &str| -> Option<Vec<Value>> {
            let text = std::fs::read_to_string(golden.join(name)).ok()?;
            Some(serde_json::from_str(&text).unwrap())
        };
        let files = [
            "find_all_for_docker_image.json",
            "fixtures/links.json",
            "fixtures/collections.json",
        ];
        let [Some(cases), Some(links), Some(collections)] = files.map(read) else {
            skip("the data recorded from a real cluster (KEEPDOCKER_SHARED)");
            return None;
        };
        let cases: Vec<Case> = cases.iter().map(Case::read).collect();
        assert!(cases.len() >= 200, "only {} recorded cases", cases.len());
        Some(Self {
            links,
            collections,
            cases,
        })
    }

    /// Tells whether the user may read what `owner` owns, or was given this very object.
    fn may_read(&self, user: &str, owner: &str, uuid: &str) -> bool {
        let is_given = |link: &Value| {
            link["link_class"] == "permission"
                && link["tail_uuid"] == user
                && link["head_uuid"] == uuid
        };
        user == "admin" || owner == user || self.links.iter().any(is_given)
    }

    /// Returns the collections that the user may read.
    pub fn collections(&self, user: &str) -> Vec<Collection> {
        let is_readable = |collection: &&Value| {
            self.may_read(
                user,
                &text(collection, "owner_uuid"),
                &text(collection, "uuid"),
            ) && collection["is_trashed"] != true
        };
        let read = |collection: &Value| Collection {
            uuid: text(collection, "uuid"),
            owner: text(collection, "owner_uuid"),
            name: text(collection, "name"),
            portable_data_hash: text(collection, "portable_data_hash"),
            created_at: text(collection, "created_at"),
            manifest: text(collection, "manifest_text"),
        };
        self.collections
            .iter()
            .filter(is_readable)
            .map(read)
            .collect()
    }

    /// Returns the links to images that the user may read.
    pub fn links(&self, user: &str) -> Vec<Link> {
        let read = |link: &Value| {
            let class = match link["link_class"].as_str()? {
                "docker_image_hash" => Class::ImageHash,
                "docker_image_repo+tag" => Class::RepoTag,
                _ => return None,
            };
            let built = link["properties"]
                .get("image_timestamp")
                .map(Value::to_string);
            let read = Link {
                class,
                uuid: text(link, "uuid"),
                owner: text(link, "owner_uuid"),
                ..super::hash_link(
                    &text(link, "name"),
                    &text(link, "head_uuid"),
                    &text(link, "created_at"),
                    built.as_deref(),
                )
            };
            self.may_read(user, &read.owner, &read.uuid).then_some(read)
        };
        self.links.iter().filter_map(read).collect()
    }
}

impl Case {
    fn read(case: &Value) -> Self {
        let user = match case["user"].as_str().unwrap() {
            "active" => super::USER,
            "spectator" => "zzzzz-tpzed-l1s2piq4t4mps8r",
            user => user,
        };
        let terms =
            serde_json::from_str(&format!("[{}]", case["query"].as_str().unwrap())).unwrap();
        let answer = match case["result"].as_array() {
            Some(found) => Some(found.iter().map(|found| text(found, "uuid")).collect()),
            None => {
                assert_eq!(case["result"]["http_status"], 422);
                None
            }
        };
        Self {
            user: user.into(),
            terms,
            formats: serde_json::from_value(case["formats"].clone()).unwrap(),
            is_filtered: case["options"]["filter_compatible_format"] != false,
            answer,
        }
    }
}

fn text(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_default().into()
}
