//! The collections that links lead to, and which of them can be read.
//!
//! The server takes anything for the head of a link. Only UUIDs of collections can be asked for.

use crate::bindings::exports::keepdocker::contract::commands::Failure;
use crate::capabilities::{collections, links};
use crate::query;
use crate::uuid::{Kind, Uuid};
use std::collections::HashSet;

/// Returns the collection that a head leads to, if it can be one.
fn collection(head: &str) -> Option<Uuid> {
    Uuid::of(head, Kind::Collection)
}

/// Returns the heads that are UUIDs of collections, each once, in the order of the links.
pub(crate) fn of(links: &[links::Link]) -> Vec<String> {
    let mut seen = HashSet::with_capacity(links.len());
    links
        .iter()
        .filter(|link| collection(&link.head).is_some_and(|key| seen.insert(key)))
        .map(|link| link.head.clone())
        .collect()
}

/// Those of some collections that exist, that are not in the trash, and that the token may read.
#[derive(Debug)]
pub(crate) struct Readable(HashSet<Uuid>);

impl Readable {
    /// Returns none at all.
    pub(crate) fn none() -> Self {
        Self(HashSet::new())
    }

    /// Asks for the collections that the links lead to; of one owner alone, if one is given.
    pub(crate) fn of(links: &[links::Link], owner: Option<&str>) -> Result<Self, Failure> {
        let heads = of(links);
        if heads.is_empty() {
            return Ok(Self::none());
        }
        let found = query::collections(
            collections::Which::Uuids(heads),
            owner,
            collections::Detail::Identity,
        )?;
        let keys = found.iter().filter_map(|found| collection(&found.uuid));
        Ok(Self(keys.collect()))
    }

    /// Tells whether a head is one of them.
    pub(crate) fn contains(&self, head: &str) -> bool {
        collection(head).is_some_and(|key| self.0.contains(&key))
    }
}
