//! Answers the requests to the Keep services.

pub(crate) mod blocks;
pub(crate) mod service;
