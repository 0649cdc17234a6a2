//! Keep, the content-addressed block store of an Arvados cluster, for one archive at a time.
//!
//! The rules of reading and writing a block are `keepdocker_arvados`'; here one block comes after the other.

mod examine;
mod store;

use std::sync::Mutex;

use keepdocker_arvados::effects::Effects;
use keepdocker_arvados::keep::{Keep, KnownBlocks};

use crate::http::Client;

pub(crate) use store::Pending;

/// Stores archives in Keep, and looks into those that are there.
#[derive(Debug)]
pub(crate) struct ArchiveStore {
    keep: Keep<Client>,
    /// What this run has sent.
    sent: Mutex<KnownBlocks>,
    effects: Effects,
}

impl ArchiveStore {
    /// Creates a store that writes as far as the effects let it.
    pub(crate) fn new(keep: Keep<Client>, effects: Effects) -> Self {
        Self {
            keep,
            sent: Mutex::default(),
            effects,
        }
    }
}
