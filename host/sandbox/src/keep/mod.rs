//! Answers the requests to the Keep services.

pub(crate) mod blocks;
mod index;
mod read;
pub(crate) mod service;
mod write;
