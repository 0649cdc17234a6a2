//! How a connection to a server comes about: directly or through a proxy, with TLS or without.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::connection::{Connection, Stream};
use super::failure::{chain, tls_error};
use super::movement::Movement;
use super::words::Server;
use super::{Error, tls, tunnel, words};
use crate::settings::{Protocol, Proxies, Proxy, Settings, Trust};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How often an idle connection is probed, so that firewalls keep it.
const KEEPALIVE: Duration = Duration::from_secs(75);

/// Makes connections to the servers of requests.
#[derive(Clone)]
pub(super) struct Connector(Arc<Ways>);

struct Ways {
    tcp: HttpConnector,
    tls: TlsConnector,
    /// Where the trusted certificates are, for messages.
    trusted: String,
    proxies: Proxies,
    movement: Arc<Movement>,
}

/// Why no connection came about.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum ConnectError {
    /// Trying again is useless.
    #[error("{0}")]
    Final(String),
    /// It may come about later.
    #[error("{0}")]
    Passing(String),
}

/// The server of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) is_encrypted: bool,
    /// The host; an IPv6 address stands without brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Connector {
    pub(super) fn new(settings: &Settings) -> Result<Self, Error> {
        let config = tls::config(&settings.trust, &[], settings.client_certificate.as_ref())?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Ok(Self(Arc::new(Ways {
            tcp,
            tls: TlsConnector::from(Arc::new(config)),
            trusted: trusted(&settings.trust),
            proxies: settings.proxies.clone(),
            movement: Arc::default(),
        })))
    }

    /// Returns what tells whether anything moves on the connections.
    pub(super) fn movement(&self) -> &Movement {
        &self.0.movement
    }

    /// Returns the proxy that takes requests for this server in the form for proxies, if one does.
    pub(super) fn asked_proxy(&self, uri: &Uri) -> Option<&Proxy> {
        let target = Target::of(uri)?;
        let proxy = self.0.route(&target)?;
        let is_asked =
            !target.is_encrypted && matches!(proxy.protocol, Protocol::Http | Protocol::Https);
        is_asked.then_some(proxy)
    }
}

/// Says where the trusted certificates are.
pub(super) fn trusted(trust: &Trust) -> String {
    match trust {
        Trust::Places { file, folders } => {
            format!("those in {}", tls::described(file.as_deref(), folders))
        }
        Trust::System | Trust::Anything => "those that the system trusts".to_owned(),
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Connection>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let ways = self.0.clone();
        Box::pin(async move {
            let target = Target::of(&uri)
                .ok_or_else(|| ConnectError::Final("the address names no host".to_owned()))?;
            tokio::time::timeout(CONNECT_TIMEOUT, ways.connect(&target))
                .await
                .unwrap_or_else(|_| Err(ways.too_slow(&target)))
                .map(TokioIo::new)
        })
    }
}

impl Ways {
    fn route(&self, target: &Target) -> Option<&Proxy> {
        self.proxies
            .route(target.is_encrypted, &target.host, target.port)
    }

    fn connection(&self, stream: Box<dyn Stream>, is_proxied: bool) -> Connection {
        Connection::new(stream, is_proxied, self.movement.clone())
    }

    async fn connect(&self, target: &Target) -> Result<Connection, ConnectError> {
        let Some(proxy) = self.route(target) else {
            let stream = self.tcp(&target.host, target.port).await?;
            let stream = self.with_tls(stream, target).await?;
            return Ok(self.connection(stream, false));
        };
        let stream = self.proxy(proxy).await?;
        let is_of_http = matches!(proxy.protocol, Protocol::Http | Protocol::Https);
        let stream = match (is_of_http, target.is_encrypted) {
            (true, false) => return Ok(self.connection(stream, true)),
            (true, true) => tunnel::by_connect(stream, proxy, target).await?,
            (false, _) => tunnel::by_socks(stream, proxy, target).await?,
        };
        let stream = self.with_tls(stream, target).await?;
        Ok(self.connection(stream, false))
    }

    /// Makes the connection to a proxy.
    async fn proxy(&self, proxy: &Proxy) -> Result<Box<dyn Stream>, ConnectError> {
        let stream = self.tcp(&proxy.host, proxy.port).await;
        let stream = match stream {
            Ok(stream) if proxy.protocol == Protocol::Https => self.tls(stream, &proxy.host).await,
            stream => stream,
        };
        stream.map_err(|error| match error {
            ConnectError::Final(text) => ConnectError::Final(format!("{}: {text}", proxy.name())),
            ConnectError::Passing(text) => {
                ConnectError::Passing(format!("{}: {text}", proxy.name()))
            }
        })
    }

    async fn tcp(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, ConnectError> {
        let uri = format!("http://{}/", authority(host, port))
            .parse()
            .map_err(|_| ConnectError::Final(format!("`{host}` is not a host")))?;
        match self.tcp.clone().call(uri).await {
            Ok(stream) => Ok(Box::new(stream.into_inner())),
            Err(error) => Err(of_system(&error)),
        }
    }

    async fn with_tls(
        &self,
        stream: Box<dyn Stream>,
        target: &Target,
    ) -> Result<Box<dyn Stream>, ConnectError> {
        if !target.is_encrypted {
            return Ok(stream);
        }
        self.tls(stream, &target.host).await
    }

    async fn tls(
        &self,
        stream: Box<dyn Stream>,
        host: &str,
    ) -> Result<Box<dyn Stream>, ConnectError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| ConnectError::Final(format!("`{host}` is not a host name for TLS")))?;
        match self.tls.connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => {
                let told = tls_error(&error)
                    .and_then(|error| words::of_tls(error, Server::Cluster(&self.trusted)));
                Err(match told {
                    Some(text) => ConnectError::Final(text),
                    None => ConnectError::Passing(chain(&error)),
                })
            }
        }
    }

    fn too_slow(&self, target: &Target) -> ConnectError {
        ConnectError::Passing(match self.route(target) {
            Some(proxy) => format!("{}: it took too long", proxy.name()),
            None => "it took too long".to_owned(),
        })
    }
}

/// Sorts what the system has against a connection.
fn of_system(error: &(dyn std::error::Error + 'static)) -> ConnectError {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let number = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::raw_os_error);
        if matches!(number, Some(libc::EMFILE | libc::ENFILE)) {
            return ConnectError::Final(
                "too many files are open for a connection; allow more of them (`ulimit -n`)"
                    .to_owned(),
            );
        }
        cause = error.source();
    }
    ConnectError::Passing(chain(error))
}

impl Target {
    fn of(uri: &Uri) -> Option<Self> {
        let is_encrypted = uri.scheme_str() == Some("https");
        let host = uri.host()?.trim_matches(['[', ']']);
        let usual = if is_encrypted { 443 } else { 80 };
        Some(Self {
            is_encrypted,
            host: host.to_owned(),
            port: uri.port_u16().unwrap_or(usual),
        })
    }

    /// Returns the host and port as an address has them.
    pub(super) fn authority(&self) -> String {
        authority(&self.host, self.port)
    }
}

/// Writes a host and a port as an address has them.
pub(super) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_a_port_and_no_brackets() {
        let target = |uri: &str| Target::of(&uri.parse().unwrap()).unwrap();
        let ipv6 = target("https://[::1]/x");
        assert_eq!((ipv6.host.as_str(), ipv6.port), ("::1", 443));
        assert_eq!(ipv6.authority(), "[::1]:443");
        assert_eq!(target("http://a.example/").authority(), "a.example:80");
        assert_eq!(target("http://a.example:8/").authority(), "a.example:8");
    }

    #[test]
    fn exhausted_files_are_final() {
        let exhausted = io::Error::from_raw_os_error(libc::EMFILE);
        assert!(
            matches!(of_system(&exhausted), ConnectError::Final(text) if text.contains("ulimit -n"))
        );
        let refused = io::Error::from_raw_os_error(libc::ECONNREFUSED);
        assert!(matches!(of_system(&refused), ConnectError::Passing(_)));
    }
}
