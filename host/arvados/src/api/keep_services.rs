//! Where the cluster's Keep services are.

use serde::Deserialize;

use super::{Api, Error};
use crate::http::{Http, Retry};

/// A Keep service, as the cluster describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KeepService {
    /// Its UUID, of 27 characters, or of 28 where it was made up from the configuration.
    pub uuid: String,
    /// Its host name or address.
    pub service_host: String,
    /// Its port.
    pub service_port: u16,
    /// Whether it speaks TLS.
    pub service_ssl_flag: bool,
    /// `disk`, `blob`, `proxy`, or a gateway.
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    pub service_type: String,
    /// Whether it refuses to write.
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    pub read_only: bool,
}

impl<H: Http> Api<H> {
    /// Returns the Keep services to be used from where this program runs.
    ///
    /// # Errors
    /// If the cluster does not answer within what `retry` allows.
    pub async fn keep_services(&self, retry: Retry) -> Result<Vec<KeepService>, Error> {
        #[derive(Deserialize)]
        struct List {
            items: Vec<KeepService>,
        }
        let list: List = self
            .read_within(
                retry,
                "find the Keep services",
                "arvados/v1/keep_services/accessible",
                &[],
            )
            .await?;
        Ok(list.items)
    }
}
