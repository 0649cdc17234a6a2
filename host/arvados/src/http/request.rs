//! A request, for whoever sends it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use url::Url;

use super::RequestId;

/// A request to the API or to a Keep service. Whoever sends it adds the token.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: Url,
    /// The request's ID. It stays the same when a request is repeated, so that the server's log shows it.
    pub id: RequestId,
    /// The headers that say what is sent and wanted.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Body,
    /// How long it may take.
    pub patience: Patience,
}

/// How long a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// So long from its first byte to the last of the answer. A host that has no clock for the whole takes it
    /// for the time until the answer begins.
    Overall(Duration),
    /// As long as it moves on.
    Moving {
        /// How long the body may not move on.
        stall: Duration,
        /// How long the server may take to answer once it has the whole body.
        answer: Duration,
    },
}

/// A request's body.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// What is sent.
    pub bytes: Bytes,
    /// How far it has been sent, noted by whoever sends it.
    pub activity: Activity,
}

/// A body that nobody watches.
impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self {
            bytes,
            activity: Activity::default(),
        }
    }
}

/// A body that nobody watches.
impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl Request {
    /// Begins a request without headers and body.
    #[must_use]
    pub fn new(method: Method, url: Url, id: &RequestId, patience: Patience) -> Self {
        Self {
            method,
            url,
            id: id.clone(),
            headers: HeaderMap::new(),
            body: Body::default(),
            patience,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }
}

/// How many bytes of a body have been handed to the connection.
#[derive(Clone, Default)]
pub struct Activity {
    bytes: Arc<AtomicU64>,
    watcher: Option<Watcher>,
}

/// Is told, each time that a body moves on, how many of its bytes have been handed over.
pub type Watcher = Arc<dyn Fn(u64) + Send + Sync>;

impl Activity {
    /// Begins with no byte, and has `watcher` told of those to come.
    #[must_use]
    pub(crate) fn watched(watcher: Option<Watcher>) -> Self {
        Self {
            bytes: Arc::default(),
            watcher,
        }
    }

    /// Returns the number of bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Notes that so many more have been handed over.
    pub fn add(&self, count: u64) {
        let bytes = self.bytes.fetch_add(count, Ordering::Relaxed) + count;
        if let Some(watcher) = &self.watcher {
            watcher(bytes);
        }
    }
}

impl fmt::Debug for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Activity").field(&self.bytes()).finish()
    }
}
