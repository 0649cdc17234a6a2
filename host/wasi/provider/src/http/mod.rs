//! The HTTP client of both the Arvados API and Keep, over `wasi:http`.
//!
//! It stands where the native host's client stands, and is used by the same callers.

mod failure;
mod send;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use url::Url;

use crate::bindings::log::Level;
use crate::session;
use crate::settings::Settings;

// What requests and answers are made of, for callers that know nothing of WASI.
pub(crate) use ::http::{HeaderMap, Method, StatusCode, header};
pub(crate) use keepdocker_arvados::{Answer, Failure, RequestId, Retry, Setback, Waits};

/// The longest block.
const MAXIMUM_BLOCK: usize = 64 << 20;

/// Is told how far a body has been sent. There is nobody to tell here: the component shows no
/// progress.
pub(crate) type Watcher = Arc<dyn Fn(u64) + Send + Sync>;

/// Sends requests with the user's token.
#[derive(Clone)]
pub(crate) struct Client {
    authorization: String,
}

/// A request in the making.
pub(crate) struct RequestBuilder {
    method: Method,
    url: Url,
    headers: Vec<(String, Vec<u8>)>,
    body: Bytes,
    timeout: Option<Duration>,
}

impl Client {
    /// Creates a client for the servers that the settings name. Nothing is sent.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            authorization: format!("Bearer {}", settings.token.expose()),
        }
    }

    /// Starts a request that carries the token.
    pub(crate) fn request(&self, method: Method, url: Url, id: &RequestId) -> RequestBuilder {
        RequestBuilder {
            method,
            url,
            headers: Vec::new(),
            body: Bytes::new(),
            timeout: None,
        }
        .header(header::AUTHORIZATION, &self.authorization)
        .header(
            header::USER_AGENT,
            concat!("keepdocker-wasi/", env!("CARGO_PKG_VERSION")),
        )
        .header("x-request-id", id.as_str())
    }

    /// Sends the request and reads the answer's body, up to `limit` bytes.
    ///
    /// An answer is any status at all.
    pub(crate) async fn exchange(
        &self,
        request: RequestBuilder,
        limit: usize,
    ) -> Result<Answer, Failure> {
        send::exchange(request, limit)
    }

    /// Does the same. Memory is not used again here.
    pub(crate) async fn exchange_into(
        &self,
        request: RequestBuilder,
        limit: usize,
        _: BytesMut,
    ) -> Result<Answer, Failure> {
        self.exchange(request, limit).await
    }

    /// Sends the request and reads the answer, all of it: a stream that is given up is not something
    /// that every runtime takes well.
    pub(crate) async fn exchange_beginning(
        &self,
        request: RequestBuilder,
        _: usize,
    ) -> Result<Answer, Failure> {
        self.exchange(request, MAXIMUM_BLOCK).await
    }
}

impl Waits for Client {
    fn notify(&self, sentence: &str) {
        session::message(Level::Warning, sentence);
    }

    async fn pause(&self, delay: Duration) {
        std::thread::sleep(delay);
    }
}

/// Leaves the token out.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl RequestBuilder {
    /// Adds a header.
    pub(crate) fn header(mut self, name: impl AsRef<str>, value: &str) -> Self {
        let name = name.as_ref().to_owned();
        self.headers.push((name, value.as_bytes().to_vec()));
        self
    }

    /// Limits the time that the server may take to begin its answer.
    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the body.
    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}
