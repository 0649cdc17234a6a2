//! Where an image is: a name, and the places that may have what it names.

use std::net::IpAddr;

use keepdocker_terms::reference::{Name, Reference};

/// How Docker Hub is called in names.
const HUB: &str = "docker.io";
/// The host that answers for Docker Hub.
const HUB_HOST: &str = "registry-1.docker.io";
/// What logins for Docker Hub are kept under.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// A repository at a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The registry's host, and its port unless that is 443; `docker.io` for Docker Hub.
    pub host: String,
    /// The repository there.
    pub path: String,
    /// Whether the machine's configuration says to do without checked encryption.
    pub is_insecure: bool,
}

/// What of an image is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The registry's host as in a name: `docker.io` for Docker Hub.
    pub host: String,
    /// The repository.
    pub path: String,
    /// The tag; `latest` where neither a tag nor a digest was given.
    pub tag: Option<String>,
    /// The digest, which decides where there is one.
    pub digest: Option<String>,
}

impl Target {
    /// Reads a text that names an image; none if it does not.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        match Reference::parse(text) {
            Ok(Reference::Name(name)) => Some(Self::of(&name)),
            // Digits may be the name of a repository.
            Ok(Reference::Id(_)) => Name::parse(text).ok().map(|name| Self::of(&name)),
            Err(_) => None,
        }
    }

    /// Reads what a name means.
    #[must_use]
    pub fn of(name: &Name) -> Self {
        let whole = name.whole();
        let named = whole.split_once('@').map_or(&*whole, |(named, _)| named);
        let (host, rest) = named.split_once('/').unwrap_or((HUB, named));
        let (path, tag) = match rest.split_once(':') {
            Some((path, tag)) => (path, Some(tag.to_owned())),
            None => (rest, None),
        };
        Self {
            host: host.to_owned(),
            path: path.to_owned(),
            tag,
            digest: name.digest().map(str::to_owned),
        }
    }

    /// Returns the place that the name itself means.
    #[must_use]
    pub fn origin(&self) -> Place {
        Place {
            host: self.host.clone(),
            path: self.path.clone(),
            is_insecure: false,
        }
    }

    /// Returns what a manifest is asked for by.
    #[must_use]
    pub fn reference(&self) -> &str {
        let tag = self.tag.as_deref();
        self.digest.as_deref().or(tag).unwrap_or("latest")
    }
}

impl Place {
    /// Returns the host and port that requests go to.
    #[must_use]
    pub fn authority(&self) -> &str {
        match self.host.as_str() {
            HUB => HUB_HOST,
            host => host,
        }
    }

    /// Returns what helpers know a login by.
    #[must_use]
    pub(crate) fn login_key(&self) -> &str {
        match self.host.as_str() {
            HUB | HUB_HOST => HUB_KEY,
            host => host,
        }
    }

    /// Returns the repository with its host, for people.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.host, self.path)
    }

    /// Tells whether the registry is on this machine, by its name.
    ///
    /// Such a one may speak without encryption, as engines allow it too.
    #[must_use]
    pub(crate) fn is_local(&self) -> bool {
        is_local(host_of(self.authority()))
    }
}

/// Returns the host of `host:port`, an IPv6 address without its brackets.
fn host_of(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split_once(']').map_or(rest, |(host, _)| host);
    }
    authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host)
}

/// Tells whether a host is this machine, by its name or address.
pub(crate) fn is_local(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    match host.parse::<IpAddr>() {
        Ok(address) => crate::addresses::unmapped(address).is_loopback(),
        Err(_) => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            host == "localhost" || host.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str) -> Target {
        Target::of(&Name::parse(name).unwrap())
    }

    #[test]
    fn names_lead_to_registries() {
        for (name, host, path, reference) in [
            ("debian", "docker.io", "library/debian", "latest"),
            (
                "index.docker.io/debian:12",
                "docker.io",
                "library/debian",
                "12",
            ),
            ("lab/tool:1", "docker.io", "lab/tool", "1"),
            ("quay.io:443/a/b:x", "quay.io", "a/b", "x"),
            ("localhost:5000/a", "localhost:5000", "a", "latest"),
            ("[::1]:5000/a:1", "[::1]:5000", "a", "1"),
        ] {
            let target = target(name);
            assert_eq!(
                (&*target.host, &*target.path, target.reference()),
                (host, path, reference),
                "{name}"
            );
        }
        assert_eq!(
            target("debian").origin().authority(),
            "registry-1.docker.io"
        );
        assert_eq!(
            target("debian").origin().login_key(),
            "https://index.docker.io/v1/"
        );
        assert_eq!(target("quay.io/a/b").origin().login_key(), "quay.io");
    }

    #[test]
    fn a_digest_decides_and_a_tag_stays_known() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let both = target(&format!("quay.io/a/b:1@{digest}"));
        assert_eq!(both.reference(), digest);
        assert_eq!(both.tag.as_deref(), Some("1"));
        assert_eq!(both.path, "a/b");
        let only = target(&format!("quay.io/a/b@{digest}"));
        assert_eq!((only.reference(), only.tag.as_deref()), (&*digest, None));
    }

    #[test]
    fn this_machine_is_known_by_name_and_address() {
        for local in [
            "localhost",
            "LOCALHOST",
            "a.localhost",
            "127.0.0.1",
            "127.8.1.2",
            "::1",
            "[::1]",
            "::ffff:127.0.0.1",
        ] {
            assert!(is_local(local), "{local}");
        }
        for other in ["local", "10.0.0.1", "localhost.example", "0.0.0.0"] {
            assert!(!is_local(other), "{other}");
        }
        assert!(target("localhost:5000/a").origin().is_local());
        assert!(target("[::1]:5000/a").origin().is_local());
        assert!(!target("quay.io/a").origin().is_local());
    }
}
