//! A cluster, an engine and archives in memory, for tests of the component alone.
//!
//! They keep the rules that the decisions depend on: no uniqueness of links, unique names of
//! collections, trash, readability, lost answers. Whether the real servers keep them too is for
//! the tests of the whole program.

pub(crate) mod world;

pub(crate) use keepdocker_decisions::testing::{PROJECT, USER, hash_link, recorded, repo_tag_link};

use crate::capabilities::collections::Collection;

/// Makes a collection of which nothing is said; tests fill in what matters to them.
pub(crate) fn collection(uuid: &str) -> Collection {
    Collection {
        uuid: uuid.into(),
        owner: USER.into(),
        name: String::new(),
        portable_data_hash: String::new(),
        created_at: "2020-01-01T00:00:00Z".into(),
        properties: Vec::new(),
        replicas: None,
        storage_classes: Vec::new(),
        size: None,
        manifest: None,
    }
}

/// Makes a collection of this owner with one file, which is named like the image whose ID has only the digit `a`.
pub(crate) fn image_in(uuid: &str, owner: &str) -> Collection {
    let block = format!("{}+1000+A0@7fffffff", "a".repeat(32));
    let file = crate::image::file_name(&format!("sha256:{}", "a".repeat(64)));
    let manifest = crate::manifest::build(&[block], &file, 1000).unwrap();
    Collection {
        owner: owner.into(),
        portable_data_hash: crate::manifest::portable_data_hash(&manifest),
        manifest: Some(manifest),
        ..collection(uuid)
    }
}
