//! Image archives as the component has them: opened by where they come from, told, forgotten.
//!
//! How an archive is read, verified and cut is `keepdocker_archive`'s, which knows neither the contract nor the
//! engine.

mod archives;
pub(crate) mod host;
mod registry;

use crate::bindings;
use crate::engine::CommandError;
use crate::gate::Refusal;
use crate::registry::of_registry;

pub(crate) use archives::{Archives, Opened};
pub(crate) use keepdocker_archive::{
    Archive, BlockSink, Chosen, Error, Held, Image, KnownLayer, Location, Naming, Outline,
    Platform, Progress, Second, SinkClosed, Wanted, fewest_blocks, is_layer, look,
};

keepdocker_archive::contract!(bindings, producer);

/// What produces archives is the engine or a registry.
fn producer(
    error: Box<dyn std::error::Error + Send + Sync>,
    text: String,
) -> bindings::archives::Error {
    if let Some(error) = error.downcast_ref::<keepdocker_registry::Error>() {
        return of_registry(error, text);
    }
    if error.is::<Refusal>() {
        return bindings::archives::Error::Denied(text);
    }
    match error.downcast::<CommandError>().map(|error| *error) {
        Ok(CommandError::Failed(failure)) => bindings::archives::Error::Engine(failure),
        Ok(_) | Err(_) => bindings::archives::Error::Other(text),
    }
}
