//! Repositories, spelled out, and the patterns that cover them.
//!
//! `debian`, `docker.io/library/debian` and `index.docker.io/debian:12` name one repository; a
//! policy that took them for three could be walked around. So both sides are compared in full form:
//! registry and path, without tag and digest.

use super::matching::Match;

/// The registry that a name without one means to Docker.
const DEFAULT_REGISTRY: &str = "docker.io";
/// Other names under which the same registry serves the same repositories.
const DEFAULT_ALIASES: [&str; 2] = ["index.docker.io", "registry-1.docker.io"];
/// Where the default registry keeps repositories that have a name of one part.
const DEFAULT_FOLDER: &str = "library";

/// A repository in full form, borrowed from a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repository<'a> {
    registry: &'a str,
    /// Whether `library/` is to be thought before the path.
    in_default_folder: bool,
    path: &'a str,
}

impl<'a> Repository<'a> {
    /// Reads the repository out of a reference; none if it is no reference.
    pub(super) fn of_reference(reference: &'a str) -> Option<Self> {
        let (name, _) = split_reference(reference);
        let (registry, path) = split_registry(name);
        if !is_path(path) || !is_registry(registry) {
            return None;
        }
        let in_default_folder = registry == DEFAULT_REGISTRY && !path.contains('/');
        Some(Self {
            registry,
            in_default_folder,
            path,
        })
    }

    fn is(&self, path: &str) -> bool {
        if self.in_default_folder {
            path.strip_prefix(DEFAULT_FOLDER)
                .and_then(|rest| rest.strip_prefix('/'))
                == Some(self.path)
        } else {
            path == self.path
        }
    }

    fn is_under(&self, folder: &str) -> bool {
        if folder.is_empty() {
            true
        } else if self.in_default_folder {
            folder == DEFAULT_FOLDER
        } else {
            self.path
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        }
    }
}

/// Tells whether a name is an image ID: `sha256:` and 64 hexadecimal digits, or the digits alone.
pub(super) fn is_image_id(name: &str) -> bool {
    let digits = name.strip_prefix("sha256:").unwrap_or(name);
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Tells whether a name means one image for ever: an image ID, or a reference with a digest.
pub(super) fn is_pinned(name: &str) -> bool {
    is_image_id(name) || split_reference(name).1.is_some_and(is_image_id)
}

/// Splits a reference into the name and the digest; the tag is dropped.
fn split_reference(reference: &str) -> (&str, Option<&str>) {
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (reference, None),
    };
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let end = name[last..]
        .find(':')
        .map_or(name.len(), |colon| last + colon);
    (&name[..end], digest)
}

/// Splits a name into registry and path, by Docker's rule of what looks like a host.
fn split_registry(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((first, path)) if looks_like_registry(first) => (canonical(first), path),
        _ => (DEFAULT_REGISTRY, name),
    }
}

fn looks_like_registry(part: &str) -> bool {
    part == "localhost"
        || part.contains(['.', ':'])
        || part.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn canonical(registry: &str) -> &str {
    // The port that is meant anyway makes no other registry.
    let registry = registry.strip_suffix(":443").unwrap_or(registry);
    if DEFAULT_ALIASES
        .iter()
        .chain([&DEFAULT_REGISTRY])
        .any(|alias| registry.eq_ignore_ascii_case(alias))
    {
        DEFAULT_REGISTRY
    } else {
        registry
    }
}

fn is_registry(registry: &str) -> bool {
    let (host, port) = split_port(registry);
    let host_is_good = match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']').is_some_and(|address| {
            address
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b':')
        }),
        None => host.split('.').all(is_label),
    };
    host_is_good
        && port
            .is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Splits a host and its port, where it has one.
pub(super) fn split_port(registry: &str) -> (&str, Option<&str>) {
    match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (registry, None),
    }
}

/// Tells whether this is one part of a host's name.
pub(super) fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_path(path: &str) -> bool {
    let good =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    path.len() <= 255
        && path
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != ".." && part.bytes().all(good))
}

/// Tells whether a host name ends in this suffix, at a dot.
pub(super) fn host_has_suffix(host: &str, suffix: &str) -> bool {
    let Some(start) = host.len().checked_sub(suffix.len()) else {
        return false;
    };
    start > 1
        && host.is_char_boundary(start)
        && host[start..].eq_ignore_ascii_case(suffix)
        && host.as_bytes()[start - 1] == b'.'
}

/// A set of repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RepositoryPattern {
    /// `*`
    Any,
    /// `registry/path`
    Exactly { registry: String, path: String },
    /// `registry/**` or `registry/path/**`
    Under { registry: String, folder: String },
    /// `*.suffix`: whatever a registry serves whose host's name ends so.
    AtHost { suffix: String },
}

impl RepositoryPattern {
    /// Reads a pattern.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Some(suffix) = text.strip_prefix("*.") {
            return if suffix.split('.').all(is_label) {
                Ok(Self::AtHost {
                    suffix: suffix.to_owned(),
                })
            } else {
                Err(format!(
                    "`{text}` is no pattern: `*.` must be followed by the end of a registry's host name, and nothing else"
                ))
            };
        }
        let (prefix, under) = match text.strip_suffix("/**") {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        if prefix.contains('*') {
            return Err(format!(
                "`{text}` is no pattern: the forms are `*`, a repository, `prefix/**` and `*.registry-suffix`"
            ));
        }
        if under && looks_like_registry(prefix) && !prefix.contains('/') {
            let registry = canonical(prefix);
            return if is_registry(registry) {
                Ok(Self::Under {
                    registry: registry.to_owned(),
                    folder: String::new(),
                })
            } else {
                Err(format!("`{prefix}` is not a registry"))
            };
        }
        let (name, digest) = split_reference(prefix);
        if digest.is_some() || name.len() != prefix.len() {
            return Err(format!(
                "`{text}` has a tag or a digest; a pattern names repositories"
            ));
        }
        let (registry, path) = split_registry(prefix);
        if !is_path(path) || !is_registry(registry) {
            return Err(format!("`{text}` is not a repository"));
        }
        let registry_of = registry.to_owned();
        if under {
            return Ok(Self::Under {
                registry: registry_of,
                folder: path.to_owned(),
            });
        }
        let path = if registry == DEFAULT_REGISTRY && !path.contains('/') {
            format!("{DEFAULT_FOLDER}/{path}")
        } else {
            path.to_owned()
        };
        Ok(Self::Exactly {
            registry: registry_of,
            path,
        })
    }

    /// Tells whether the repository of this reference is in the set; maybe, if it is no reference.
    pub(super) fn matches(&self, reference: &str) -> Match {
        if *self == Self::Any {
            return Match::Yes;
        }
        let Some(repository) = Repository::of_reference(reference) else {
            return Match::Maybe;
        };
        Match::from(match self {
            Self::Any => true,
            Self::Exactly { registry, path } => {
                repository.registry.eq_ignore_ascii_case(registry) && repository.is(path)
            }
            Self::Under { registry, folder } => {
                repository.registry.eq_ignore_ascii_case(registry) && repository.is_under(folder)
            }
            Self::AtHost { suffix } => host_has_suffix(split_port(repository.registry).0, suffix),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(reference: &str) -> Option<String> {
        let repository = Repository::of_reference(reference)?;
        let folder = if repository.in_default_folder {
            "library/"
        } else {
            ""
        };
        Some(format!(
            "{}/{folder}{}",
            repository.registry, repository.path
        ))
    }

    #[test]
    fn names_are_spelled_out() {
        for (name, expected) in [
            ("debian", "docker.io/library/debian"),
            ("debian:12", "docker.io/library/debian"),
            ("index.docker.io/debian", "docker.io/library/debian"),
            (
                "Registry-1.Docker.io:443/lab/x@sha256:00",
                "docker.io/lab/x",
            ),
            ("quay.io:443/a/b/c:1@sha256:00", "quay.io/a/b/c"),
            ("localhost:5000/x:1", "localhost:5000/x"),
            ("localhost/x", "localhost/x"),
            ("[::1]:5000/x:1", "[::1]:5000/x"),
        ] {
            assert_eq!(full(name).as_deref(), Some(expected), "{name}");
        }
        for name in [
            "",
            "/x",
            "a//b",
            "a/../b",
            "a b",
            "Upper",
            "exa_mple.org./x",
            "quay.io./x",
            "quay.io:/x",
            "x/",
            "http://quay.io/x",
            "ä",
        ] {
            assert_eq!(full(name), None, "{name}");
        }
    }

    #[test]
    fn patterns_cover_what_they_say() {
        for (pattern, inside, outside) in [
            ("*", vec!["debian", "no reference!"], vec![]),
            (
                "debian",
                vec!["debian:12", "docker.io/library/debian"],
                vec!["lab/debian", "debian2", "quay.io/debian"],
            ),
            (
                "lab/**",
                vec!["lab/x", "lab/x/y:1", "docker.io/lab/x"],
                vec!["lab", "laboratory/x", "quay.io/lab/x", "LAB/x.y"],
            ),
            (
                "library/**",
                vec!["debian", "library/debian"],
                vec!["lab/debian"],
            ),
            ("docker.io/**", vec!["debian", "lab/x"], vec!["quay.io/x"]),
            (
                "quay.io/**",
                vec!["quay.io/x", "QUAY.IO:443/x"],
                vec!["quay.io:8443/x", "quay.io.example.org/x", "x/quay.io"],
            ),
            (
                "quay.io/lab/**",
                vec!["quay.io/lab/x"],
                vec!["quay.io/lab", "quay.io/lab2/x"],
            ),
            (
                "localhost:5000/x",
                vec!["localhost:5000/x:1"],
                vec!["localhost:5001/x", "localhost/x"],
            ),
            (
                "*.example.org",
                vec!["a.example.org/x", "b.a.EXAMPLE.org:5000/x/y"],
                vec![
                    "example.org/x",
                    "badexample.org/x",
                    "a.example.org.evil.net/x",
                    ".example.org/x",
                ],
            ),
        ] {
            let parsed = RepositoryPattern::parse(pattern).unwrap();
            for name in inside {
                assert_eq!(parsed.matches(name), Match::Yes, "{pattern} {name}");
            }
            for name in outside {
                assert_ne!(parsed.matches(name), Match::Yes, "{pattern} {name}");
            }
        }
    }

    #[test]
    fn only_the_closed_forms_are_patterns() {
        for pattern in [
            "",
            "**",
            "lab/*",
            "l*b",
            "*/x",
            "*.",
            "*.org/x",
            "*.a..b",
            "/**",
            "lab/**/x",
            "debian:12",
            "x@sha256:00",
            "a b",
            "lab//**",
            "quay.io:x/**",
        ] {
            assert!(RepositoryPattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_name_is_pinned_by_id_or_digest() {
        let hex = "0".repeat(64);
        assert!(is_pinned(&hex));
        assert!(is_pinned(&format!("sha256:{hex}")));
        assert!(is_pinned(&format!("lab/x:1@sha256:{hex}")));
        assert!(!is_pinned("lab/x:1"));
        assert!(!is_pinned("lab/x@sha256:00"));
        assert!(!is_pinned("cafecafecafe"));
    }
}
