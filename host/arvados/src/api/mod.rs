//! The Arvados API: typed operations over HTTP and JSON.
//!
//! Reading is repeated until it succeeds or the retries are used up. Creating is repeated only
//! where the first attempt cannot have created anything; else the caller is told that the outcome
//! is uncertain, and has to look.

mod clock;
pub mod collections;
mod configuration;
mod containers;
mod error;
mod exchange;
mod filter;
mod grants;
mod holdings;
mod keep_services;
pub mod links;
pub mod logs;
mod page;
pub mod permissions;
pub mod projects;
pub mod property;
mod row;
mod sample;
mod unsettled;
mod users;

use std::sync::atomic::AtomicBool;

use tokio::sync::OnceCell;
use url::Url;

use crate::address;
use crate::http::{Http, Retry};

pub use configuration::Cluster;
pub use error::{Error, Refusal};
pub use grants::Grant;
pub use holdings::Holding;
pub use keep_services::KeepService;
pub use property::Property;
pub use users::Account;

use unsettled::Unsettled;

/// The API of one cluster, used with one token.
#[derive(Debug)]
pub struct Api<H> {
    client: H,
    /// Requests go to the host that the user named, as with the Go client; the address in the
    /// discovery document is the same host as seen by the server.
    root: Url,
    host: String,
    retry: Retry,
    /// How often to try again as long as no connection ever came about.
    retries_at_first: u32,
    has_answered: AtomicBool,
    cluster: OnceCell<Cluster>,
    unsettled: Unsettled,
}

impl<H: Http> Api<H> {
    /// Creates the API whose root is at this address. Nothing is sent.
    pub fn new(root: Url, client: H, retry: Retry) -> Self {
        Self {
            client,
            host: address::host(&root),
            root,
            retry,
            retries_at_first: u32::MAX,
            has_answered: AtomicBool::new(false),
            cluster: OnceCell::new(),
            unsettled: Unsettled::default(),
        }
    }

    /// Tries again only so often as long as no connection ever came about: what never answered is misspelt or away,
    /// while somebody waits.
    #[must_use]
    pub fn trying_at_first(mut self, retries: u32) -> Self {
        self.retries_at_first = retries;
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
