//! Keep, the content-addressed block store of an Arvados cluster.
//!
//! A block of at most 64 MiB is known by its MD5 hash and size. It is kept on as many services as
//! asked for; each block has its own order of services, so that readers know where to look first.
//! One block is written or read here; which ones, and how many at a time, is for the host.

mod block;
mod error;
mod get;
#[cfg(target_family = "wasm")]
mod in_turn;
mod known;
mod locator;
mod put;
mod reuse;
mod service;
mod services;
mod standing;
mod stretched;
mod tally;
mod transfer;
#[cfg(not(target_family = "wasm"))]
mod verification;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::api::Api;
use crate::http::{Http, Retry};

pub use block::{Block, BlockHash, BlockId, MAXIMUM_SIZE};
pub use error::Error;
pub use known::KnownBlocks;
pub use locator::{InvalidLocator, Locator};
pub use reuse::{Lenders, Lent, LentLayer};
pub use service::Service;
pub use standing::Trouble;
pub use stretched::{Fetch, Stretch, Stretched};
pub use tally::Wanted;

#[cfg(target_family = "wasm")]
use in_turn::Verification;
use services::Services;
#[cfg(not(target_family = "wasm"))]
use verification::Verification;

/// The Keep of one cluster, used with one token.
#[derive(Debug)]
pub struct Keep<H> {
    client: H,
    services: Services<H>,
    retry: Retry,
    timeouts: Timeouts,
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

impl<H: Http> Keep<H> {
    /// Creates the Keep of the cluster that the API is of, with the services whose roots are given in place of
    /// those that the cluster names. Nothing is sent.
    pub fn new(given: Option<&[Url]>, client: H, api: Arc<Api<H>>, retry: Retry) -> Self {
        Self {
            client,
            services: Services::new(given, api),
            retry,
            timeouts: Timeouts::default(),
            verification: Verification::default(),
        }
    }

    /// Replaces the time limits.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }
}
