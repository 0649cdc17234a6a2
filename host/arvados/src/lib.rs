//! What the services of an Arvados cluster are asked and answer, for whoever sends the bytes.
//!
//! Blocks and their locators, the order of Keep services, the counting of replicas, tokens and addresses, what
//! an answer means and when to try again. Nothing is sent here: the native host has a client of its own, and
//! the component for WASI runtimes another.

pub mod address;
mod answer;
pub mod block;
mod explained;
mod failure;
pub mod known;
pub mod locator;
mod request_id;
mod retry;
pub mod secrets;
pub mod service;
pub mod stretched;
pub mod tally;
pub mod token;

use serde::{Deserialize, Deserializer};

pub use answer::Answer;
pub use failure::Failure;
pub use request_id::RequestId;
pub use retry::{Attempts, Retry, Setback, Waits};

/// Reads null as the type's empty value: the two servers of a cluster differ in this.
///
/// # Errors
/// If what is there is neither null nor of the type.
pub fn null_as_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
