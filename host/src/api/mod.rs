//! The Arvados API: typed operations over HTTP and JSON.
//!
//! Reading is repeated until it succeeds or the retries are used up. Creating is repeated only
//! where the first attempt cannot have created anything; else the caller is told that the outcome
//! is uncertain, and has to look.

mod collections;
mod configuration;
mod error;
mod exchange;
mod filter;
// The WASI provider answers the component without a gate between.
#[cfg(not(target_family = "wasm"))]
pub mod host;
mod keep_services;
mod links;
mod page;
mod projects;
mod row;
mod unsettled;
mod users;

use std::sync::Arc;

use tokio::sync::OnceCell;
use url::Url;

use crate::http::{Client, Retry};
use crate::plan::Script;
use crate::settings::Settings;

pub(crate) use collections::begins;
pub use configuration::Cluster;
pub use error::{Error, Refusal};

use unsettled::Unsettled;

/// The API of one cluster, used with one token.
#[derive(Debug)]
pub struct Api {
    client: Client,
    /// Requests go to the host that the user named, as with the Go client; the address in the
    /// discovery document is the same host as seen by the server.
    root: Url,
    host: String,
    retry: Retry,
    cluster: OnceCell<Cluster>,
    unsettled: Unsettled,
    script: Option<Arc<Script>>,
}

impl Api {
    /// Creates the API of the cluster that the settings name. Nothing is sent.
    pub fn new(settings: &Settings, client: Client, retry: Retry) -> Self {
        Self {
            client,
            root: settings.api.clone(),
            host: settings.host(),
            retry,
            cluster: OnceCell::new(),
            unsettled: Unsettled::default(),
            script: None,
        }
    }

    /// Makes what is created part of a plan.
    #[must_use]
    pub fn under(mut self, script: Option<Arc<Script>>) -> Self {
        self.script = script;
        self
    }

    /// Returns the host that the user named.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns what the cluster says about itself, asking at most once.
    ///
    /// # Errors
    /// If the cluster does not answer, or leaves out what every cluster says.
    pub async fn cluster(&self) -> Result<&Cluster, Error> {
        self.cluster
            .get_or_try_init(|| configuration::fetch(self))
            .await
    }
}
