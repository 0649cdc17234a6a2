//! Addresses in settings: of the API, of Keep services.

use url::Url;

/// Makes the root of an API of a host and an optional port, or returns none if it is more or less.
#[must_use]
pub fn api_root(scheme: &str, host: &str) -> Option<Url> {
    // A host and a port, nothing else: whatever else a URL can hold would end up in requests.
    if host.contains(|c: char| matches!(c, '/' | '?' | '#' | '@' | '\\') || c.is_whitespace()) {
        return None;
    }
    Url::parse(&format!("{scheme}://{host}/")).ok()
}

/// Returns what may be shown of a text that is no host: what stands before an `@` may be a password.
#[must_use]
pub fn shown(host: &str) -> String {
    match host.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => host.to_owned(),
    }
}

/// Returns the host of an API as a user writes it: with a port only if it is not the usual one.
#[must_use]
pub fn host(root: &Url) -> String {
    let host = root.host_str().unwrap_or_default();
    match root.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Reads the roots of Keep services, with blanks between them, or returns the first text that is
/// none.
pub fn keep_roots(text: &str) -> Result<Vec<Url>, &str> {
    text.split_whitespace()
        .map(|text| keep_root(text).ok_or(text))
        .collect()
}

fn keep_root(text: &str) -> Option<Url> {
    let mut root = Url::parse(text).ok()?;
    let is_web = matches!(root.scheme(), "http" | "https") && root.has_host();
    let is_plain = root.username().is_empty()
        && root.password().is_none()
        && root.query().is_none()
        && root.fragment().is_none();
    if !is_web || !is_plain {
        return None;
    }
    if !root.path().ends_with('/') {
        let path = format!("{}/", root.path());
        root.set_path(&path);
    }
    Some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_password_is_not_shown() {
        assert_eq!(shown("me:s3cr3t@a.example"), "…@a.example");
        assert_eq!(shown("a b"), "a b");
    }

    #[test]
    fn a_host_is_a_host_and_a_port() {
        for good in ["a.example", "a.example:8443", "127.0.0.1:1", "[::1]:8443"] {
            assert!(api_root("https", good).is_some(), "{good}");
        }
        for bad in [
            "https://a.example",
            "a.example/path",
            "user@a.example",
            "a b",
            "a.example:port",
            ":80",
            "a?b",
        ] {
            assert!(api_root("https", bad).is_none(), "{bad}");
        }
    }
}
