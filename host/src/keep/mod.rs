//! Keep, the content-addressed block store of an Arvados cluster.
//!
//! A block of at most 64 MiB is known by its MD5 hash and size. It is kept on as many services as
//! asked for; each block has its own order of services, so that readers know where to look first.
//!
//! ```text
//! archive ── Writer ──▶ hash ──▶ already known? ──▶ put ──▶ Locator
//!             ▲                                      │
//!             └───────────── buffers ◀───────────────┘
//! ```

mod buffers;
mod charge;
mod error;
mod examine;
mod fetch;
mod get;
pub mod host;
mod journal;
mod moving;
mod pending;
mod put;
mod read_ahead;
mod reuse;
mod services;
mod store;
mod transfer;
mod unhashed;
mod upload;
mod verification;

use std::sync::Arc;
use std::time::Duration;

use crate::api::Api;
use crate::http::{Client, Retry};
use crate::settings::Settings;

pub use block::{Block, BlockHash, BlockId, MAXIMUM_SIZE};
pub use charge::Charge;
pub use error::Error;
pub use fetch::Destination;
pub use journal::{Identity, JournalFile, recall};
pub use known::KnownBlocks;
pub use locator::{InvalidLocator, Locator};
pub use reuse::Lenders;
pub use service::Service;
pub use store::{ArchiveStore, StoreError};
pub use tally::Wanted;
pub use upload::{Journal, Stored, Upload, UploadOptions, Writer};

use keepdocker_arvados::{block, known, locator, service, stretched, tally};
use services::Services;
use verification::Verification;

/// The Keep of one cluster, used with one token.
#[derive(Debug)]
pub struct Keep {
    client: Client,
    services: Services,
    retry: Retry,
    timeouts: Timeouts,
    identity: Identity,
    verification: Verification,
}

/// How long a service may do nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// How long a block may not move on, in either direction.
    pub stall: Duration,
    /// How long a service may take to answer once it has the whole request.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            stall: Duration::from_secs(120),
            answer: Duration::from_secs(300),
        }
    }
}

impl Keep {
    /// Creates the Keep of the cluster that the settings name. Nothing is sent.
    pub fn new(settings: &Settings, client: Client, api: Arc<Api>, retry: Retry) -> Self {
        Self {
            client,
            services: Services::new(settings.keep_services.as_deref(), api),
            retry,
            timeouts: Timeouts::default(),
            identity: Identity::new(settings),
            verification: Verification::default(),
        }
    }

    /// Returns for which cluster and token the signatures are good that this Keep gives.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Replaces the time limits.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }
}
