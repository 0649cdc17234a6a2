//! Keep, the content-addressed block store of an Arvados cluster.
//!
//! The rules of writing a block are the native host's; here one block is written after the other.

#[path = "../../../../src/keep/error.rs"]
mod error;
mod examine;
#[path = "../../../../src/keep/get.rs"]
mod get;
#[path = "../../../../src/keep/put.rs"]
mod put;
#[path = "../../../../src/keep/reuse.rs"]
mod reuse;
#[path = "../../../../src/keep/services.rs"]
mod services;
mod store;
mod transfer;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;

use crate::api::Api;
use crate::http::{Client, Retry};
use crate::plan::Script;
use crate::settings::Settings;

pub(crate) use error::Error;
use keepdocker_arvados::{block, known, locator, service, stretched, tally};
use known::KnownBlocks;
use services::Services;
pub(crate) use store::Pending;

/// The Keep of one cluster, used with one token.
#[derive(Debug)]
pub(crate) struct Keep {
    client: Client,
    services: Services,
    retry: Retry,
    timeouts: Timeouts,
    verification: Verification,
    /// What this run has sent.
    sent: Mutex<KnownBlocks>,
    /// What notes the steps in place of doing them, if anything does.
    script: Option<Arc<Script>>,
}

impl Keep {
    /// Creates the Keep of the cluster that the settings name. Nothing is sent.
    pub(crate) fn new(
        settings: &Settings,
        client: Client,
        api: Arc<Api>,
        retry: Retry,
        script: Option<Arc<Script>>,
    ) -> Self {
        Self {
            client,
            services: Services::new(settings.keep_services.as_deref(), api),
            retry,
            timeouts: Timeouts {
                answer: Duration::from_secs(300),
            },
            verification: Verification,
            sent: Mutex::default(),
            script,
        }
    }
}

/// How long a service may do nothing.
#[derive(Debug)]
struct Timeouts {
    answer: Duration,
}

/// The hashing of blocks that were fetched.
#[derive(Debug)]
struct Verification;

impl Verification {
    /// Returns what the data is known by; none if no block is so long.
    async fn identify(&self, data: Bytes) -> Option<block::BlockId> {
        (data.len() <= block::MAXIMUM_SIZE).then(|| block::Block::new(data).id())
    }
}
