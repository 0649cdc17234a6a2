//! What becomes of a run's writes: they are done, only noted, or held to a plan.
//!
//! The component runs as always. In a rehearsal a [`Script`] answers in place of the cluster and notes the
//! step; what the component reads afterwards includes what it believes to have written. A run that follows a
//! plan has each write compared with the plan before it is done.
//!
//! Every capability that writes has [`Effects`], and asks them before it writes; that is all that it knows of
//! rehearsals and plans.

mod deviation;
mod objects;
mod script;
mod step;

use std::sync::Arc;

use crate::api::collections::{Collection, Query as CollectionQuery};
use crate::api::links::{Link, Query as LinkQuery};

pub use deviation::Deviation;
pub use objects::{Error, Objects};
pub use script::Script;
pub use step::Step;

/// What becomes of the writes of one run. By default they are done.
#[derive(Debug, Clone, Default)]
pub struct Effects {
    script: Option<Arc<Script>>,
}

/// What is to become of one step.
#[derive(Debug)]
#[must_use]
pub enum Course<'a> {
    /// It is to be done.
    Done,
    /// It was noted, and nothing is to be done; the script can make up what would have come of it.
    Noted(&'a Script),
}

impl Effects {
    /// Writes what the script lets be written.
    #[must_use]
    pub fn under(script: Arc<Script>) -> Self {
        Self {
            script: Some(script),
        }
    }

    /// Tells whether nothing is written, whatever is asked for.
    #[must_use]
    pub fn are_rehearsed(&self) -> bool {
        self.script
            .as_ref()
            .is_some_and(|script| script.is_rehearsal())
    }

    /// Notes a step, and tells whether it is to be done. The step is made only where it is noted.
    ///
    /// # Errors
    /// If the plan has another step in this place; then it must not be done.
    pub fn admit(&self, step: impl FnOnce() -> Step) -> Result<Course<'_>, Deviation> {
        match &self.script {
            Some(script) if !script.take(step())? => Ok(Course::Noted(script)),
            _ => Ok(Course::Done),
        }
    }

    /// Returns what the steps call a collection, whatever the cluster called it.
    fn name_of(&self, uuid: &str) -> String {
        match &self.script {
            None => uuid.to_owned(),
            Some(script) => script.name_of(uuid),
        }
    }

    /// Notes which UUID the cluster gave to the collection of the last step.
    fn created(&self, uuid: &str) {
        if let Some(script) = &self.script {
            script.created(uuid);
        }
    }

    /// Tells whether the run believes to have removed something that the cluster has.
    fn have_removed(&self) -> bool {
        let script = self.script.as_ref();
        script.is_some_and(|script| script.has_removed())
    }

    /// Adds the links that only this run knows, as far as the query asks for them, and leaves out those that it
    /// believes to have removed.
    fn add_links(&self, query: &LinkQuery, links: &mut Vec<Link>) {
        if let Some(script) = &self.script {
            script.add_links(query, links);
        }
    }

    /// Adds the collections that only this run knows, as far as the query asks for them, and leaves out those that it
    /// believes to have removed.
    fn add_collections(&self, query: &CollectionQuery, collections: &mut Vec<Collection>) {
        if let Some(script) = &self.script {
            script.add_collections(query, collections);
        }
    }
}
