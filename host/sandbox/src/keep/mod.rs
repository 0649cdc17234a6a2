//! Answers the requests to the Keep services.

pub(crate) mod blocks;
pub(crate) mod index;
mod read;
pub(crate) mod service;
#[cfg(feature = "testing")]
mod unkept;
mod write;
