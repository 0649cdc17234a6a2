//! Image archives in the folders that the runtime opens, or on standard input.

use crate::bindings;
use crate::registry::of_registry;

pub(crate) use keepdocker_archive::{
    Archive, BlockSink, Error, Location, SinkClosed, outline, verified,
};

keepdocker_archive::contract!(bindings, producer);

/// What produces archives is a registry.
fn producer(
    error: Box<dyn std::error::Error + Send + Sync>,
    text: String,
) -> bindings::archives::Error {
    match error.downcast_ref::<keepdocker_registry::Error>() {
        Some(error) => of_registry(error, text),
        None => bindings::archives::Error::Other(text),
    }
}
