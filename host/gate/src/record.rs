//! The record of what the component asked for and what came of it.

use std::fmt;
use std::sync::Arc;

use erased_serde::Serialize;

use super::operation::Operation;
use crate::policy::Ruling;

/// One entry of the record.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    /// The number of the call, from 1; all entries of a call share it.
    pub number: u64,
    /// What was asked for; it serialises as the entry's object.
    pub operation: &'a Operation,
    /// What the policy says, and by which rule.
    pub ruling: Ruling<'a>,
    /// What happened.
    pub phase: Phase<'a>,
}

/// What happened to a call.
///
/// Requests and answers are the contract's values, just as they cross to the component and back;
/// resources count by their handles.
#[derive(Clone, Copy)]
pub enum Phase<'a> {
    /// The operation is about to begin. Nothing has happened yet.
    Attempt {
        /// The list of the call's arguments.
        request: &'a dyn Serialize,
    },
    /// The operation is withheld.
    Denied {
        /// The list of the call's arguments.
        request: &'a dyn Serialize,
        /// Why, for people.
        reason: &'a str,
        /// What the component gets to see.
        answer: &'a dyn Serialize,
    },
    /// The operation ended.
    Result {
        /// What went wrong, if anything did.
        error: Option<&'a str>,
        /// What the component gets to see; none if the call was given up.
        answer: Option<&'a dyn Answer>,
        /// How many bytes went to Keep meanwhile, each replica counted once.
        bytes: u64,
    },
}

/// What the component gets to see of an operation.
pub trait Answer: Serialize {
    /// Returns a copy that can be recorded while the component goes on.
    fn copy(&self) -> Box<dyn Serialize + Send>;
}

impl<T: serde::Serialize + Clone + Send + 'static> Answer for T {
    fn copy(&self) -> Box<dyn Serialize + Send> {
        Box::new(self.clone())
    }
}

impl Phase<'_> {
    /// Returns the word for it, as the record has it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Attempt { .. } => "attempt",
            Self::Denied { .. } => "denied",
            Self::Result { .. } => "result",
        }
    }
}

/// An entry could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unrecordable(pub String);

/// Where the record goes.
pub trait Recorder: fmt::Debug + Send + Sync {
    /// Takes one entry; an attempt must be safe on disk, or wherever it goes, on return.
    ///
    /// # Errors
    /// If the entry is lost. The gate then lets no further operation begin. A recorder that is told
    /// to carry on all the same warns, and returns no error.
    fn record(&self, event: Event<'_>) -> Result<(), Unrecordable>;
}

impl<R: Recorder + ?Sized> Recorder for Arc<R> {
    fn record(&self, event: Event<'_>) -> Result<(), Unrecordable> {
        (**self).record(event)
    }
}

/// Keeps no record.
#[derive(Debug, Clone, Copy)]
pub struct Unrecorded;

impl Recorder for Unrecorded {
    fn record(&self, _event: Event<'_>) -> Result<(), Unrecordable> {
        Ok(())
    }
}
