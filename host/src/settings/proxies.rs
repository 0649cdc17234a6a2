//! Through which proxies to reach servers.

use super::direct::Direct;
use super::{Environment, Error};
use crate::harmless::one_line;

/// The proxies that the environment names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    /// The proxy for `https` addresses (`https_proxy`, else `all_proxy`).
    https: Option<Proxy>,
    /// The proxy for `http` addresses (`http_proxy`, else `all_proxy`).
    http: Option<Proxy>,
    /// The servers to reach without one (`no_proxy`).
    direct: Direct,
}

/// A proxy, as its address in the environment tells it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    /// How to talk to it.
    pub protocol: Protocol,
    /// Its host; an IPv6 address stands without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// As whom to log in.
    pub login: Option<Login>,
    /// The variable that names it.
    pub variable: &'static str,
}

/// What a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP, and `CONNECT` for what is encrypted.
    Http,
    /// The same within TLS.
    Https,
    /// SOCKS 4; names are looked up here.
    Socks4,
    /// SOCKS 4a; the proxy looks names up.
    Socks4a,
    /// SOCKS 5; names are looked up here.
    Socks5,
    /// SOCKS 5; the proxy looks names up.
    Socks5h,
}

/// A name and a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Login {
    /// The name.
    pub user: String,
    /// The password, which may be empty.
    pub password: String,
    /// Both as they are written in the address.
    written: String,
}

impl Proxies {
    /// Reads the variables that curl reads, in either case of letters.
    ///
    /// `HTTP_PROXY` does not count: where a web server runs this program, a client can set it.
    pub(super) fn new(
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Error> {
        let proxy = |names: &[&'static str]| {
            first(environment, names)
                .map(|(variable, address)| Proxy::parse(variable, &address))
                .transpose()
        };
        let direct = first(environment, &["no_proxy", "NO_PROXY"]);
        Ok(Self {
            https: proxy(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?,
            http: proxy(&["http_proxy", "all_proxy", "ALL_PROXY"])?,
            direct: direct
                .map(|(variable, list)| Direct::parse(variable, &list, warnings))
                .unwrap_or_default(),
        })
    }

    /// Returns the proxy to reach a server through; none if it is reached directly.
    pub(crate) fn route(&self, is_encrypted: bool, host: &str, port: u16) -> Option<&Proxy> {
        let proxy = if is_encrypted {
            &self.https
        } else {
            &self.http
        };
        proxy.as_ref().filter(|_| !self.direct.contains(host, port))
    }

    /// Returns the passwords in the addresses, as they are written and as they are meant.
    pub(super) fn secrets(&self) -> Vec<String> {
        let logins = self.https.iter().chain(&self.http);
        logins
            .filter_map(|proxy| proxy.login.as_ref())
            .flat_map(|login| {
                let password = login.written.split_once(':');
                [
                    login.written.clone(),
                    password
                        .map_or(&*login.written, |(_, password)| password)
                        .to_owned(),
                    login.password.clone(),
                    login.basic(),
                ]
            })
            .filter(|secret| !secret.is_empty())
            .collect()
    }
}

/// Returns the first variable that is set to something, without quotes that an environment file
/// left around the value.
fn first(environment: &Environment, names: &[&'static str]) -> Option<(&'static str, String)> {
    names.iter().find_map(|name| {
        let value = environment.text(name)?;
        let value = unquoted(value.trim()).trim();
        (!value.is_empty()).then(|| (*name, value.to_owned()))
    })
}

fn unquoted(text: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(text)
}

impl Proxy {
    /// Reads an address as curl does: without a scheme it is that of an HTTP proxy.
    fn parse(variable: &'static str, address: &str) -> Result<Self, Error> {
        let invalid = |reason: String| Error::InvalidProxy { variable, reason };
        let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
        let protocol = Protocol::of_scheme(scheme).ok_or_else(|| {
            invalid(format!(
                "no proxies of the kind `{}` are known",
                one_line(scheme, 40)
            ))
        })?;
        let unusable = || invalid("it is not the address of a proxy".to_owned());
        // What is special to the library about `http` is wanted for all: hosts are checked.
        let url = url::Url::parse(&format!("http://{rest}")).map_err(|_| unusable())?;
        let host = url.host_str().ok_or_else(unusable)?;
        // The library leaves out the port that is usual for `http`.
        let is_80 = rest.trim_end_matches('/').ends_with(":80");
        let port = match url.port() {
            Some(0) => return Err(unusable()),
            Some(port) => port,
            None if is_80 => 80,
            None => protocol.usual_port(),
        };
        let decoded = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8_lossy()
                .into_owned()
        };
        let login = rest.rsplit_once('@').and_then(|(written, _)| {
            let (user, password) = (url.username(), url.password().unwrap_or_default());
            (!user.is_empty() || !password.is_empty()).then(|| Login {
                user: decoded(user),
                password: decoded(password),
                written: written.to_owned(),
            })
        });
        Ok(Self {
            protocol,
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            login,
            variable,
        })
    }

    /// Returns how to call it in messages: its host and port, and where they come from.
    pub(crate) fn name(&self) -> String {
        format!("the proxy {} (from {})", self.address(), self.variable)
    }

    /// Returns its host and port, as in an address.
    pub(crate) fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl Protocol {
    fn of_scheme(scheme: &str) -> Option<Self> {
        Some(match scheme.to_ascii_lowercase().as_str() {
            "http" => Self::Http,
            "https" => Self::Https,
            // What curl takes it for.
            "socks4" | "socks" => Self::Socks4,
            "socks4a" => Self::Socks4a,
            "socks5" => Self::Socks5,
            "socks5h" => Self::Socks5h,
            _ => return None,
        })
    }

    fn usual_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            _ => 1080,
        }
    }
}

impl Login {
    /// Returns what the `Basic` scheme of HTTP makes of it.
    pub(crate) fn basic(&self) -> String {
        use base64::Engine as _;
        base64::prelude::BASE64_STANDARD.encode(format!("{}:{}", self.user, self.password))
    }
}

/// Leaves the password out.
impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy")
            .field("protocol", &self.protocol)
            .field("address", &self.address())
            .field("has_login", &self.login.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, Error> {
        let environment = variables
            .iter()
            .fold(Environment::default(), |environment, (name, value)| {
                environment.with(name, value)
            });
        Proxies::new(&environment, &mut Vec::new())
    }

    #[test]
    fn proxies_are_found_as_curl_finds_them() {
        let proxies = proxies(&[
            ("all_proxy", "http://all.example:1"),
            ("HTTPS_PROXY", "http://user:s3cr3t@proxy.example:2"),
            ("HTTP_PROXY", "http://evil.example:3"),
            ("NO_PROXY", "localhost,.example.com"),
        ])
        .unwrap();
        let route = |is_encrypted, host| proxies.route(is_encrypted, host, 443).map(Proxy::address);
        assert_eq!(route(true, "a.example"), Some("proxy.example:2".to_owned()));
        assert_eq!(route(false, "a.example"), Some("all.example:1".to_owned()));
        assert_eq!(route(true, "a.example.com"), None);
        assert!(!format!("{proxies:?}").contains("s3cr3t"));
    }

    #[test]
    fn every_form_of_an_address_that_curl_takes_is_read() {
        for (address, protocol, host, port) in [
            ("proxy.example", Protocol::Http, "proxy.example", 80),
            ("proxy.example:3128", Protocol::Http, "proxy.example", 3128),
            (
                "http://proxy.example:80/",
                Protocol::Http,
                "proxy.example",
                80,
            ),
            (
                "HTTP://proxy.example:3128",
                Protocol::Http,
                "proxy.example",
                3128,
            ),
            (
                "https://proxy.example",
                Protocol::Https,
                "proxy.example",
                443,
            ),
            (
                "socks://proxy.example",
                Protocol::Socks4,
                "proxy.example",
                1080,
            ),
            ("socks4://127.0.0.1:9", Protocol::Socks4, "127.0.0.1", 9),
            ("socks4a://a.example:80", Protocol::Socks4a, "a.example", 80),
            ("socks5://[::1]", Protocol::Socks5, "::1", 1080),
            ("socks5h://[::1]:1081/", Protocol::Socks5h, "::1", 1081),
            (
                "\"http://proxy.example:1\"",
                Protocol::Http,
                "proxy.example",
                1,
            ),
            (" '127.0.0.1:2' ", Protocol::Http, "127.0.0.1", 2),
        ] {
            let proxies = proxies(&[("https_proxy", address)]).unwrap();
            let proxy = proxies.route(true, "a.example", 443).unwrap();
            assert_eq!(
                (proxy.protocol, proxy.host.as_str(), proxy.port),
                (protocol, host, port),
                "{address}"
            );
        }
    }

    #[test]
    fn what_names_no_proxy_is_refused_with_its_variable_and_without_its_password() {
        for address in [
            "foo://user:s3cr3t@proxy.example",
            "ftp://proxy.example",
            "http://user:s3cr3t@:x/",
            "\"http://user:s3cr3t@proxy.example",
            "http://",
            "http://proxy.example:0",
            "http://proxy example:1",
        ] {
            let error = proxies(&[("ALL_PROXY", address)]).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(
                error.to_string().contains("ALL_PROXY"),
                "{address}: {error}"
            );
            assert!(!shown.contains("s3cr3t"), "{address}: {shown}");
        }
    }

    #[test]
    fn a_login_is_what_is_meant_and_secret_in_every_form() {
        let proxies = proxies(&[("https_proxy", "http://me:p%40ss@proxy.example:1")]).unwrap();
        let proxy = proxies.route(true, "a.example", 443).unwrap();
        let login = proxy.login.as_ref().unwrap();
        assert_eq!(
            (login.user.as_str(), login.password.as_str()),
            ("me", "p@ss")
        );
        assert_eq!(login.basic(), "bWU6cEBzcw==");
        for secret in ["p%40ss", "p@ss", "me:p%40ss", "bWU6cEBzcw=="] {
            assert!(
                proxies.secrets().iter().any(|known| known == secret),
                "{secret}"
            );
        }
    }
}
