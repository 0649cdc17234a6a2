//! Where the cluster's Keep services are.

use serde::Deserialize;

use keepdocker_arvados::service::KeepService;

use super::{Api, Error};
use crate::http::Retry;

impl Api {
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
