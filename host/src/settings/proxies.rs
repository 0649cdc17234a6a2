//! Through which proxies to reach servers.

use super::Environment;

/// The proxies that the environment names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// The proxy for `https` addresses (`https_proxy`, else `all_proxy`).
    pub https: Option<String>,
    /// The proxy for `http` addresses (`http_proxy`, else `all_proxy`).
    pub http: Option<String>,
    /// The hosts to reach without one (`no_proxy`), with commas between them.
    pub direct: Option<String>,
}

impl Proxies {
    /// Reads the variables that curl reads, in either case of letters.
    ///
    /// `HTTP_PROXY` does not count: where a web server runs this program, a client can set it.
    pub(super) fn new(environment: &Environment) -> Self {
        let first = |names: &[&str]| {
            names
                .iter()
                .filter_map(|name| environment.text(name))
                .find(|value| !value.trim().is_empty())
        };
        Self {
            https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            http: first(&["http_proxy", "all_proxy", "ALL_PROXY"]),
            direct: first(&["no_proxy", "NO_PROXY"]),
        }
    }

    /// Returns the passwords in the addresses, as they are written and as they are meant.
    pub(super) fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        for address in self.https.iter().chain(&self.http) {
            let after = address
                .split_once("://")
                .map_or(&**address, |(_, after)| after);
            let Some((user, _)) = after.rsplit_once('@') else {
                continue;
            };
            let password = user.split_once(':').map_or(user, |(_, password)| password);
            let meant = percent_encoding::percent_decode_str(password).decode_utf8_lossy();
            secrets.extend([user.to_owned(), password.to_owned(), meant.into_owned()]);
        }
        secrets
    }
}

/// Leaves the addresses out, as they may hold passwords.
impl std::fmt::Debug for Proxies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxies")
            .field("https", &self.https.is_some())
            .field("http", &self.http.is_some())
            .field("direct", &self.direct)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_found_as_curl_finds_them() {
        let environment = Environment::default()
            .with("all_proxy", "http://all.example:1")
            .with("HTTPS_PROXY", "http://user:s3cr3t@proxy.example:2")
            .with("HTTP_PROXY", "http://evil.example:3")
            .with("NO_PROXY", "localhost,.example.com");
        let proxies = Proxies::new(&environment);
        assert_eq!(
            proxies.https.as_deref(),
            Some("http://user:s3cr3t@proxy.example:2")
        );
        assert_eq!(proxies.http.as_deref(), Some("http://all.example:1"));
        assert_eq!(proxies.direct.as_deref(), Some("localhost,.example.com"));
        assert!(!format!("{proxies:?}").contains("s3cr3t"));
    }
}
