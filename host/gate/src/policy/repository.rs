//! Repositories, spelled out, and the patterns that cover them.
//!
//! `debian`, `docker.io/library/debian` and `index.docker.io/debian:12` name one repository; a
//! policy that took them for three could be walked around. So both sides are compared in full form:
//! registry and path, without tag and digest. What a name is, the vocabulary says that the component
//! has, too; what it does not know is no name here either.

use keepdocker_terms::image_id::{self, ImageId};
use keepdocker_terms::reference::{Spelled, is_host_name};

use super::matching::Match;

/// The registry that a name without one means to Docker.
const DEFAULT_REGISTRY: &str = "docker.io";
/// Other hosts that serve the same repositories; case is of no account in a host's name.
const DEFAULT_ALIASES: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];
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
        Spelled::parse(reference).ok().map(Self::of)
    }

    fn of(name: Spelled<'a>) -> Self {
        let registry = canonical(name.registry());
        Self {
            registry,
            in_default_folder: registry == DEFAULT_REGISTRY && !name.path().contains('/'),
            path: name.path(),
        }
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

fn canonical(registry: &str) -> &str {
    if DEFAULT_ALIASES
        .iter()
        .any(|alias| registry.eq_ignore_ascii_case(alias))
    {
        DEFAULT_REGISTRY
    } else {
        registry
    }
}

/// Tells whether a name is an image ID: `sha256:` and 64 hexadecimal digits, or the digits alone.
pub(super) fn is_image_id(name: &str) -> bool {
    ImageId::parse(name).is_some()
}

/// Tells whether an engine can take a name for an image ID or the beginning of one, whatever the name
/// also means.
pub(super) fn may_be_image_id(name: &str) -> bool {
    image_id::is_beginning(name)
}

/// Tells whether a name means one image for ever: an image ID, or a reference with a digest.
pub(super) fn is_pinned(name: &str) -> bool {
    is_image_id(name)
        || Spelled::parse(name)
            .ok()
            .and_then(|name| name.digest())
            .is_some_and(image_id::is_marked)
}

/// Returns the repository of a reference as a pattern would name it; none if it is no reference, or
/// may as well be an image ID.
pub(super) fn repository_of(reference: &str) -> Option<String> {
    if may_be_image_id(reference) {
        return None;
    }
    let name = Spelled::parse(reference).ok()?;
    Some(name.repository().to_owned())
}

/// Returns a host without its port.
pub(super) fn without_port(registry: &str) -> &str {
    match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => host,
        _ => registry,
    }
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
            return if is_host_name(suffix) {
                Ok(Self::AtHost {
                    suffix: suffix.to_owned(),
                })
            } else {
                Err(format!(
                    "`{text}` is not a pattern: `*.` must be followed by the end of a registry's host name, and nothing else"
                ))
            };
        }
        let folder = text.strip_suffix("/**");
        if folder.unwrap_or(text).contains('*') {
            return Err(format!(
                "`{text}` is not a pattern: the forms are `*`, a repository, `prefix/**` and `*.registry-suffix`"
            ));
        }
        // A prefix is what can stand before a path of one part.
        let within = folder.map(|folder| format!("{folder}/x"));
        let name = Spelled::parse(within.as_deref().unwrap_or(text))
            .map_err(|error| format!("`{text}` is not a pattern: {error}"))?;
        if name.tag().is_some() || name.digest().is_some() {
            return Err(format!(
                "`{text}` has a tag or a digest; a pattern names repositories"
            ));
        }
        let repository = Repository::of(name);
        let registry = repository.registry.to_owned();
        Ok(match folder {
            Some(_) => Self::Under {
                registry,
                folder: repository
                    .path
                    .strip_suffix("/x")
                    .unwrap_or_default()
                    .to_owned(),
            },
            None if repository.in_default_folder => Self::Exactly {
                registry,
                path: format!("{DEFAULT_FOLDER}/{}", repository.path),
            },
            None => Self::Exactly {
                registry,
                path: repository.path.to_owned(),
            },
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
            Self::AtHost { suffix } => host_has_suffix(without_port(repository.registry), suffix),
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
            ("Registry-1.Docker.io:443/lab/x", "docker.io/lab/x"),
            ("quay.io:443/a/b/c:1", "quay.io/a/b/c"),
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
            // Names of one server that look like those of others.
            "quay.io:0443/x",
            "quay.io:00443/x",
            "quay.io:65979/x",
            // The component refuses these, so they can mean nothing.
            "lab/a..b",
            "lab/-x",
            "quay.io/x@sha256:00",
            "lab/x:1:2",
            "-quay.io/x",
            &format!("overlayfs@sha256:{}", "0".repeat(64)),
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
            "quay.io:0443/**",
            "quay.io:0443/lab/x",
            "lab/a..b",
            "lab/a__/**",
        ] {
            assert!(RepositoryPattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn what_is_no_name_may_be_any_as_far_as_a_rule_that_denies_goes() {
        let pattern = RepositoryPattern::parse("bad.example.org/**").unwrap();
        for name in [
            "bad.example.org:0443/x",
            "bad.example.org./x",
            "bad.example.org:443:443/x",
        ] {
            assert_eq!(pattern.matches(name), Match::Maybe, "{name}");
        }
        assert_eq!(pattern.matches("bad.example.org:443/x"), Match::Yes);
    }

    #[test]
    fn digits_tell_no_repository() {
        for id in ["cafe", "deadbeefcafe", "sha256:cafe", &"0".repeat(64)] {
            assert!(may_be_image_id(id), "{id}");
            assert_eq!(repository_of(id), None);
        }
        for name in ["cafe:1", "lab/cafe", "sha256:main", "facile"] {
            assert!(!may_be_image_id(name), "{name}");
        }
        assert_eq!(
            repository_of("quay.io:5000/lab/x:1").as_deref(),
            Some("quay.io:5000/lab/x")
        );
    }

    #[test]
    fn a_name_is_pinned_by_id_or_digest() {
        let hex = "0".repeat(64);
        assert!(is_pinned(&hex));
        assert!(is_pinned(&format!("sha256:{hex}")));
        assert!(is_pinned(&format!("lab/x:1@sha256:{hex}")));
        assert!(!is_pinned("lab/x:1"));
        assert!(!is_pinned("lab/x@sha256:00"));
        assert!(!is_pinned(&format!("lab/x@{hex}")));
        assert!(!is_pinned("cafecafecafe"));
    }
}
