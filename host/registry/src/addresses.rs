//! Which addresses a server may lead to.
//!
//! A registry answers with redirects, names the server of its tokens and, of some layers, other places. None of
//! them may lead into this machine or to the addresses of its cloud's metadata, unless the registry is on this
//! machine itself. Names count by what they resolve to.

use std::net::{IpAddr, Ipv6Addr};

use url::{Host, Url};

/// Returns the IPv4 address that an IPv6 address may stand for.
pub(crate) fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => embedded(address),
        address => address,
    }
}

fn embedded(address: Ipv6Addr) -> IpAddr {
    if let Some(address) = address.to_ipv4_mapped() {
        return IpAddr::V4(address);
    }
    // 64:ff9b::/96, through which networks with IPv6 only reach the others.
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            IpAddr::V4(((u32::from(high) << 16) | u32::from(low)).into())
        }
        _ => IpAddr::V6(address),
    }
}

/// Tells whether an address belongs to this machine or to its nearest network only.
pub(crate) fn is_near(address: IpAddr) -> bool {
    match unmapped(address) {
        IpAddr::V4(address) => {
            address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_broadcast()
                || address.is_multicast()
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unicast_link_local()
                || address.is_unspecified()
                || address.is_multicast()
        }
    }
}

/// Tells whether an address is one of the nearest network, where clouds have their metadata.
fn is_link_local(address: IpAddr) -> bool {
    match unmapped(address) {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// Returns the address that stands in the place of a host's name.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
        Host::Domain(_) => None,
    }
}

/// Tells whether an address is one of a private network.
fn is_private(address: IpAddr) -> bool {
    match unmapped(address) {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

/// Says that there is a login in an address. Whoever asks that address would show it, and not for the user.
pub(crate) fn login_in(url: &Url) -> Option<&'static str> {
    (!url.username().is_empty() || url.password().is_some())
        .then_some("there is a login in the address")
}

/// Says why a server at `origin` may not lead to `url`, as far as the text of the address tells; what its name
/// resolves to, whoever connects checks.
pub(crate) fn objection(origin: &Url, url: &Url) -> Option<&'static str> {
    if origin.scheme() == "https" && url.scheme() != "https" {
        return Some("it leads from https to http");
    }
    if !matches!(url.scheme(), "https" | "http") {
        return Some("it is not an address of the web");
    }
    if let Some(reason) = login_in(url) {
        return Some(reason);
    }
    let is_local = |url: &Url| url.host_str().is_some_and(crate::place::is_local);
    if is_local(origin) {
        // A registry on this machine may lead anywhere but to the metadata of its cloud.
        return literal(url)
            .is_some_and(is_link_local)
            .then_some("it leads to an address of this machine's nearest network");
    }
    if is_local(url) {
        return Some("it leads into this machine");
    }
    let near = |address: IpAddr| is_near(address).then_some("it leads into this machine");
    let literal = literal(url)?;
    let is_private_origin = match origin.host() {
        Some(Host::Ipv4(address)) => is_private(address.into()),
        Some(Host::Ipv6(address)) => is_private(address.into()),
        _ => false,
    };
    near(literal).or_else(|| {
        (is_private(literal) && !is_private_origin)
            .then_some("it leads to an address of a private network")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(origin: &str, url: &str) -> bool {
        objection(&Url::parse(origin).unwrap(), &Url::parse(url).unwrap()).is_none()
    }

    #[test]
    fn a_server_leads_to_the_outside_only() {
        let public = "https://registry.example/v2/";
        for url in [
            "https://cdn.example/x",
            "https://203.0.113.7/x",
            "https://[2001:db8::1]/",
        ] {
            assert!(may(public, url), "{url}");
        }
        for url in [
            "http://cdn.example/x",
            "https://127.0.0.1/x",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://localhost/",
            "https://x.localhost/",
            "https://[::1]:5000/",
            "https://[::ffff:169.254.169.254]/",
            "https://[64:ff9b::7f00:1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[fe80::1]/",
            "https://0.0.0.0/",
            "https://10.0.0.1/",
            "https://192.168.1.1/",
            "https://[fd00::1]/",
            "ftp://cdn.example/x",
            "file:///etc/passwd",
            "https://me:pw@cdn.example/x",
            "https://me@cdn.example/x",
            "https://:pw@cdn.example/x",
        ] {
            assert!(!may(public, url), "{url}");
        }
        assert!(may("https://10.0.0.1/", "https://10.0.0.2/"));
        assert!(!may("https://10.0.0.1/", "https://127.0.0.1/"));
        assert!(may("http://127.0.0.1:5000/", "http://127.0.0.1:5001/"));
        assert!(!may(
            "http://127.0.0.1:5000/",
            "http://me:pw@127.0.0.1:5001/"
        ));
        for metadata in ["http://169.254.169.254/latest/", "http://[fe80::1]/"] {
            assert!(!may("http://127.0.0.1:5000/", metadata), "{metadata}");
        }
        assert!(may("http://registry.example/", "http://cdn.example/"));
        assert!(!may("http://registry.example/", "http://localhost/"));
    }
}
