//! Which Keep services there are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use url::Url;

use super::Error;
use super::service::Service;
use crate::api::Api;
use crate::http::{Http, Retry};

/// A list younger than this is not asked for again.
const FRESH: Duration = Duration::from_secs(1);

/// The Keep services, given by the user or named by the cluster.
#[derive(Debug)]
pub(super) struct Services<H> {
    api: Arc<Api<H>>,
    given: Option<Arc<Vec<Service>>>,
    named: Mutex<Option<(Instant, Arc<Vec<Service>>)>>,
}

impl<H: Http> Services<H> {
    pub(super) fn new(given: Option<&[Url]>, api: Arc<Api<H>>) -> Self {
        let given = given.map(|roots| {
            let services = roots.iter().enumerate();
            Arc::new(services.map(|(i, root)| Service::given(i, root)).collect())
        });
        Self {
            api,
            given,
            named: Mutex::new(None),
        }
    }

    pub(super) fn api(&self) -> &Api<H> {
        &self.api
    }

    /// Tells whether the user gave the services.
    pub(super) fn are_given(&self) -> bool {
        self.given.is_some()
    }

    /// Returns the services, asking the cluster the first time.
    pub(super) async fn list(&self) -> Result<Arc<Vec<Service>>, Error> {
        if let Some(given) = &self.given {
            return Ok(given.clone());
        }
        // Whoever comes second waits for the answer to the first.
        let mut named = self.named.lock().await;
        if let Some((_, services)) = &*named {
            return Ok(services.clone());
        }
        let services = self.ask(self.api.retry()).await?;
        *named = Some((Instant::now(), services.clone()));
        Ok(services)
    }

    /// Returns the services, asking the cluster again since some have failed.
    ///
    /// If the cluster does not answer at once, the former list will have to do.
    pub(super) async fn refreshed(&self) -> Result<Arc<Vec<Service>>, Error> {
        if let Some(given) = &self.given {
            return Ok(given.clone());
        }
        let mut named = self.named.lock().await;
        if let Some((since, services)) = &*named
            && since.elapsed() < FRESH
        {
            return Ok(services.clone());
        }
        let once = Retry {
            retries: 0,
            ..self.api.retry()
        };
        match (self.ask(once).await, &*named) {
            (Err(_), Some((_, former))) => Ok(former.clone()),
            (Err(error), None) => Err(error),
            (Ok(services), _) => {
                *named = Some((Instant::now(), services.clone()));
                Ok(services)
            }
        }
    }

    async fn ask(&self, retry: Retry) -> Result<Arc<Vec<Service>>, Error> {
        let named = self.api.keep_services(retry).await?;
        Ok(Arc::new(named.iter().filter_map(Service::named).collect()))
    }
}
