//! Answers the requests to the Keep services.

pub(crate) mod blocks;
mod read;
pub(crate) mod service;
