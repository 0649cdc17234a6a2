//! Links and collections as a run sees them: those that the cluster has, and those that the run believes to
//! have created.

use std::sync::Arc;

use super::{Course, Deviation, Effects, Step};
use crate::api::collections::{
    Change, Collection, Disposal, NewCollection, Query as CollectionQuery, Revival,
};
use crate::api::links::{Detail, Link, NewLink, Query as LinkQuery, Removal};
use crate::api::permissions::{Level, Permission};
use crate::api::{self, Api};
use crate::http::Http;

/// The objects of one cluster, in one run.
#[derive(Debug)]
pub struct Objects<H> {
    api: Arc<Api<H>>,
    effects: Effects,
}

/// Why objects are not to be had, or not to be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API failed.
    #[error(transparent)]
    Api(#[from] api::Error),
    /// A plan has something else in this place. Nothing was sent.
    #[error(transparent)]
    OffPlan(#[from] Deviation),
}

impl<H: Http> Objects<H> {
    /// Writes through this API, as far as the effects let it.
    pub fn new(api: Arc<Api<H>>, effects: Effects) -> Self {
        Self { api, effects }
    }

    /// Returns the API, which tells nothing of what the run believes to have created.
    pub fn api(&self) -> &Api<H> {
        &self.api
    }

    /// Returns the links as [`Api::list_links`] does, with those that the run believes to have created, and without
    /// those that it believes to have removed.
    ///
    /// # Errors
    /// As [`Api::list_links`] has them.
    pub async fn list_links(&self, query: &LinkQuery) -> Result<Vec<Link>, Error> {
        let mut asked = query.clone();
        if self.effects.have_removed() {
            // What is left out is told by its UUID, and others take its place among the newest.
            asked.detail = Detail::Full;
            asked.newest = None;
        }
        let mut links = self.api.list_links(&asked).await?;
        self.effects.add_links(query, &mut links);
        Ok(links)
    }

    /// Removes a link, or does nothing of it.
    ///
    /// # Errors
    /// As [`Api::delete_link`] has them, and if the plan to follow has something else.
    pub async fn delete_link(&self, link: &Removal) -> Result<(), Error> {
        match self.effects.admit(|| Step::unlink(link))? {
            Course::Done => Ok(self.api.delete_link(link).await?),
            Course::Noted(_) => Ok(()),
        }
    }

    /// Creates a link, or makes up what would be created.
    ///
    /// # Errors
    /// As [`Api::create_link`] has them, and if the plan to follow has something else.
    pub async fn create_link(&self, link: &NewLink) -> Result<Link, Error> {
        link.check()?;
        let step = || Step::link(link, &self.effects.name_of(&link.head));
        match self.effects.admit(step)? {
            Course::Done => Ok(self.api.create_link(link).await?),
            Course::Noted(script) => {
                let owner = self.api.owner(link.owner.as_deref()).await?;
                Ok(script.invent_link(link, &self.api.cluster().await?.id, &owner))
            }
        }
    }

    /// Returns the collections as [`Api::list_collections`] does, with those that the run believes to have created, and
    /// without those that it believes to have removed.
    ///
    /// # Errors
    /// As [`Api::list_collections`] has them.
    pub async fn list_collections(
        &self,
        query: &CollectionQuery,
    ) -> Result<Vec<Collection>, Error> {
        let mut asked = query.clone();
        if self.effects.have_removed() {
            asked.newest = None;
        }
        let mut collections = self.api.list_collections(&asked).await?;
        self.effects.add_collections(query, &mut collections);
        Ok(collections)
    }

    /// Creates a collection, or makes up what would be created.
    ///
    /// # Errors
    /// As [`Api::create_collection`] has them, and if the plan to follow has something else.
    pub async fn create_collection(&self, new: &NewCollection) -> Result<Collection, Error> {
        match self.effects.admit(|| Step::collection(new))? {
            Course::Done => {
                let collection = self.api.create_collection(new).await?;
                self.effects.created(&collection.uuid);
                Ok(collection)
            }
            Course::Noted(script) => {
                let owner = self.api.owner(new.owner.as_deref()).await?;
                Ok(script.invent_collection(new, &self.api.cluster().await?.id, &owner))
            }
        }
    }

    /// Changes what a collection says of the names of its image, or does nothing of it.
    ///
    /// # Errors
    /// As [`Api::update_collection`] has them, and if the plan to follow has something else.
    pub async fn update_collection(&self, change: &Change) -> Result<(), Error> {
        let step = || Step::update(change, &self.effects.name_of(&change.collection));
        match self.effects.admit(step)? {
            Course::Done => Ok(self.api.update_collection(change).await?),
            Course::Noted(_) => Ok(()),
        }
    }

    /// Moves a collection to the trash, or does nothing of it.
    ///
    /// # Errors
    /// As [`Api::trash_collection`] has them, and if the plan to follow has something else.
    pub async fn trash_collection(&self, disposal: &Disposal) -> Result<Option<String>, Error> {
        match self.effects.admit(|| Step::trash(disposal))? {
            Course::Done => Ok(self.api.trash_collection(disposal).await?),
            Course::Noted(_) => Ok(None),
        }
    }

    /// Brings a collection back from the trash, or only believes it to be back. What is not there stays as it is.
    ///
    /// # Errors
    /// As [`Api::trashed_collection`] and [`Api::untrash_collection`] have them, and if the plan to follow has
    /// something else.
    pub async fn untrash_collection(&self, revival: &Revival) -> Result<(), Error> {
        let Some(trashed) = self.api.trashed_collection(revival).await? else {
            return Ok(());
        };
        match self.effects.admit(|| Step::untrash(revival))? {
            Course::Done => Ok(self.api.untrash_collection(revival).await?),
            Course::Noted(script) => {
                script.brought_back(trashed);
                Ok(())
            }
        }
    }

    /// Gives a permission, changes it or takes it away, or does nothing of it, and returns the level before. What is so
    /// already is no step.
    ///
    /// # Errors
    /// As [`Api::permission`] and [`Api::set_permission`] have them, and if the plan to follow has something else.
    pub async fn set_permission(&self, wanted: &Permission) -> Result<Option<Level>, Error> {
        let before = self.api.permission(wanted).await?;
        if before == wanted.level {
            return Ok(before);
        }
        match self.effects.admit(|| Step::share(wanted))? {
            Course::Done => self.api.set_permission(wanted).await?,
            Course::Noted(_) => {}
        }
        Ok(before)
    }
}
