//! The HTTP client of both the Arvados API and Keep.
//!
//! It alone knows the token's text and the trusted certificates. It sends one request and returns
//! one answer; whether to try again is for the callers, who know what a repetition would do.

mod answer;
mod connection;
mod connector;
mod exchange;
mod failure;
mod movement;
mod pem;
mod progress_body;
mod request;
mod tls;
mod tunnel;
mod verifier;
mod words;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::Response;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderValue, PROXY_AUTHORIZATION};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use url::Url;

use crate::harmless;
use crate::settings::{ClientCertificate, Login, Settings, Trust};

use connector::Connector;

pub(crate) use keepdocker_arvados::http::{
    Answer, Failure, Reading, RequestId, Retry, Waits, Watcher,
};
pub(crate) use progress_body::ProgressBody;
pub(crate) use request::RequestBuilder;
// What requests are made of, for callers that know nothing of the library.
pub(crate) use hyper::{Method, StatusCode, header};

/// How long an unused connection is kept: less than servers keep theirs, so that a request is
/// seldom sent on a connection that the server is just closing.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Of a longer name of a host only the beginning is shown.
const LONGEST_HOST: usize = 255;
/// How this program calls itself.
const USER_AGENT: &str = concat!("keepdocker/", env!("CARGO_PKG_VERSION"));

/// Sends requests with the user's token.
#[derive(Clone)]
pub(crate) struct Client {
    inner: legacy::Client<Connector, ProgressBody>,
    connector: Connector,
    authorization: HeaderValue,
    notify: Option<Notify>,
}

/// Is told, in one sentence, when something is going to be tried again.
pub(crate) type Notify = Arc<dyn Fn(&str) + Send + Sync>;

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file with certificates cannot be read.
    #[error("the certificates in {path} cannot be used: {reason}")]
    Certificates {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody is trusted.
    #[error("there is no certificate of an authority to trust in {place}")]
    NoCertificates {
        /// Where they were sought.
        place: String,
    },
    /// The library refuses.
    #[error("cannot set up HTTP: {0}")]
    Setup(String),
}

impl Client {
    /// Creates a client for the servers that the settings name. Nothing is sent.
    ///
    /// # Errors
    /// If the certificates of the settings cannot be used.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Error> {
        let connector = Connector::new(settings)?;
        // It speaks HTTP/1.1 alone. Blocks are sent on connections of their own: multiplexed on one,
        // each would wait for the others' flow control. And it follows no redirects, which would
        // carry the token elsewhere.
        let inner = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build(connector.clone());
        let mut authorization =
            HeaderValue::try_from(format!("Bearer {}", settings.token.expose()))
                .expect("a token has visible characters alone");
        authorization.set_sensitive(true);
        Ok(Self {
            inner,
            connector,
            authorization,
            notify: None,
        })
    }

    /// Has `notify` told when something is going to be tried again.
    #[must_use]
    pub(crate) fn notifying(mut self, notify: Notify) -> Self {
        self.notify = Some(notify);
        self
    }

    /// Starts a request that carries the token.
    ///
    /// The ID stays the same when a request is repeated, so that the server's log shows it.
    pub(crate) fn request(&self, method: Method, url: Url, id: &RequestId) -> RequestBuilder {
        RequestBuilder::new(method, &url)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(header::USER_AGENT, USER_AGENT)
            .header("X-Request-Id", id.as_str())
    }

    /// Sends the request and reads as much of the answer's body as is wanted.
    ///
    /// An answer is any status at all.
    ///
    /// # Errors
    /// If no answer came, or not enough of it.
    pub(crate) async fn exchange(
        &self,
        request: RequestBuilder,
        reading: Reading,
    ) -> Result<Answer, Failure> {
        match reading {
            Reading::Whole { limit, mut room } => {
                let read = |response| {
                    room.clear();
                    answer::read(response, limit, room)
                };
                self.exchange_with(request, read).await
            }
            // Then the connection is given up.
            Reading::Beginning(enough) => {
                let read = |response| answer::read_beginning(response, enough);
                self.exchange_with(request, read).await
            }
        }
    }

    /// Sends the request and has the answer read.
    async fn exchange_with<R>(
        &self,
        mut request: RequestBuilder,
        read: impl FnOnce(Response<Incoming>) -> R,
    ) -> Result<Answer, Failure>
    where
        R: Future<Output = Result<Answer, Failure>>,
    {
        let proxy = request
            .uri()
            .and_then(|uri| self.connector.asked_proxy(uri));
        if let Some(login) = proxy.and_then(|proxy| proxy.login.as_ref()) {
            request = request.header(PROXY_AUTHORIZATION, basic(login));
        }
        let host = request.uri().and_then(|uri| uri.host()).unwrap_or_default();
        let waiting = format!(
            "still waiting for {}",
            harmless::excerpt(host, LONGEST_HOST)
        );
        let (request, timeout) = request.build()?;
        let exchange = async {
            let response = self.inner.request(request).await;
            read(response.map_err(|error| failure::of_request(&error))?).await
        };
        let exchange = self.connector.movement().watch(exchange, |lasts| {
            self.notify(&format!(
                "{waiting}: next to nothing has moved for {} s",
                lasts.as_secs()
            ));
        });
        let answer = match timeout {
            None => exchange.await?,
            Some(timeout) => tokio::time::timeout(timeout, exchange)
                .await
                .map_err(|_| Failure::NoAnswer("it took too long".to_owned()))??,
        };
        match proxy {
            Some(proxy) if answer.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                Err(Failure::Final(tunnel::wants_login(proxy, &answer.headers)))
            }
            _ => Ok(answer),
        }
    }
}

/// What TLS with registries goes by, which are none of the cluster's servers and get nothing that is the cluster's.
#[derive(Debug)]
pub(crate) struct RegistryTls {
    trust: Trust,
    trusted: String,
}

impl RegistryTls {
    /// Goes by the certificates that the environment or else the system has, whatever the cluster's are.
    #[must_use]
    pub(crate) fn new(trust: Trust) -> Self {
        let trusted = connector::trusted(&trust);
        Self { trust, trusted }
    }

    /// Returns the configuration of the library. `further` are files with certificates to trust, too; `shown` is the
    /// certificate that shows who is asking.
    ///
    /// # Errors
    /// If a file cannot be used, or nobody is trusted.
    pub(crate) fn config(
        &self,
        further: &[PathBuf],
        shown: Option<&ClientCertificate>,
        trusts_anything: bool,
    ) -> Result<rustls::ClientConfig, Error> {
        match trusts_anything {
            true => tls::config(&Trust::Anything, &[], shown),
            false => tls::config(&self.trust, further, shown),
        }
    }

    /// Says why a request brought no answer.
    #[must_use]
    pub(crate) fn explain(&self, error: &(dyn std::error::Error + 'static)) -> Failure {
        failure::of_registry(error, &self.trusted)
    }
}

/// Returns the header of a login by the scheme `Basic`.
fn basic(login: &Login) -> HeaderValue {
    let mut value = HeaderValue::try_from(format!("Basic {}", login.basic()))
        .expect("base64 has visible characters alone");
    value.set_sensitive(true);
    value
}

impl Waits for Client {
    fn notify(&self, sentence: &str) {
        if let Some(notify) = &self.notify {
            notify(sentence);
        }
    }

    async fn pause(&self, delay: Duration) {
        tokio::time::sleep(delay).await;
    }
}

/// Leaves the token out.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
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
}
