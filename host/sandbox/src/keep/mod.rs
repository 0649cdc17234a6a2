//! Answers the requests to the Keep services.

pub(crate) mod blocks;
mod read;
mod replicas;
mod route;
pub(crate) mod service;
#[cfg(feature = "testing")]
mod unkept;
pub(crate) mod upkeep;
mod write;
