//! What the cluster says about itself.
//!
//! The public configuration (a few kilobytes) says all that is needed on current clusters; only
//! what it leaves out is looked up in the discovery document (half a megabyte).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use url::Url;

use super::{Api, Error};
use crate::http::Http;

/// What the cluster says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The five letters and digits that begin every UUID of this cluster.
    pub id: String,
    /// The image formats that the cluster runs (`v1`, `v2`); none if it does not say.
    pub image_formats: Option<Vec<String>>,
    /// How many replicas of a block the cluster keeps by default.
    pub default_replication: u32,
    /// What the server puts for a `/` in a name; empty if it refuses such names.
    pub slash_substitute: String,
    /// The storage classes that blocks are kept in by default, in alphabetical order.
    pub default_storage_classes: Vec<String>,
    /// Where people look at the cluster with a browser; none if it does not say.
    pub workbench: Option<Url>,
}

impl Cluster {
    /// Returns the address at which people look at a collection, if there is one.
    #[must_use]
    pub fn page_of(&self, collection: &str) -> Option<Url> {
        let root = self.workbench.as_ref()?;
        root.join(&format!("collections/{collection}")).ok()
    }
}

/// The parts of `/arvados/v1/config` that are used.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Configuration {
    #[serde(rename = "ClusterID")]
    cluster_id: Option<String>,
    storage_classes: Option<BTreeMap<String, StorageClass>>,
    collections: Option<Collections>,
    containers: Option<Containers>,
    /// Of this nothing is needed to work, whatever form it has.
    services: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct StorageClass {
    default: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Collections {
    default_replication: Option<u32>,
    forward_slash_name_substitution: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Containers {
    supported_docker_image_formats: Option<BTreeMap<String, IgnoredAny>>,
}

/// The parts of the discovery document that are used.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Discovery {
    uuid_prefix: Option<String>,
    docker_image_formats: Option<Vec<String>>,
    default_collection_replication: Option<u32>,
}

/// The replication of clusters that do not say, as the Python client assumes.
const USUAL_REPLICATION: u32 = 2;

/// Asks the cluster.
pub(super) async fn fetch<H: Http>(api: &Api<H>) -> Result<Cluster, Error> {
    const ACTION: &str = "read the cluster's configuration";
    let configuration: Configuration = match api.read(ACTION, "arvados/v1/config", &[]).await {
        // Clusters from before 2019 have none.
        Err(Error::NotFound(_)) => Configuration::default(),
        other => other?,
    };
    let discovery = if is_complete(&configuration) {
        Discovery::default()
    } else {
        api.read(
            "read the discovery document",
            "discovery/v1/apis/arvados/v1/rest",
            &[],
        )
        .await?
    };
    combine(configuration, discovery).ok_or_else(|| Error::Malformed {
        action: ACTION,
        host: api.host().to_owned(),
        reason: "it does not tell the cluster's ID".to_owned(),
    })
}

fn is_complete(configuration: &Configuration) -> bool {
    configuration.cluster_id.is_some()
        && configuration
            .collections
            .as_ref()
            .is_some_and(|collections| collections.default_replication.is_some())
        && configuration
            .containers
            .as_ref()
            .is_some_and(|containers| containers.supported_docker_image_formats.is_some())
}

fn combine(configuration: Configuration, discovery: Discovery) -> Option<Cluster> {
    let collections = configuration.collections.unwrap_or_default();
    let id = configuration
        .cluster_id
        .or(discovery.uuid_prefix)
        .filter(|id| is_cluster_id(id))?;
    Some(Cluster {
        id,
        image_formats: configuration
            .containers
            .and_then(|containers| containers.supported_docker_image_formats)
            .map(|formats| formats.into_keys().collect())
            .or(discovery.docker_image_formats),
        default_replication: collections
            .default_replication
            .or(discovery.default_collection_replication)
            .unwrap_or(USUAL_REPLICATION)
            .max(1),
        slash_substitute: collections
            .forward_slash_name_substitution
            .unwrap_or_default(),
        default_storage_classes: configuration
            .storage_classes
            .unwrap_or_default()
            .into_iter()
            .filter(|(_, class)| class.default)
            .map(|(name, _)| name)
            .collect(),
        workbench: workbench(&configuration.services),
    })
}

/// Returns the address of Workbench 2, else of what it came after.
fn workbench(services: &Value) -> Option<Url> {
    let address = |name: &str| {
        let text = services.get(name)?.get("ExternalURL")?.as_str()?;
        let url = Url::parse(text).ok()?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        (matches!(url.scheme(), "https" | "http") && is_plain).then_some(url)
    };
    address("Workbench2").or_else(|| address("Workbench1"))
}

fn is_cluster_id(text: &str) -> bool {
    text.len() == 5
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(json: &str) -> Configuration {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_configuration_of_a_current_cluster_is_enough() {
        let configuration = configuration(
            r#"{"ClusterID": "zzzzz", "API": {"MaxItemsPerResponse": 1000},
                "StorageClasses": {"default": {"Default": true, "Priority": 0}, "cold": {"Priority": 1}},
                "Collections": {"DefaultReplication": 3, "ForwardSlashNameSubstitution": ""},
                "Containers": {"SupportedDockerImageFormats": {"v2": {}, "v1": {}}}}"#,
        );
        assert!(is_complete(&configuration));
        let cluster = combine(configuration, Discovery::default()).unwrap();
        assert_eq!(
            cluster,
            Cluster {
                id: "zzzzz".into(),
                image_formats: Some(vec!["v1".into(), "v2".into()]),
                default_replication: 3,
                slash_substitute: String::new(),
                default_storage_classes: vec!["default".into()],
                workbench: None,
            }
        );
    }

    #[test]
    fn the_address_for_browsers_is_one_or_none() {
        for (services, address) in [
            (
                r#"{"Workbench1": {"ExternalURL": "https://old.example/"}, "Workbench2": {"ExternalURL": "https://wb2.example/"}}"#,
                Some("https://wb2.example/"),
            ),
            (
                r#"{"Workbench1": {"ExternalURL": "https://old.example/"}, "Workbench2": {"ExternalURL": ""}}"#,
                Some("https://old.example/"),
            ),
            (
                r#"{"Workbench2": {"ExternalURL": "javascript:alert(1)"}}"#,
                None,
            ),
            (
                r#"{"Workbench2": {"ExternalURL": "https://a:b@wb2.example/"}}"#,
                None,
            ),
            (r#"{"Workbench2": [7]}"#, None),
            ("null", None),
        ] {
            let text = format!(r#"{{"ClusterID": "zzzzz", "Services": {services}}}"#);
            let cluster = combine(configuration(&text), Discovery::default()).unwrap();
            assert_eq!(
                cluster.workbench.as_ref().map(Url::as_str),
                address,
                "{services}"
            );
        }
    }

    #[test]
    fn discovery_fills_the_gaps() {
        let configuration = configuration(r#"{"ClusterID": "zzzzz"}"#);
        assert!(!is_complete(&configuration));
        let discovery: Discovery = serde_json::from_str(
            r#"{"uuidPrefix": "other", "dockerImageFormats": ["v2"], "defaultCollectionReplication": 4}"#,
        )
        .unwrap();
        let cluster = combine(configuration, discovery).unwrap();
        assert_eq!(cluster.id, "zzzzz");
        assert_eq!(cluster.image_formats, Some(vec!["v2".into()]));
        assert_eq!(cluster.default_replication, 4);
    }

    #[test]
    fn a_cluster_without_an_id_is_none() {
        assert_eq!(
            combine(Configuration::default(), Discovery::default()),
            None
        );
        let odd = configuration(r#"{"ClusterID": "ZZ%_z"}"#);
        assert_eq!(combine(odd, Discovery::default()), None);
    }
}
