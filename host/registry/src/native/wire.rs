//! Connections of our own, with the certificates and proxies that go for each server.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use keepdocker_arvados::http::Failure;
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy};
use url::Url;

use super::causes;
use super::certificates::{self, Certificates};
use super::resolver::{Guarded, LeadsInside};
use crate::error::Error;
use crate::program::Later;
use crate::transport::authority;
use crate::wire::{Body, Lost, Response, Route, Sending, Wire};

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// How often an idle connection is probed, so that firewalls keep it.
const KEEPALIVE: Duration = Duration::from_secs(75);
/// How this program calls itself.
const USER_AGENT: &str = concat!("keepdocker/", env!("CARGO_PKG_VERSION"));

/// What connections are made with.
pub trait Network: Send + Sync + 'static {
    /// Returns what TLS goes by.
    ///
    /// # Errors
    /// If certificates cannot be used; with a text for people.
    fn tls(&self, certificates: &Certificates) -> Result<rustls::ClientConfig, String>;

    /// Returns the proxy to reach an address through, its login in it; none for the direct way.
    fn proxy(&self, url: &Url) -> Option<Url>;

    /// Says why a request brought no answer.
    fn explain(&self, error: &(dyn std::error::Error + 'static)) -> Failure;
}

/// Connections to servers. Must be used on the runtime.
pub struct Connections {
    network: Arc<dyn Network>,
    /// The folders with certificates for single registries (`certs.d`), the most important first.
    certificate_folders: Vec<PathBuf>,
    clients: Mutex<HashMap<Way, Client>>,
}

/// What connections that can be shared have in common.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Way {
    /// The host, where certificates of its own go for it.
    host: Option<String>,
    trusts_anything: bool,
    is_guarded: bool,
    proxy: Option<Url>,
}

impl Connections {
    /// Prepares to connect; `certificate_folders` are those with certificates for single registries (`certs.d`), the
    /// most important first.
    #[must_use]
    pub fn new(network: Arc<dyn Network>, certificate_folders: Vec<PathBuf>) -> Self {
        Self {
            network,
            certificate_folders,
            clients: Mutex::default(),
        }
    }

    async fn exchange(&self, request: Sending) -> Result<Response, Lost> {
        let Sending { url, timing, .. } = request;
        let client = self
            .client(&url, &request.route, timing.connect)
            .map_err(Lost::Final)?;
        let (host, has_tls) = (authority(&url), url.scheme() == "https");
        let mut builder = client.request(request.method, url).headers(request.headers);
        if !request.body.is_empty() {
            builder = builder.body(request.body);
        }
        match tokio::time::timeout(timing.answer, builder.send()).await {
            Ok(Ok(response)) => Ok(Response {
                status: response.status(),
                headers: response.headers().clone(),
                body: Box::new(Coming {
                    response,
                    network: self.network.clone(),
                }),
            }),
            Ok(Err(error)) => Err(self.lost(&host, error, has_tls)),
            Err(_) => Err(Lost::Passing(format!(
                "no answer came within {} s",
                timing.answer.as_secs()
            ))),
        }
    }

    /// Sorts why no answer came. Nothing of the address is said but the host.
    fn lost(&self, host: &str, error: reqwest::Error, has_tls: bool) -> Lost {
        let is_connect = error.is_connect();
        let error = error.without_url();
        let unreachable = |reason| {
            Lost::Final(Error::Unreachable {
                host: host.to_owned(),
                reason,
            })
        };
        if let Some(inside) = causes::find::<LeadsInside>(&error) {
            return unreachable(inside.to_string());
        }
        match self.network.explain(&error) {
            Failure::Final(text) => unreachable(text),
            failure if is_connect && has_tls && causes::speaks_no_tls(&error) => {
                Lost::NoTls(failure.to_string())
            }
            failure if is_connect => Lost::Unconnected(failure.to_string()),
            failure => Lost::Passing(failure.to_string()),
        }
    }

    fn client(&self, url: &Url, route: &Route, connect: Duration) -> Result<Client, Error> {
        let mut found = certificates::of_host(&self.certificate_folders, &route.server);
        found.trusts_anything = route.is_insecure;
        let way = Way {
            host: (found != Certificates::default()).then(|| route.server.clone()),
            trusts_anything: found.trusts_anything,
            is_guarded: route.is_guarded,
            proxy: self.network.proxy(url),
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&way) {
            return Ok(client.clone());
        }
        let client = self
            .build(&way, &found, connect)
            .map_err(|reason| Error::Configuration {
                file: format!("what goes for {}", route.server),
                reason,
            })?;
        clients.insert(way, client.clone());
        Ok(client)
    }

    fn build(&self, way: &Way, found: &Certificates, connect: Duration) -> Result<Client, String> {
        let words = |error: reqwest::Error| error.without_url().to_string();
        let mut builder = Client::builder()
            .tls_backend_preconfigured(self.network.tls(found)?)
            // Blobs have connections of their own: on one, a slow reader holds up the others.
            .http1_only()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .user_agent(USER_AGENT)
            .connect_timeout(connect)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .tcp_keepalive(KEEPALIVE);
        builder = match &way.proxy {
            // A proxy looks names up itself, and may be on this machine.
            Some(proxy) => builder.proxy(Proxy::all(proxy.clone()).map_err(words)?),
            None if way.is_guarded => builder.dns_resolver(Guarded),
            None => builder,
        };
        builder.build().map_err(words)
    }
}

impl Wire for Connections {
    fn send(&self, request: Sending) -> Later<'_, Result<Response, Lost>> {
        Box::pin(self.exchange(request))
    }

    fn pause(&self, delay: Duration) -> Later<'_, ()> {
        Box::pin(tokio::time::sleep(delay))
    }
}

/// The rest of an answer.
struct Coming {
    response: reqwest::Response,
    network: Arc<dyn Network>,
}

impl Body for Coming {
    fn chunk(&mut self, patience: Duration) -> Later<'_, Result<Option<Bytes>, String>> {
        Box::pin(async move {
            match tokio::time::timeout(patience, self.response.chunk()).await {
                Ok(Ok(chunk)) => Ok(chunk),
                Ok(Err(error)) => Err(self.network.explain(&error.without_url()).to_string()),
                Err(_) => Err(format!("nothing came for {} s", patience.as_secs())),
            }
        })
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}
