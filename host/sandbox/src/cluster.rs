//! What all parts of a running cluster share.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::clock::{Clock, Micros};
use crate::faults::Faults;
use crate::keep::blocks::Blocks;
use crate::options::{ServiceKind, Settings};
use crate::request_log::Log;
use crate::signature::Signer;
use crate::store::Store;
use crate::uuid;

/// One Keep service.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    /// Its UUID.
    pub(crate) uuid: String,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Whether it speaks TLS.
    pub(crate) is_encrypted: bool,
    /// What it is.
    pub(crate) kind: ServiceKind,
    /// The volume of a store.
    pub(crate) volume: usize,
}

impl Service {
    /// Its root URL.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.is_encrypted { "https" } else { "http" };
        format!("{scheme}://{}/", self.address)
    }
}

/// A running cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// The five characters that every UUID starts with.
    pub(crate) id: String,
    /// The settings.
    pub(crate) settings: Settings,
    /// The records.
    pub(crate) store: Store,
    /// The time.
    pub(crate) clock: Clock,
    /// Signs block locators.
    pub(crate) signer: Signer,
    /// The blocks.
    pub(crate) blocks: Blocks,
    /// What is to go wrong.
    pub(crate) faults: Faults,
    /// What was asked.
    pub(crate) log: Log,
    /// When it started.
    pub(crate) started_at: Micros,
    /// Where the API listens.
    pub(crate) address: OnceLock<SocketAddr>,
    /// UUIDs that the next records get, for tests that need to know them.
    pub(crate) planned: Mutex<VecDeque<String>>,
    /// The Keep services, once they listen.
    pub(crate) keep: OnceLock<Vec<Service>>,
}

impl Cluster {
    /// The Keep services.
    pub(crate) fn services(&self) -> &[Service] {
        self.keep.get().map_or(&[], Vec::as_slice)
    }

    /// Makes the UUID of a new record, or takes the one planned for it.
    pub(crate) fn new_uuid(&self, infix: &str) -> String {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        match planned.front().map(|uuid| uuid::infix(uuid) == Some(infix)) {
            Some(true) => planned.pop_front().unwrap_or_default(),
            _ => uuid::generate(&self.id, infix),
        }
    }

    /// Host and port of the API.
    pub(crate) fn api_host(&self) -> String {
        self.address
            .get()
            .map_or_else(String::new, ToString::to_string)
    }
}
