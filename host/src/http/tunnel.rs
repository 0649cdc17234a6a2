//! The way through a proxy: `CONNECT` for proxies of HTTP, and SOCKS.

use std::future::{Ready, ready};
use std::io;
use std::net::IpAddr;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::header::{HOST, HeaderMap, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, USER_AGENT};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5};
use hyper_util::rt::TokioIo;
use tower_service::Service;

use super::connection::Stream;
use super::connector::{ConnectError, Target, authority};
use super::failure::chain;
use crate::harmless::one_line;
use crate::settings::{Login, Protocol, Proxy};

/// Has a proxy of HTTP make a connection to the target.
pub(super) async fn by_connect(
    stream: Box<dyn Stream>,
    proxy: &Proxy,
    target: &Target,
) -> Result<Box<dyn Stream>, ConnectError> {
    let broken = |error: hyper::Error| {
        ConnectError::Passing(format!("{} broke off: {}", proxy.name(), chain(&error)))
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    // It ends with the tunnel, or without one at once.
    tokio::spawn(connection.with_upgrades());
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(target.authority())
        .header(HOST, target.authority())
        .header(USER_AGENT, super::USER_AGENT);
    if let Some(login) = &proxy.login {
        request = request.header(PROXY_AUTHORIZATION, super::basic(login));
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| ConnectError::Final(error.to_string()))?;
    let response = sender.send_request(request).await.map_err(broken)?;
    if !response.status().is_success() {
        return Err(refusal(
            proxy,
            target,
            response.status(),
            response.headers(),
        ));
    }
    let upgraded = hyper::upgrade::on(response).await.map_err(broken)?;
    Ok(Box::new(TokioIo::new(upgraded)))
}

fn refusal(
    proxy: &Proxy,
    target: &Target,
    status: StatusCode,
    headers: &HeaderMap,
) -> ConnectError {
    let name = proxy.name();
    match status.as_u16() {
        407 => ConnectError::Final(wants_login(proxy, headers)),
        408 | 425 | 429 | 500..=599 => ConnectError::Passing(format!(
            "{name} made no connection to {}: status {}",
            target.authority(),
            status.as_u16()
        )),
        _ => ConnectError::Final(format!(
            "{name} refuses connections to {}: status {}; it needs to be told to allow them, or \
             no_proxy to have the host",
            target.authority(),
            status.as_u16()
        )),
    }
}

/// Says that a proxy answered 407. Further attempts might lock an account.
pub(super) fn wants_login(proxy: &Proxy, headers: &HeaderMap) -> String {
    let name = proxy.name();
    let schemes: Vec<&str> = headers
        .get_all(PROXY_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok()?.split_whitespace().next())
        .map(|scheme| scheme.trim_end_matches(','))
        .collect();
    let knows_basic = schemes.is_empty()
        || schemes
            .iter()
            .any(|scheme| scheme.eq_ignore_ascii_case("basic"));
    if !knows_basic {
        return format!(
            "{name} wants a login by {}, and only Basic is known here (status 407)",
            one_line(&schemes.join(", "), 100)
        );
    }
    match &proxy.login {
        Some(Login { user, .. }) => format!(
            "{name} does not accept the name `{}` and its password (status 407)",
            one_line(user, 80)
        ),
        None => format!(
            "{name} wants a login (status 407); write a name and password into its address, with a \
             colon between them and an `@` before the host"
        ),
    }
}

/// Has a SOCKS proxy make a connection to the target.
pub(super) async fn by_socks(
    stream: Box<dyn Stream>,
    proxy: &Proxy,
    target: &Target,
) -> Result<Box<dyn Stream>, ConnectError> {
    let host = host(proxy, target).await?;
    let uri = |authority: &str| {
        format!("http://{authority}/")
            .parse::<Uri>()
            .map_err(|error| ConnectError::Final(error.to_string()))
    };
    let (there, wanted) = (uri(&proxy.address())?, uri(&authority(&host, target.port))?);
    let connected = Connected(Some(TokioIo::new(stream)));
    let opened = match proxy.protocol {
        Protocol::Socks4 | Protocol::Socks4a => {
            let mut socks = SocksV4::new(there, connected).local_dns(false);
            socks.call(wanted).await.map_err(|error| error.to_string())
        }
        _ => {
            let mut socks = SocksV5::new(there, connected);
            if let Some(Login { user, password, .. }) = &proxy.login {
                socks = socks.with_auth(user.clone(), password.clone());
            }
            socks.call(wanted).await.map_err(|error| error.to_string())
        }
    };
    match opened {
        Ok(stream) => Ok(stream.into_inner()),
        Err(words) => Err(socks_refusal(proxy, target, &words)),
    }
}

/// Returns what to tell the proxy of the target's host: its name, or its address as it is looked up
/// here.
async fn host(proxy: &Proxy, target: &Target) -> Result<String, ConnectError> {
    let looks_up = matches!(proxy.protocol, Protocol::Socks4a | Protocol::Socks5h);
    if looks_up || target.host.parse::<IpAddr>().is_ok() {
        return Ok(target.host.clone());
    }
    let found = tokio::net::lookup_host((target.host.as_str(), target.port))
        .await
        .map_err(|error| {
            ConnectError::Passing(format!(
                "{error}; the scheme `socks5h` has the proxy look names up"
            ))
        })?;
    let is_old = proxy.protocol == Protocol::Socks4;
    let mut fitting = found.filter(|address| !is_old || address.is_ipv4());
    match fitting.next() {
        Some(address) => Ok(address.ip().to_string()),
        None => Err(ConnectError::Final(format!(
            "{} has no address of the kind that {} can reach",
            target.host,
            proxy.name()
        ))),
    }
}

/// A connection that is there already, for a library that wants to make it itself.
struct Connected(Option<TokioIo<Box<dyn Stream>>>);

impl Service<Uri> for Connected {
    type Response = TokioIo<Box<dyn Stream>>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Response, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(
            self.0
                .take()
                .ok_or_else(|| io::ErrorKind::NotConnected.into()),
        )
    }
}

/// Sorts what the library says of a SOCKS proxy that makes no connection. It has nothing but words
/// for its reasons; tests with a proxy that gives each of them hold these.
fn socks_refusal(proxy: &Proxy, target: &Target, words: &str) -> ConnectError {
    let name = proxy.name();
    let host = target.authority();
    let reason = words.strip_prefix("SOCKS error: ").unwrap_or(words);
    match reason {
        "credentials not accepted" => ConnectError::Final(format!(
            "{name} does not accept the name and password in its address"
        )),
        "server does not support user/pass authentication" if proxy.login.is_some() => {
            ConnectError::Final(format!("{name} takes no name and password; leave them out"))
        }
        "server does not support user/pass authentication" => ConnectError::Final(format!(
            "{name} wants a login; write a name and password into its address, with a colon between \
             them and an `@` before the host"
        )),
        "connection not allowed" => {
            ConnectError::Final(format!("{name} does not allow connections to {host}"))
        }
        "address type not supported" | "command not supported" | "IPV6 is not supported" => {
            ConnectError::Final(format!(
                "{name} can make no connection to {host}: it does not know this kind of address"
            ))
        }
        "failed parsing server response" => ConnectError::Final(format!(
            "{name} does not speak the SOCKS that its address promises; try another scheme"
        )),
        "io error during SOCKS handshake" => {
            ConnectError::Passing(format!("{name} broke the connection off"))
        }
        _ => ConnectError::Passing(format!(
            "{name} made no connection to {host}: {}",
            one_line(reason, 200)
        )),
    }
}
