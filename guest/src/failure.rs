//! How the failures of the capabilities become those of a command.

use crate::bindings::exports::keepdocker::contract::commands::{Ambiguity, Failure};
use crate::bindings::keepdocker::contract::{api, archives, engine, keep, locks};
use crate::reference::ReferenceError;
use crate::selection::NoSelection;
use std::fmt;

impl From<api::Error> for Failure {
    fn from(error: api::Error) -> Self {
        Self::Api(error)
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<archives::Error> for Failure {
    fn from(error: archives::Error) -> Self {
        Self::Archive(error)
    }
}

impl From<locks::Error> for Failure {
    fn from(error: locks::Error) -> Self {
        Self::Lock(error)
    }
}

impl From<keep::Error> for Failure {
    fn from(error: keep::Error) -> Self {
        match error {
            keep::Error::Archive(error) => Self::Archive(error),
            error => Self::Keep(error),
        }
    }
}

impl From<NoSelection> for Failure {
    fn from(none: NoSelection) -> Self {
        Self::Archive(match none {
            NoSelection::NoSuchImage(text) => archives::Error::NoSuchImage(text),
            NoSelection::Ambiguous(text) => archives::Error::Ambiguous(text),
        })
    }
}

impl From<ReferenceError> for Failure {
    fn from(error: ReferenceError) -> Self {
        Self::Usage(error.to_string())
    }
}

/// Makes the failure for a name that denotes several images.
pub(crate) fn ambiguous(asked: &dyn fmt::Display, images: Vec<String>) -> Failure {
    Failure::AmbiguousImage(Ambiguity {
        asked: asked.to_string(),
        images,
    })
}

/// Returns the words of an API error, for a message about something that may fail.
pub(crate) fn words(error: &api::Error) -> &str {
    match error {
        api::Error::Denied(text)
        | api::Error::Unauthorized(text)
        | api::Error::Forbidden(text)
        | api::Error::NotFound(text)
        | api::Error::Rejected(text)
        | api::Error::Unreachable(text)
        | api::Error::Uncertain(text)
        | api::Error::Other(text) => text,
    }
}

/// Returns the words of an archive's error, for a message about something that may fail.
pub(crate) fn archive_words(error: &archives::Error) -> &str {
    match error {
        archives::Error::Denied(text)
        | archives::Error::NotFound(text)
        | archives::Error::Unsound(text)
        | archives::Error::NoSuchImage(text)
        | archives::Error::Ambiguous(text)
        | archives::Error::Unsupported(text)
        | archives::Error::Registry(text)
        | archives::Error::Other(text) => text,
        archives::Error::Engine(failure) => &failure.message,
    }
}
