//! Whom the token stands for.

use keepdocker_arvados::api::{Account, Error};
use keepdocker_console::Report;

use super::Surroundings;
use crate::bindings::commands::Failure;

/// Whom the token stands for, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WhoAmI {
    /// The user and the token.
    pub account: Account,
    /// The cluster's ID.
    pub cluster: String,
    /// The host that the user named.
    pub host: String,
}

impl Surroundings {
    /// Asks the cluster whom the token stands for.
    ///
    /// # Errors
    /// If the cluster does not accept the token, or does not answer.
    pub(crate) async fn who_am_i(&self) -> Result<WhoAmI, Report> {
        let report = |error: Error| Report::from(Failure::Api(error.into()));
        // A policy may say to whom the token must not go.
        self.policy()?;
        let capabilities = self.capabilities()?;
        let api = capabilities.api.api();
        let cluster = api.cluster().await.map_err(report)?.id.clone();
        Ok(WhoAmI {
            account: api.account().await.map_err(report)?,
            cluster,
            host: self.host(),
        })
    }
}
