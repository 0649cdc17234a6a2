//! Image archives in the folders that the runtime opens, or on standard input.

use crate::bindings;

pub(crate) use keepdocker_archive::{
    Archive, BlockSink, Error, Location, SinkClosed, outline, verified,
};

keepdocker_archive::contract!(bindings, producer);

/// Nothing produces archives here.
fn producer(
    _: Box<dyn std::error::Error + Send + Sync>,
    text: String,
) -> bindings::archives::Error {
    bindings::archives::Error::Other(text)
}
