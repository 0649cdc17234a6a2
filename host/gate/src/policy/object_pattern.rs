//! Patterns for images, platforms, clusters, projects and storage classes.

use super::context::Cluster;
use super::matching::Match;
use keepdocker_terms::image_id::ImageId;
use keepdocker_terms::platform::Platform;
use keepdocker_terms::reference::{is_host, is_host_name};
use keepdocker_terms::uuid;

use super::repository::{host_has_suffix, without_port};

/// A set of images, by ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ImagePattern {
    Any,
    /// The 64 digits of an ID.
    Exactly(String),
}

impl ImagePattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let id = ImageId::parse(text).ok_or_else(|| {
            format!(
                "`{text}` is neither `*` nor a whole image ID (`sha256:` and 64 hexadecimal digits)"
            )
        })?;
        Ok(Self::Exactly(id.digits().to_ascii_lowercase()))
    }

    pub(super) fn matches(&self, id: &str) -> Match {
        match self {
            Self::Any => Match::Yes,
            // A part of an ID, or no ID at all, may mean any.
            Self::Exactly(wanted) => ImageId::parse(id).map_or(Match::Maybe, |id| {
                Match::from(ImageId::parse(wanted) == Some(id))
            }),
        }
    }
}

/// A set of platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PlatformPattern {
    Any,
    /// One platform, or all variants of it where none is named.
    For(Platform),
}

impl PlatformPattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        Platform::parse(text).map(Self::For).ok_or_else(|| {
            format!(
                "`{text}` is neither `*` nor a platform such as `linux/amd64` or `linux/arm/v7`"
            )
        })
    }

    pub(super) fn matches(&self, platform: Option<&str>) -> Match {
        match (self, platform.and_then(Platform::parse)) {
            (Self::Any, _) => Match::Yes,
            // What the registry says nothing of may be for any.
            (Self::For(_), None) => Match::Maybe,
            (Self::For(wanted), Some(platform)) => Match::from(platform.is_for(wanted)),
        }
    }

    /// Returns a platform that the pattern means and, as far as variants go, no narrower one does.
    pub(super) fn member(&self) -> Option<String> {
        match self {
            Self::Any => None,
            Self::For(Platform {
                os,
                architecture,
                variant,
            }) => Some(match variant.as_str() {
                "" => format!("{os}/{architecture}/any-other"),
                variant => format!("{os}/{architecture}/{variant}"),
            }),
        }
    }
}

/// A set of clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ClusterPattern {
    Any,
    /// The five characters that begin the cluster's UUIDs.
    Id(String),
    /// The API server's host, with its port unless that is 443.
    Host(String),
    /// API servers whose host name ends so.
    HostSuffix(String),
}

impl ClusterPattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if uuid::is_cluster(text) {
            return Ok(Self::Id(text.to_owned()));
        }
        if let Some(suffix) = text
            .strip_prefix("*.")
            .filter(|suffix| is_host_name(suffix))
        {
            return Ok(Self::HostSuffix(suffix.to_owned()));
        }
        if is_host(text) {
            return Ok(Self::Host(without_default_port(text).to_owned()));
        }
        Err(format!(
            "`{text}` is no pattern for clusters: the forms are `*`, a cluster ID of five characters, the API server's host, and `*.host-suffix`"
        ))
    }

    pub(super) fn matches(&self, cluster: &Cluster) -> Match {
        match self {
            Self::Any => Match::Yes,
            Self::Id(wanted) => cluster
                .id
                .as_ref()
                .map_or(Match::Maybe, |id| Match::from(id == wanted)),
            Self::Host(host) => Match::from(is_server(host, &cluster.host)),
            Self::HostSuffix(suffix) => {
                Match::from(host_has_suffix(in_dns(without_port(&cluster.host)), suffix))
            }
        }
    }
}

/// Tells whether the host of a pattern and that of a setting are one server, however the setting
/// spells it.
fn is_server(pattern: &str, given: &str) -> bool {
    let parts = |text| {
        let name = without_port(text);
        let port = text[name.len()..].trim_start_matches([':', '0']);
        (in_dns(name), if port == "443" { "" } else { port })
    };
    let ((wanted, wanted_port), (name, port)) = (parts(pattern), parts(given));
    wanted.eq_ignore_ascii_case(name) && wanted_port == port
}

/// Returns a host's name without the dot that may end it.
fn in_dns(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

fn without_default_port(host: &str) -> &str {
    host.strip_suffix(":443").unwrap_or(host)
}

/// A set of owners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProjectPattern {
    Any,
    /// The home project of the token's user.
    Home,
    /// The project or user with this UUID.
    Uuid(String),
}

impl ProjectPattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "*" => Ok(Self::Any),
            "home" => Ok(Self::Home),
            _ if uuid::is_owner(text) => Ok(Self::Uuid(text.to_owned())),
            _ => Err(format!(
                "`{text}` is neither `*`, nor `home`, nor the UUID of a project or user"
            )),
        }
    }

    /// Matches the owner that a new object is to have; none means the home project.
    pub(super) fn matches_owner(&self, owner: Option<&str>) -> Match {
        match (self, owner) {
            (Self::Any, _) | (Self::Home, None) => Match::Yes,
            // A user's UUID may be that of the token's user, whose home project it then means.
            (Self::Home, Some(owner)) => if_user(owner),
            (Self::Uuid(wanted), None) => if_user(wanted),
            (Self::Uuid(wanted), Some(owner)) => Match::from(wanted == owner),
        }
    }

    /// Matches the owner that a query is narrowed down to; none means that it is not.
    pub(super) fn matches_filter(&self, owner: Option<&str>) -> Match {
        match (self, owner) {
            (Self::Any, _) => Match::Yes,
            (_, None) => Match::Maybe,
            (_, owner) => self.matches_owner(owner),
        }
    }
}

fn if_user(owner: &str) -> Match {
    if uuid::may_be(owner, uuid::Kind::User) {
        Match::Maybe
    } else {
        Match::No
    }
}

/// A set of storage classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StorageClassPattern {
    Any,
    /// What the cluster chooses when none is named.
    ClusterDefault,
    Exactly(String),
}

/// How a policy writes that no class is named.
pub(super) const CLUSTER_DEFAULT: &str = "cluster-default";

impl StorageClassPattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "*" => Ok(Self::Any),
            CLUSTER_DEFAULT => Ok(Self::ClusterDefault),
            _ if text.contains('*')
                || text.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',') =>
            {
                Err(format!(
                    "`{text}` is neither `*`, nor `{CLUSTER_DEFAULT}`, nor the name of a storage class"
                ))
            }
            _ => Ok(Self::Exactly(text.to_owned())),
        }
    }

    pub(super) fn matches(&self, class: &str) -> bool {
        match self {
            Self::Any => true,
            Self::ClusterDefault => false,
            Self::Exactly(wanted) => wanted == class,
        }
    }

    pub(super) fn matches_default(&self) -> bool {
        matches!(self, Self::Any | Self::ClusterDefault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_are_known_by_id_or_host() {
        let cluster = Cluster {
            host: "api.zzzzz.example.org:443".into(),
            id: Some("zzzzz".into()),
        };
        for (pattern, expected) in [
            ("*", Match::Yes),
            ("zzzzz", Match::Yes),
            ("yyyyy", Match::No),
            ("API.zzzzz.example.org", Match::Yes),
            ("api.zzzzz.example.org:443", Match::Yes),
            ("api.zzzzz.example.org:8443", Match::No),
            ("*.example.org", Match::Yes),
            ("*.ample.org", Match::No),
        ] {
            assert_eq!(
                ClusterPattern::parse(pattern).unwrap().matches(&cluster),
                expected,
                "{pattern}"
            );
        }
        let host = ClusterPattern::parse("api.zzzzz.example.org").unwrap();
        for spelled in [
            "api.zzzzz.example.org",
            "API.zzzzz.example.org.",
            "api.zzzzz.example.org:0443",
            "api.zzzzz.example.org.:443",
        ] {
            let cluster = Cluster {
                host: spelled.into(),
                id: None,
            };
            assert_eq!(host.matches(&cluster), Match::Yes, "{spelled}");
            let suffix = ClusterPattern::parse("*.example.org").unwrap();
            assert_eq!(suffix.matches(&cluster), Match::Yes, "{spelled}");
        }
        let unknown = Cluster {
            id: None,
            ..cluster
        };
        assert_eq!(
            ClusterPattern::parse("zzzzz").unwrap().matches(&unknown),
            Match::Maybe
        );
        for pattern in [
            "",
            "**",
            "zz*",
            "https://x",
            "a..b",
            "host:port",
            "host:0443",
            "a/b",
            "*.",
        ] {
            assert!(ClusterPattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn the_home_project_and_the_users_uuid_may_be_the_same() {
        let user = "zzzzz-tpzed-000000000000000";
        let project = "zzzzz-j7d0g-000000000000000";
        let home = ProjectPattern::parse("home").unwrap();
        assert_eq!(home.matches_owner(None), Match::Yes);
        assert_eq!(home.matches_owner(Some(user)), Match::Maybe);
        assert_eq!(home.matches_owner(Some(project)), Match::No);
        assert_eq!(home.matches_filter(None), Match::Maybe);
        let by_uuid = ProjectPattern::parse(user).unwrap();
        assert_eq!(by_uuid.matches_owner(None), Match::Maybe);
        assert_eq!(by_uuid.matches_owner(Some(user)), Match::Yes);
        assert_eq!(
            ProjectPattern::parse(project).unwrap().matches_owner(None),
            Match::No
        );
        for pattern in ["", "zzzzz-4zz18-000000000000000", "zzzzz-j7d0g-*", "Home"] {
            assert!(ProjectPattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn an_image_is_known_by_its_whole_id_alone() {
        let hex = "ab".repeat(32);
        let pattern = ImagePattern::parse(&format!("sha256:{hex}")).unwrap();
        assert_eq!(pattern.matches(&hex.to_uppercase()), Match::Yes);
        assert_eq!(pattern.matches(&"00".repeat(32)), Match::No);
        assert_eq!(pattern.matches(&hex[..12]), Match::Maybe);
        assert!(ImagePattern::parse("abababababab").is_err());
    }
}
