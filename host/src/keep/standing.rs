//! Whether the Keep services work: each is asked, side by side.

use std::time::Duration;

use keepdocker_arvados::keep::Service;
use tokio::task::JoinSet;

use super::presence::locators;
use super::{ArchiveStore, Error, Trouble};

/// How many services are asked.
const MOST: usize = 10;

/// How long one may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the services said.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// All services.
    pub services: Vec<Service>,
    /// How many of them were asked.
    pub asked: usize,
    /// Those that are of no use, and why.
    pub troubled: Vec<(Service, Trouble)>,
}

impl ArchiveStore {
    /// Asks some of the services for a block of `manifest`, or for one that nobody has if there is none.
    ///
    /// # Errors
    /// If the cluster does not say which services it has.
    pub(crate) async fn standing(&self, manifest: Option<&str>) -> Result<Standing, Error> {
        let services = self.keep.services().await?;
        let locator = manifest.and_then(|manifest| locators(manifest).next());
        let mut questions = JoinSet::new();
        for (index, service) in services.iter().take(MOST).cloned().enumerate() {
            let (keep, locator) = (self.keep.clone(), locator.clone());
            questions.spawn(async move {
                let asked = keep.try_service(&service, locator.as_ref(), PATIENCE).await;
                (index, service, asked)
            });
        }
        let asked = questions.len();
        let mut troubled = Vec::new();
        while let Some(answered) = questions.join_next().await {
            if let Ok((index, service, Err(trouble))) = answered {
                troubled.push((index, service, trouble));
            }
        }
        // In the order in which they are named, whichever answered first.
        troubled.sort_by_key(|(index, ..)| *index);
        Ok(Standing {
            services: services.to_vec(),
            asked,
            troubled: (troubled.into_iter())
                .map(|(_, service, trouble)| (service, trouble))
                .collect(),
        })
    }
}
