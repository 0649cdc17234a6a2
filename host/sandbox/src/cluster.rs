//! What all parts of a running cluster share.

use std::net::SocketAddr;
use std::sync::OnceLock;

use crate::clock::{Clock, Micros};
use crate::faults::Faults;
use crate::inspect::Log;
use crate::keep::blocks::Blocks;
use crate::options::{ServiceKind, Settings};
use crate::signature::Signer;
use crate::store::Store;

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
    /// The Keep services, once they listen.
    pub(crate) keep: OnceLock<Vec<Service>>,
}

impl Cluster {
    /// The Keep services.
    pub(crate) fn services(&self) -> &[Service] {
        self.keep.get().map_or(&[], Vec::as_slice)
    }

    /// Host and port of the API.
    pub(crate) fn api_host(&self) -> String {
        self.address
            .get()
            .map_or_else(String::new, ToString::to_string)
    }
}
