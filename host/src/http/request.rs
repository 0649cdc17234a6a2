//! A request in the making.

use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use url::Url;

use super::{Failure, ProgressBody};

/// A request in the making.
///
/// What cannot stand in a request shows when it is sent.
#[derive(Debug)]
pub(crate) struct RequestBuilder {
    head: hyper::http::request::Builder,
    body: ProgressBody,
    timeout: Option<Duration>,
}

impl RequestBuilder {
    pub(super) fn new(method: Method, url: &Url) -> Self {
        Self {
            head: Request::builder().method(method).uri(url.as_str()),
            body: ProgressBody::default(),
            timeout: None,
        }
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        HeaderName: TryFrom<N>,
        <HeaderName as TryFrom<N>>::Error: Into<hyper::http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<hyper::http::Error>,
    {
        self.head = self.head.header(name, value);
        self
    }

    /// Limits the time from the first byte of the request to the last of the answer.
    #[must_use]
    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the body.
    #[must_use]
    pub(crate) fn body(mut self, body: impl Into<ProgressBody>) -> Self {
        self.body = body.into();
        self
    }

    pub(super) fn uri(&self) -> Option<&Uri> {
        self.head.uri_ref()
    }

    /// Returns the request and its time limit.
    pub(super) fn build(self) -> Result<(Request<ProgressBody>, Option<Duration>), Failure> {
        let request = self
            .head
            .body(self.body)
            .map_err(|error| Failure::Final(format!("the request cannot be made: {error}")))?;
        Ok((request, self.timeout))
    }
}
