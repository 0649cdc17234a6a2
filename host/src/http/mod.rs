//! The HTTP client of both the Arvados API and Keep.
//!
//! It alone knows the token's text and the trusted certificates. It sends one request and returns
//! one answer; whether to try again is for the callers, who know what a repetition would do.

mod answer;
mod failure;
mod progress_body;
mod request_id;
mod retry;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{NoProxy, Proxy, Url};

use crate::settings::{Proxies, Settings};

pub use answer::Answer;
pub use failure::Failure;
pub use progress_body::{Activity, ProgressBody, Watcher};
pub use request_id::RequestId;
pub use retry::{Attempts, Retry};
// What requests are made of, for callers that know nothing of the library.
pub use reqwest::{Method, RequestBuilder, StatusCode, header};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long an unused connection is kept: less than servers keep theirs, so that a request is
/// seldom sent on a connection that the server is just closing.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// How often an idle connection is probed, so that firewalls keep it.
const KEEPALIVE: Duration = Duration::from_secs(75);

/// Sends requests with the user's token.
#[derive(Clone)]
pub struct Client {
    inner: reqwest::Client,
    authorization: HeaderValue,
    notify: Option<Notify>,
}

/// Is told, in one sentence, when something is going to be tried again.
pub type Notify = Arc<dyn Fn(&str) + Send + Sync>;

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The trusted certificates cannot be read.
    #[error("the certificates in {path} cannot be used: {reason}")]
    Certificates {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The environment names a proxy that cannot be one.
    #[error("the proxy for {scheme} addresses, set in the environment, is not a proxy's address")]
    Proxy {
        /// The addresses it is for.
        scheme: &'static str,
    },
    /// The HTTP library refuses.
    #[error("cannot set up HTTP: {0}")]
    Setup(String),
}

impl Client {
    /// Creates a client for the servers that the settings name. Nothing is sent.
    ///
    /// # Errors
    /// If the certificates or proxies of the settings cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("keepdocker/", env!("CARGO_PKG_VERSION")))
            // A redirect would carry the token elsewhere; Arvados does not use any.
            .redirect(reqwest::redirect::Policy::none())
            // Blocks are sent on connections of their own: multiplexed on one, each would wait
            // for the others' flow control.
            .http1_only()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_keepalive(KEEPALIVE);
        let builder = proxies(builder, &settings.proxies)?;
        let inner = tls::trust(builder, &settings.trust)?
            .build()
            .map_err(|error| Error::Setup(failure::describe(&error)))?;
        let mut authorization =
            HeaderValue::try_from(format!("Bearer {}", settings.token.expose()))
                .expect("a token has visible characters alone");
        authorization.set_sensitive(true);
        Ok(Self {
            inner,
            authorization,
            notify: None,
        })
    }

    /// Has `notify` told when something is going to be tried again.
    #[must_use]
    pub fn notifying(mut self, notify: Notify) -> Self {
        self.notify = Some(notify);
        self
    }

    /// Tells the user, if that is wanted, that something is going to be tried again.
    pub(crate) fn notify(&self, sentence: &str) {
        if let Some(notify) = &self.notify {
            notify(sentence);
        }
    }

    /// Waits before something is tried again.
    pub(crate) async fn pause(&self, delay: Duration) {
        tokio::time::sleep(delay).await;
    }

    /// Starts a request that carries the token.
    ///
    /// The ID stays the same when a request is repeated, so that the server's log shows it.
    pub fn request(&self, method: Method, url: Url, id: &RequestId) -> RequestBuilder {
        self.inner
            .request(method, url)
            .header(AUTHORIZATION, self.authorization.clone())
            .header("X-Request-Id", id.as_str())
    }

    /// Sends the request and reads the answer's body, up to `limit` bytes.
    ///
    /// An answer is any status at all.
    ///
    /// # Errors
    /// If no whole answer came.
    pub async fn exchange(&self, request: RequestBuilder, limit: usize) -> Result<Answer, Failure> {
        self.exchange_into(request, limit, BytesMut::new()).await
    }

    /// Does the same, and puts the answer's body into memory that is no longer used for something else.
    ///
    /// # Errors
    /// If no whole answer came.
    pub async fn exchange_into(
        &self,
        request: RequestBuilder,
        limit: usize,
        mut room: BytesMut,
    ) -> Result<Answer, Failure> {
        let response = request.send().await.map_err(Failure::from)?;
        room.clear();
        Answer::read(response, limit, room).await
    }
}

impl Client {
    /// Sends the request and reads at least `enough` bytes of the answer's body, if it has so many;
    /// then the connection is given up.
    ///
    /// # Errors
    /// If no answer came, or it ended amid its body.
    pub async fn exchange_beginning(
        &self,
        request: RequestBuilder,
        enough: usize,
    ) -> Result<Answer, Failure> {
        let response = request.send().await.map_err(Failure::from)?;
        Answer::read_beginning(response, enough).await
    }
}

/// Leaves the token out.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// Sets the proxies that the settings name, and no others.
fn proxies(
    builder: reqwest::ClientBuilder,
    proxies: &Proxies,
) -> Result<reqwest::ClientBuilder, Error> {
    // Without this, the library would look into the process's environment.
    let mut builder = builder.no_proxy();
    let direct = proxies.direct.as_deref().and_then(NoProxy::from_string);
    if let Some(address) = &proxies.https {
        let proxy = Proxy::https(address).map_err(|_| Error::Proxy { scheme: "https" })?;
        builder = builder.proxy(proxy.no_proxy(direct.clone()));
    }
    if let Some(address) = &proxies.http {
        let proxy = Proxy::http(address).map_err(|_| Error::Proxy { scheme: "http" })?;
        builder = builder.proxy(proxy.no_proxy(direct));
    }
    Ok(builder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Environment, Settings};

    fn settings() -> Environment {
        Environment::default()
            .with("ARVADOS_API_HOST", "localhost:1")
            .with("ARVADOS_API_TOKEN", "s3cr3t")
    }

    #[test]
    fn the_token_is_not_shown() {
        let client = Client::new(&Settings::load(&settings()).unwrap()).unwrap();
        let url = Url::parse("https://localhost:1/").unwrap();
        let request = client.request(Method::GET, url, &RequestId::random());
        assert!(!format!("{client:?} {request:?}").contains("s3cr3t"));
    }

    #[test]
    fn unusable_certificates_are_reported_with_their_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let environment = settings().with("SSL_CERT_FILE", file.path());
        let error = Client::new(&Settings::load(&environment).unwrap()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&file.path().display().to_string()), "{text}");
    }

    #[test]
    fn an_unusable_proxy_is_reported_without_its_password() {
        let environment = settings().with("https_proxy", "http://user:s3cr3t@:x/");
        let error = Client::new(&Settings::load(&environment).unwrap()).unwrap_err();
        assert!(matches!(error, Error::Proxy { scheme: "https" }));
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
    }
}
