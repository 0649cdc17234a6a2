//! `clusters`: which clusters are meant.

use keepdocker_terms::reference::{is_host, is_host_name};
use keepdocker_terms::uuid;
use serde_json::Value;

use super::super::context::{Cluster, Context};
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::repository::{host_has_suffix, without_port};
use super::super::rule::Effect;
use super::{BOTH, Narrowing, stating};
use crate::operation::Place;
use crate::{Operation, Verb};

/// One of these clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clusters(Vec<ClusterPattern>);

impl Clusters {
    /// Tells whether one is known by its ID.
    pub(super) fn name_an_id(&self) -> bool {
        let is_id = |pattern: &ClusterPattern| matches!(pattern, ClusterPattern::Id(_));
        self.0.iter().any(is_id)
    }

    /// Tells whether every cluster is one of them.
    pub(super) fn are_all(&self) -> bool {
        self.0.contains(&ClusterPattern::Any)
    }
}

impl Narrowing for Clusters {
    const NAME: &'static str = "clusters";
    const MEANING: &'static str =
        "`*`, a cluster ID of five characters, the API server's host, or `*.host-suffix`.";
    const EFFECTS: &'static [Effect] = BOTH;

    fn is_about(verb: Verb) -> bool {
        verb.place() == Place::Cluster
    }

    fn schema() -> Value {
        stating::texts(r"^(\*|\*\.[A-Za-z0-9.-]+|[A-Za-z0-9.:\[\]-]+)$")
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        stating::list(document, entry, ClusterPattern::parse, Self)
    }

    fn matches(&self, _: &Operation, context: &Context<'_>) -> Match {
        Match::any(
            self.0
                .iter()
                .map(|pattern| pattern.matches(context.cluster)),
        )
    }

    fn value(&self, _: &Operation, context: &Context<'_>) -> Option<String> {
        let Cluster { host, id } = context.cluster;
        if self.name_an_id() && id.is_some() {
            return id.clone();
        }
        (!host.is_empty()).then(|| host.clone())
    }

    fn probe(&self, seeds: &mut Seeds) {
        for pattern in &self.0 {
            match pattern {
                ClusterPattern::Any => {}
                ClusterPattern::Id(id) => _ = seeds.ids.insert(Some(id.clone())),
                ClusterPattern::Host(host) => _ = seeds.hosts.insert(host.clone()),
                ClusterPattern::HostSuffix(suffix) => {
                    _ = seeds.hosts.insert(format!("any-other.{suffix}"));
                }
            }
        }
    }

    // A server of this machine listens at another port tomorrow; its ID stays. Of others the ID is what they claim.
    fn seen(operation: &Operation, cluster: &Cluster) -> Vec<String> {
        let is_own =
            cluster.host.starts_with("127.") || is_server("localhost", without_port(&cluster.host));
        let known = match &cluster.id {
            Some(id) if is_own || cluster.host.is_empty() => id,
            _ => without_default_port(&cluster.host),
        };
        let is_named = Self::is_about(operation.verb()) && !known.is_empty();
        is_named.then(|| known.to_owned()).into_iter().collect()
    }
}

/// A set of clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ClusterPattern {
    Any,
    /// The five characters that begin the cluster's UUIDs.
    Id(String),
    /// The API server's host, with its port unless that is 443.
    Host(String),
    /// API servers whose host name ends so.
    HostSuffix(String),
}

impl ClusterPattern {
    fn parse(text: &str) -> Result<Self, String> {
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
            "`{text}` is not a pattern for clusters: the forms are `*`, a cluster ID of five characters, the API server's host, and `*.host-suffix`"
        ))
    }

    fn matches(&self, cluster: &Cluster) -> Match {
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
}
