//! Where the cluster is, and how to be let in, as the environment of the component says.
//!
//! There is no settings file here: what the runtime does not hand over is not there.

use keepdocker_arvados::address;
use keepdocker_arvados::token::{InvalidToken, Token};
use url::{Host, Url};

/// How to reach a cluster, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The root of the cluster's API.
    pub(crate) api: Url,
    /// What proves to the cluster who is asking.
    pub(crate) token: Token,
    /// The roots of the Keep services to use in place of the ones that the cluster names.
    pub(crate) keep_services: Option<Vec<Url>>,
}

/// Why the environment does not tell how to reach a cluster.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    /// A variable is missing or empty.
    #[error("{0} is not set; hand it over with `--env {0}`, or as your runtime does it")]
    Missing(&'static str),
    /// The host is something else.
    #[error(
        "ARVADOS_API_HOST must be a host name with an optional port, such as \
         `zzzzz.arvadosapi.com`; or, for a proxy on this machine that speaks TLS with the cluster, \
         `http://127.0.0.1:PORT`; it is `{}`", .0.escape_debug()
    )]
    InvalidHost(String),
    /// The token is no token.
    #[error(transparent)]
    InvalidToken(#[from] InvalidToken),
    /// The address of a Keep service cannot be used.
    #[error(
        "ARVADOS_KEEP_SERVICES must hold addresses such as `https://keep.example.com:25107/`, \
         with blanks between them; one is `{}`", .0.escape_debug()
    )]
    InvalidService(String),
}

impl Settings {
    /// Reads the environment.
    pub(crate) fn load() -> Result<Self, Error> {
        let host = variable("ARVADOS_API_HOST").ok_or(Error::Missing("ARVADOS_API_HOST"))?;
        let token = variable("ARVADOS_API_TOKEN").ok_or(Error::Missing("ARVADOS_API_TOKEN"))?;
        let keep_services = match variable("ARVADOS_KEEP_SERVICES") {
            None => None,
            Some(value) => Some(
                address::keep_roots(&value)
                    .map_err(|text| Error::InvalidService(text.to_owned()))?,
            ),
        };
        Ok(Self {
            api: api_root(&host).ok_or_else(|| Error::InvalidHost(address::shown(&host)))?,
            token: Token::new(&token)?,
            keep_services,
        })
    }
}

fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// Reads a host, or an address without TLS on this machine.
///
/// Runtimes trust the public authorities and, most of them, no other. A cluster with an authority
/// of its own is reached by way of a proxy on this machine that knows it. Beyond this machine
/// the token never travels without TLS.
fn api_root(text: &str) -> Option<Url> {
    let Some(host) = text.strip_prefix("http://") else {
        return address::api_root("https", text);
    };
    let root = address::api_root("http", host.strip_suffix('/').unwrap_or(host))?;
    keeps_token_safe(&root).then_some(root)
}

/// Tells whether a request with the token may go there: with TLS, or without on this machine alone.
pub(crate) fn keeps_token_safe(url: &Url) -> bool {
    if url.scheme() == "https" {
        return true;
    }
    url.host().is_some_and(|host| match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    })
}
