//! Whether each service does its work, as far as one question tells.

use std::sync::Arc;
use std::time::Duration;

use super::block::{BlockHash, BlockId};
use super::locator::Locator;
use super::put::described;
use super::service::Service;
use super::{Error, Keep};
use crate::http::{Http, Method, Patience, Reading, Request, RequestId};

/// Why a service is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It does not answer, for this reason.
    Silent(String),
    /// It does not let the token read, in these words.
    Refuses(String),
    /// It answers something else than a Keep service would, or that it fails.
    Fails(String),
}

impl<H: Http> Keep<H> {
    /// Returns the services that are used: those that were given, else those that the cluster names.
    ///
    /// # Errors
    /// If the cluster does not name them.
    pub async fn services(&self) -> Result<Arc<Vec<Service>>, Error> {
        self.services.list().await
    }

    /// Asks a service once, with `HEAD`, whether it has a block that the token may read. Without one it is asked for a
    /// block that nobody has, which tells less of the token.
    ///
    /// # Errors
    /// If it does not answer within `patience`, or not as a service does that works.
    pub async fn try_service(
        &self,
        service: &Service,
        readable: Option<&Locator>,
        patience: Duration,
    ) -> Result<(), Trouble> {
        let signed = readable.map_or_else(nobodys, Locator::signed);
        let url = (service.root.join(&signed))
            .map_err(|_| Trouble::Silent("its address cannot be used".to_owned()))?;
        let patience = Patience::Overall(patience);
        let request = Request::new(Method::HEAD, url, &RequestId::random(), patience);
        let answer = self
            .client
            .exchange(request, Reading::Beginning(0))
            .await
            .map_err(|failure| Trouble::Silent(failure.to_string()))?;
        match answer.status.as_u16() {
            200..=299 | 404 | 410 => Ok(()),
            // What has no signature is refused, whoever asks.
            400 | 403 | 422 if readable.is_none() => Ok(()),
            401 | 403 => Err(Trouble::Refuses(described(&answer))),
            _ => Err(Trouble::Fails(described(&answer))),
        }
    }
}

/// Returns the locator of a block that nobody stores: its hash is that of what no other program has a reason to write.
fn nobodys() -> String {
    let data = b"keepdocker: a block that nobody stores";
    Locator::unsigned(BlockId {
        hash: BlockHash::of(data),
        size: u32::try_from(data.len()).unwrap_or(u32::MAX),
    })
    .signed()
}
