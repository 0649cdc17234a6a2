//! Sends single requests, and follows redirects by hand: what proves who is asking stays with the host that it is
//! for, and nobody leads into this machine.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use keepdocker_arvados::http::Failure;
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy, Response};
use url::Url;

use crate::addresses::{Guarded, objection};
use crate::certificates;
use crate::error::Error;
use crate::program::{Certificates, Exchange, Program};
use crate::secrets::Secrets;

/// The most redirects that are followed.
const MOST_REDIRECTS: usize = 10;
/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// How often an idle connection is probed, so that firewalls keep it.
const KEEPALIVE: Duration = Duration::from_secs(75);
/// How this program calls itself.
const USER_AGENT: &str = concat!("keepdocker/", env!("CARGO_PKG_VERSION"));

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long a connection may take to come about.
    pub connect: Duration,
    /// How long the beginning of an answer may take.
    pub answer: Duration,
    /// How long nothing may come of the rest.
    pub stall: Duration,
    /// How long what has come may wait to be used before its connection is given up.
    pub unread: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            answer: Duration::from_secs(60),
            stall: Duration::from_secs(30),
            unread: Duration::from_secs(20),
        }
    }
}

/// Sends single requests.
pub(crate) struct Transport {
    pub(crate) program: Arc<dyn Program>,
    pub(crate) timing: Timing,
    pub(crate) secrets: Arc<Secrets>,
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

/// Where a chain of redirects begins.
#[derive(Clone)]
pub(crate) struct Origin {
    /// The address asked.
    pub(crate) url: Url,
    /// The host as names have it, by which its certificates are kept.
    pub(crate) host: String,
    /// Whether its certificate need not be good.
    pub(crate) is_insecure: bool,
    /// Whether what it resolves to is checked: a host that the user did not name.
    pub(crate) is_guarded: bool,
}

/// One request, before redirects.
#[derive(Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) authorization: Option<HeaderValue>,
    /// A form, sent with `POST` and never led elsewhere.
    pub(crate) form: Option<String>,
}

/// What a chain of redirects ends with.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) response: Response,
    /// The host that answered.
    pub(crate) host: String,
    /// Whether it is another than the one that was asked first.
    pub(crate) is_elsewhere: bool,
    /// What must not be shown of its words.
    pub(crate) secrets: Arc<Secrets>,
}

/// Why no answer came.
#[derive(Debug)]
pub(crate) enum Lost {
    /// It may come later.
    Passing(String),
    /// It will not.
    Final(Error),
    /// No connection with TLS came about, and perhaps one without does.
    NoTls(String),
}

impl Transport {
    pub(crate) fn new(
        program: Arc<dyn Program>,
        timing: Timing,
        certificate_folders: Vec<PathBuf>,
    ) -> Self {
        Self {
            program,
            timing,
            secrets: Arc::default(),
            certificate_folders,
            clients: Mutex::default(),
        }
    }

    /// Sends a request, and follows where it leads.
    pub(crate) async fn follow(&self, origin: &Origin, request: &Request) -> Result<Arrived, Lost> {
        let mut url = origin.url.clone();
        let mut authorization = request.authorization.as_ref();
        for _ in 0..=MOST_REDIRECTS {
            let is_elsewhere = !is_same_server(&origin.url, &url);
            if is_elsewhere {
                // It does not come back either: who leads away and back again may want to see it.
                authorization = None;
            }
            let response = self.send(origin, &url, request, authorization).await?;
            let Some(location) = location(&response) else {
                return Ok(Arrived {
                    response,
                    host: authority(&url),
                    is_elsewhere,
                    secrets: self.secrets.clone(),
                });
            };
            let refused = |reason: &str| {
                Lost::Final(Error::Withheld {
                    host: authority(&url),
                    reason: format!("its redirect is not followed, as {reason}"),
                })
            };
            let next = location
                .to_str()
                .ok()
                .and_then(|location| url.join(location).ok())
                .ok_or_else(|| refused("it is no address"))?;
            if request.form.is_some() {
                return Err(refused("it would take a secret elsewhere"));
            }
            if let Some(reason) = objection(&origin.url, &next) {
                return Err(refused(reason));
            }
            url = next;
        }
        Err(Lost::Final(Error::Unreachable {
            host: authority(&origin.url),
            reason: format!("more than {MOST_REDIRECTS} redirects follow each other"),
        }))
    }

    async fn send(
        &self,
        origin: &Origin,
        url: &Url,
        request: &Request,
        authorization: Option<&HeaderValue>,
    ) -> Result<Response, Lost> {
        let host = authority(url);
        let withheld = |reason| {
            Lost::Final(Error::Withheld {
                host: host.clone(),
                reason,
            })
        };
        self.program.admit(url).map_err(withheld)?;
        let client = self.client(origin, url).map_err(Lost::Final)?;
        let mut builder = client
            .request(request.method.clone(), url.clone())
            .headers(request.headers.clone());
        if let Some(authorization) = authorization {
            self.secrets.note_header(authorization);
            builder = builder.header(AUTHORIZATION, authorization);
        }
        if let Some(form) = &request.form {
            self.secrets.note_form(form);
            builder = builder
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(Bytes::from(form.clone()));
        }
        let sent = tokio::time::timeout(self.timing.answer, builder.send()).await;
        self.program.record(&Exchange {
            method: match request.method {
                Method::HEAD => "HEAD",
                Method::POST => "POST",
                _ => "GET",
            },
            url: self.secrets.hide(shown(url)),
            status: match &sent {
                Ok(Ok(response)) => Some(response.status().as_u16()),
                _ => None,
            },
        });
        match sent {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(self.lost(&host, error, url.scheme() == "https")),
            Err(_) => Err(Lost::Passing(format!(
                "no answer came within {} s",
                self.timing.answer.as_secs()
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
        if let Some(inside) = crate::causes::find::<crate::addresses::LeadsInside>(&error) {
            return unreachable(inside.to_string());
        }
        match self.program.explain(&error) {
            Failure::Final(text) => unreachable(text),
            failure if is_connect && has_tls && crate::causes::speaks_no_tls(&error) => {
                Lost::NoTls(failure.to_string())
            }
            failure => Lost::Passing(failure.to_string()),
        }
    }

    fn client(&self, origin: &Origin, url: &Url) -> Result<Client, Error> {
        let is_origin = is_same_server(&origin.url, url);
        let name = if is_origin {
            origin.host.clone()
        } else {
            authority(url)
        };
        let mut found = certificates::of_host(&self.certificate_folders, &name);
        found.trusts_anything = is_origin && origin.is_insecure;
        let is_local = origin.url.host_str().is_some_and(crate::place::is_local);
        let way = Way {
            host: (found != Certificates::default()).then(|| name.clone()),
            trusts_anything: found.trusts_anything,
            is_guarded: !is_local && (origin.is_guarded || !is_origin),
            proxy: self.program.proxy(url),
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&way) {
            return Ok(client.clone());
        }
        let client = self
            .build(&way, &found)
            .map_err(|reason| Error::Configuration {
                file: format!("what goes for {name}"),
                reason,
            })?;
        clients.insert(way, client.clone());
        Ok(client)
    }

    fn build(&self, way: &Way, found: &Certificates) -> Result<Client, String> {
        let words = |error: reqwest::Error| error.without_url().to_string();
        let mut builder = Client::builder()
            .tls_backend_preconfigured(self.program.tls(found)?)
            // Blobs have connections of their own: on one, a slow reader holds up the others.
            .http1_only()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .user_agent(USER_AGENT)
            .connect_timeout(self.timing.connect)
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

/// Returns where an answer leads, if it does.
fn location(response: &Response) -> Option<HeaderValue> {
    matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    )
    .then(|| response.headers().get(LOCATION).cloned())?
}

/// Tells whether two addresses are of one server: scheme, host and port.
pub(crate) fn is_same_server(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// Returns host and port of an address, as names have them.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Returns an address without what may be secret in it.
fn shown(url: &Url) -> String {
    format!("{}://{}{}", url.scheme(), authority(url), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown_of_an_address() {
        let url =
            Url::parse("https://me:pw@cdn.example:8443/a/b?X-Signature=s3cr3t#s3cr3t").unwrap();
        assert_eq!(shown(&url), "https://cdn.example:8443/a/b");
    }

    #[test]
    fn a_server_is_scheme_host_and_port() {
        let same = |one: &str, other: &str| {
            is_same_server(&Url::parse(one).unwrap(), &Url::parse(other).unwrap())
        };
        assert!(same("https://a.example/x", "https://A.example:443/y?z"));
        assert!(!same("https://a.example/", "http://a.example/"));
        assert!(!same("https://a.example/", "https://a.example:444/"));
        assert!(!same("https://a.example/", "https://a.example.evil/"));
    }
}
