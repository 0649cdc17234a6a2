//! Which servers are reached without a proxy: `no_proxy`.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::harmless::one_line;

/// The servers that `no_proxy` names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Direct {
    entries: Vec<Entry>,
}

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    /// None for every port.
    port: Option<u16>,
}

/// Which hosts an entry means.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    All,
    /// An address, or all of a network.
    Network(IpNet),
    /// A domain, and all hosts in it.
    Domain(String),
}

impl Direct {
    /// Reads a list as curl, Go and Python do together: commas or blanks between entries, each of
    /// which is a domain, an address or a network, perhaps with a port, or `*` for all.
    pub(super) fn parse(variable: &str, list: &str, warnings: &mut Vec<String>) -> Self {
        let mut entries = Vec::new();
        let parts = list.split(|c: char| c == ',' || c.is_whitespace());
        for part in parts.filter(|part| !part.is_empty()) {
            match Entry::parse(part) {
                Some(entry) => entries.push(entry),
                None => warnings.push(format!(
                    "{variable} has `{}`, which is neither a host nor a network, and is passed over",
                    one_line(part, 80)
                )),
            }
        }
        Self { entries }
    }

    /// Tells whether a server is reached without a proxy; an IPv6 address has no brackets.
    pub(super) fn contains(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        self.entries.iter().any(|entry| {
            let is_host = match &entry.hosts {
                Hosts::All => true,
                Hosts::Network(network) => {
                    address.is_some_and(|address| network.contains(&address))
                }
                Hosts::Domain(domain) => host
                    .strip_suffix(domain.as_str())
                    .is_some_and(|before| before.is_empty() || before.ends_with('.')),
            };
            is_host && entry.port.is_none_or(|wanted| wanted == port)
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        let all_ports = |hosts| Some(Self { hosts, port: None });
        if text == "*" {
            return all_ports(Hosts::All);
        }
        if text.contains('/') {
            return all_ports(Hosts::Network(text.replace(['[', ']'], "").parse().ok()?));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return all_ports(Hosts::Network(address.into()));
        }
        // A colon that is no part of an IPv6 address stands before a port.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && !port.ends_with(']') => {
                (host, Some(port.parse().ok()?))
            }
            _ => (text, None),
        };
        let bare = host.trim_matches(['[', ']']);
        let hosts = match bare.parse::<IpAddr>() {
            Ok(address) => Hosts::Network(address.into()),
            Err(_) if bare == "*" => Hosts::All,
            Err(_) => Hosts::Domain(domain(bare)?),
        };
        Some(Self { hosts, port })
    }
}

/// Returns a domain in the form in which hosts of requests are written.
fn domain(text: &str) -> Option<String> {
    let text = text.strip_prefix("*.").unwrap_or(text);
    let text = text.trim_matches('.');
    match url::Host::parse(text).ok()? {
        url::Host::Domain(domain) if !domain.is_empty() => Some(domain),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_direct(list: &str, host: &str, port: u16) -> bool {
        let mut warnings = Vec::new();
        let direct = Direct::parse("no_proxy", list, &mut warnings);
        assert!(warnings.is_empty(), "{list}: {warnings:?}");
        direct.contains(host, port)
    }

    #[test]
    fn an_entry_means_what_it_means_to_curl_go_and_python() {
        for (list, host, port, expected) in [
            ("*", "a.example", 443, true),
            ("*", "127.0.0.1", 443, true),
            ("*", "::1", 443, true),
            ("a.example", "a.example", 443, true),
            ("a.example", "A.Example.", 443, true),
            ("a.example", "b.a.example", 443, true),
            ("a.example", "ba.example", 443, false),
            (".a.example", "b.a.example", 443, true),
            ("*.a.example", "b.a.example", 443, true),
            ("a.example:8443", "a.example", 8443, true),
            ("a.example:8443", "a.example", 443, false),
            ("x.example b.example", "b.example", 443, true),
            ("x.example, b.example", "b.example", 443, true),
            ("127.0.0.1", "127.0.0.1", 443, true),
            ("127.0.0.1:8443", "127.0.0.1", 8443, true),
            ("127.0.0.1:8443", "127.0.0.1", 443, false),
            ("10.0.0.0/8", "10.1.2.3", 443, true),
            ("10.0.0.0/8", "11.1.2.3", 443, false),
            ("10.0.0.0/8", "10.example", 443, false),
            ("::1", "::1", 443, true),
            ("[::1]", "::1", 443, true),
            ("[::1]:8443", "::1", 8443, true),
            ("[::1]:8443", "::1", 443, false),
            ("fe80::/10", "fe80::1", 443, true),
            ("[fe80::]/10", "fe80::1", 443, true),
            ("", "a.example", 443, false),
            (",", "a.example", 443, false),
        ] {
            assert_eq!(
                is_direct(list, host, port),
                expected,
                "{list} {host} {port}"
            );
        }
    }

    #[test]
    fn what_means_nothing_is_told_and_the_rest_holds() {
        let mut warnings = Vec::new();
        let list = "10.0.0.0/99, a.example:https, b.example";
        let direct = Direct::parse("no_proxy", list, &mut warnings);
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].contains("no_proxy has `10.0.0.0/99`"));
        assert!(direct.contains("b.example", 443));
        assert!(!direct.contains("a.example", 443));
    }
}
