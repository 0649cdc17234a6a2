//! What all parts of a running cluster share.

use std::net::SocketAddr;
use std::sync::OnceLock;

use crate::clock::{Clock, Micros};
use crate::keep::blocks::Blocks;
use crate::options::{ServiceKind, Settings};
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
    /// When it started.
    pub(crate) started_at: Micros,
    /// Where the API listens.
    pub(crate) address: OnceLock<SocketAddr>,
    /// The Keep services, once they listen.
    pub(crate) keep: OnceLock<Vec<Service>>,
    /// What is to go wrong.
    #[cfg(feature = "testing")]
    pub(crate) faults: crate::faults::Faults,
    /// What was asked.
    #[cfg(feature = "testing")]
    pub(crate) log: crate::request_log::Log,
    /// UUIDs that the next records get.
    #[cfg(feature = "testing")]
    pub(crate) planned: std::sync::Mutex<std::collections::VecDeque<String>>,
}

impl Cluster {
    /// The Keep services.
    pub(crate) fn services(&self) -> &[Service] {
        self.keep.get().map_or(&[], Vec::as_slice)
    }

    /// Makes the UUID of a new record, or takes the one that a test planned for it.
    pub(crate) fn new_uuid(&self, infix: &str) -> String {
        #[cfg(feature = "testing")]
        if let Some(uuid) = self.planned_uuid(infix) {
            return uuid;
        }
        uuid::generate(&self.id, infix)
    }

    /// Host and port of the API.
    pub(crate) fn api_host(&self) -> String {
        self.address
            .get()
            .map_or_else(String::new, ToString::to_string)
    }
}
