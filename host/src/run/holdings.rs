//! What a long listing tells of collections, beside what the component answers.

use std::collections::HashMap;

use keepdocker_arvados::api::{Error, Holding, Property};
use keepdocker_console::Report;
use keepdocker_terms::platform::Platform;
use keepdocker_terms::property::PLATFORM;

use super::Surroundings;
use crate::bindings::commands::Failure;

/// What is known of the collections of a listing.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    by_uuid: HashMap<String, Holding>,
    platforms: HashMap<String, String>,
    owners: HashMap<String, String>,
}

impl Surroundings {
    /// Asks whose these collections are, and how large: a request for each thousand of them, and one or two for
    /// the names of the owners.
    ///
    /// # Errors
    /// If the cluster does not tell.
    pub(crate) async fn holdings(&self, collections: &[String]) -> Result<Holdings, Report> {
        let report = |error: Error| Report::from(Failure::Api(error.into()));
        // A policy may say to whom the token must not go.
        self.policy()?;
        let capabilities = self.capabilities()?;
        let api = capabilities.api.api();
        let found = api.holdings(collections).await.map_err(report)?;
        let owners: Vec<String> = found.iter().map(|holding| holding.owner.clone()).collect();
        // A token that may not see owners sees their UUIDs.
        let owners = api.names_of_owners(&owners).await.unwrap_or_default();
        let told = |holding: &Holding| Some((holding.uuid.clone(), platform(holding)?));
        let platforms = found.iter().filter_map(told).collect();
        let by_uuid = found
            .into_iter()
            .map(|holding| (holding.uuid.clone(), holding));
        Ok(Holdings {
            by_uuid: by_uuid.collect(),
            platforms,
            owners,
        })
    }
}

impl Holdings {
    /// Returns the bytes of a collection's files.
    pub(crate) fn size(&self, collection: &str) -> Option<u64> {
        self.by_uuid.get(collection)?.size
    }

    /// Returns for which platform the image of a collection is, as that says of it. Whoever may write there may write that;
    /// `inspect` looks.
    pub(crate) fn platform(&self, collection: &str) -> Option<&str> {
        self.platforms.get(collection).map(String::as_str)
    }

    /// Returns the UUID of who owns a collection.
    pub(crate) fn owner(&self, collection: &str) -> Option<&str> {
        Some(&self.by_uuid.get(collection)?.owner)
    }

    /// Returns the name of who owns a collection, if the token may see it.
    pub(crate) fn owner_name(&self, collection: &str) -> Option<&str> {
        let name = self.owners.get(self.owner(collection)?)?;
        Some(name)
    }
}

/// No platform has a longer name; whoever may write to a collection could write anything there.
const LONGEST: usize = 64;

/// Returns the platform that a collection tells, if it is one.
fn platform(holding: &Holding) -> Option<String> {
    let is_it = |property: &&Property| property.key == PLATFORM;
    let property = holding.properties.iter().find(is_it)?;
    let text: String = serde_json::from_str(&property.value).ok()?;
    (text.len() <= LONGEST && Platform::parse(&text).is_some()).then_some(text)
}
