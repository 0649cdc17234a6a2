//! A whole answer of a server.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body: whole, or of a refusal as much as came.
    pub body: Bytes,
}

impl Answer {
    /// Returns a header's value, if it is there and readable.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
