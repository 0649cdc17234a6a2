//! What the services of an Arvados cluster are asked and answer, for whoever sends the bytes.
//!
//! ```text
//! effects ── what becomes of a run's writes: done, noted, or held to a plan
//!    ├──▶ api ─── links, collections, projects; when to repeat, and when not
//!    │     ▲
//!    └──▶ keep ── blocks and their locators, the order of services, replicas
//!          │
//!          └──▶ http ── one exchange: a trait, for the host to fill
//! ```
//!
//! Nothing is sent here: the native host has a client of its own, and the component for WASI runtimes another.
//! Nor is anything known here of the contract with the component; [`contract!`] says in it what is told here.

pub mod address;
pub mod api;
mod contract;
pub mod effects;
pub mod http;
pub mod keep;
pub mod secrets;
pub mod token;
#[cfg(target_family = "wasm")]
pub mod turn;

use serde::{Deserialize, Deserializer};

/// Reads null as the type's empty value: the two servers of a cluster differ in this.
///
/// # Errors
/// If what is there is neither null nor of the type.
pub(crate) fn null_as_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
