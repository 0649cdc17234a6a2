//! Image archives: from the engine, a file, a folder or a stream.

mod sink;

pub use sink::{BlockSink, SinkClosed};

/// An archive, open for one reading.
#[derive(Debug)]
pub struct Archive {}
