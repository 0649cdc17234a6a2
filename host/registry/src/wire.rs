//! What carries single requests: connections of our own, or those of a runtime.

use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Method, StatusCode};
use url::Url;

use crate::error::Error;
use crate::program::Later;
use crate::transport::Timing;

/// Carries single requests to servers. It follows no redirect and tries nothing again.
pub trait Wire: Send + Sync + 'static {
    /// Sends a request, and returns the beginning of the answer.
    ///
    /// # Errors
    /// If none came.
    fn send(&self, request: Sending) -> Later<'_, Result<Response, Lost>>;

    /// Lets time pass.
    fn pause(&self, delay: Duration) -> Later<'_, ()>;
}

/// A request as it is sent.
#[derive(Debug, Clone)]
pub struct Sending {
    /// `GET`, `HEAD` or `POST`.
    pub method: Method,
    /// Where it goes.
    pub url: Url,
    /// All headers but those that every request has.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
    /// How it gets there.
    pub route: Route,
    /// How long things may take.
    pub timing: Timing,
}

/// How a request gets to its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The server as names have it, by which its certificates are kept.
    pub server: String,
    /// Whether any certificate will do.
    pub is_insecure: bool,
    /// Whether its name must not resolve to addresses of this machine: a host that the user did not name.
    pub is_guarded: bool,
}

/// An answer, of which the body is still to come.
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// What brings its body.
    pub body: Box<dyn Body>,
}

/// Brings the body of an answer. Dropping it gives the rest up.
pub trait Body: Send {
    /// Returns the next bytes, or none at the end.
    ///
    /// # Errors
    /// If nothing came for so long, or the answer broke off; with a text for people.
    fn chunk(&mut self, patience: Duration) -> Later<'_, Result<Option<Bytes>, String>>;
}

/// Why no answer came.
#[derive(Debug)]
pub enum Lost {
    /// It may come later.
    Passing(String),
    /// There was no connection to send the request over; there may be one later.
    Unconnected(String),
    /// It will not.
    Final(Error),
    /// No connection with TLS came about, and perhaps one without does.
    NoTls(String),
}

impl Response {
    /// Returns the length of the body, if the answer says it.
    pub(crate) fn length(&self) -> Option<u64> {
        let length = self.headers.get(http::header::CONTENT_LENGTH)?;
        length.to_str().ok()?.trim().parse().ok()
    }
}

/// Leaves the body out.
impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
