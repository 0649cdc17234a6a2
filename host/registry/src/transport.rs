//! Sends single requests, and follows redirects by hand: what proves who is asking stays with the host that it is
//! for, and nobody leads into this machine.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use url::Url;

use crate::addresses::objection;
use crate::error::Error;
use crate::program::{Exchange, Program};
use crate::secrets::Secrets;
use crate::wire::{Lost, Response, Route, Sending, Wire};

/// The most redirects that are followed.
const MOST_REDIRECTS: usize = 10;

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
    pub(crate) wire: Arc<dyn Wire>,
    pub(crate) timing: Timing,
    pub(crate) secrets: Arc<Secrets>,
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

impl Transport {
    pub(crate) fn new(program: Arc<dyn Program>, wire: Arc<dyn Wire>, timing: Timing) -> Self {
        Self {
            program,
            wire,
            timing,
            secrets: Arc::default(),
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
        let withheld = |reason| Lost::Final(Error::Withheld { host, reason });
        self.program.admit(url).map_err(withheld)?;
        let mut headers = request.headers.clone();
        if let Some(authorization) = authorization {
            self.secrets.note_header(authorization);
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let mut body = Bytes::new();
        if let Some(form) = &request.form {
            self.secrets.note_form(form);
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(CONTENT_TYPE, kind);
            body = Bytes::from(form.clone());
        }
        let sending = Sending {
            method: request.method.clone(),
            url: url.clone(),
            headers,
            body,
            route: origin.route(url),
            timing: self.timing,
        };
        let sent = self.wire.send(sending).await;
        self.program.record(&Exchange {
            method: match request.method {
                Method::HEAD => "HEAD",
                Method::POST => "POST",
                _ => "GET",
            },
            url: self.secrets.hide(shown(url)),
            status: sent.as_ref().ok().map(|response| response.status.as_u16()),
        });
        sent
    }
}

impl Origin {
    /// Says how a request gets where it leads.
    fn route(&self, url: &Url) -> Route {
        let is_origin = is_same_server(&self.url, url);
        let is_local = self.url.host_str().is_some_and(crate::place::is_local);
        Route {
            server: match is_origin {
                true => self.host.clone(),
                false => authority(url),
            },
            is_insecure: is_origin && self.is_insecure,
            is_guarded: !is_local && (self.is_guarded || !is_origin),
        }
    }
}

/// Returns where an answer leads, if it does.
fn location(response: &Response) -> Option<HeaderValue> {
    matches!(
        response.status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    )
    .then(|| response.headers.get(LOCATION).cloned())?
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
