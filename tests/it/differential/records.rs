//! What a command leaves on a cluster, comparable with what another leaves on an equal one.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::Cluster;

/// What a cluster holds, without what is random.
pub(super) struct Records {
    uuids: BTreeSet<String>,
    collections: Vec<Value>,
    links: Vec<Value>,
}

impl Records {
    pub(super) fn of(cluster: &Cluster) -> Records {
        let (collections, links) = (cluster.collections(), cluster.links());
        let uuids = collections
            .iter()
            .chain(&links)
            .map(|record| record["uuid"].as_str().unwrap().to_owned())
            .collect();
        Records {
            uuids,
            collections,
            links,
        }
    }

    /// Describes what is there now and was not before.
    pub(super) fn since(&self, before: &Records) -> Vec<String> {
        let is_new = |record: &&Value| !before.uuids.contains(record["uuid"].as_str().unwrap());
        let mut new: Vec<String> = self
            .collections
            .iter()
            .filter(is_new)
            .map(|collection| {
                let mut properties = collection["properties"].clone();
                properties
                    .as_object_mut()
                    .unwrap()
                    .retain(|key, _| !key.starts_with("arv:"));
                let manifest = collection["manifest_text"].as_str().unwrap().trim_end();
                let (_, file) = manifest.rsplit_once(':').unwrap();
                // What the server adds to make a name unique is random.
                let name = collection["name"].as_str().unwrap();
                let name = match name.rsplit_once(" (") {
                    Some((name, _)) => format!("{name} (made unique)"),
                    None => name.to_owned(),
                };
                format!(
                    "collection {name} of {} with {file} and {properties}",
                    collection["owner_uuid"]
                )
            })
            .collect();
        new.extend(self.links.iter().filter(is_new).map(|link| {
            let head = before.without_new_uuids(link["head_uuid"].as_str().unwrap());
            format!(
                "{} {} of {} to {head} with {}",
                link["link_class"], link["name"], link["owner_uuid"], link["properties"]
            )
        }));
        new
    }

    /// Replaces the UUIDs of collections that were not there.
    pub(super) fn without_new_uuids(&self, text: &str) -> String {
        text.split('\n')
            .map(|line| {
                line.split(' ')
                    .map(|word| {
                        if word.starts_with("kdbox-4zz18-") && !self.uuids.contains(word) {
                            "(new)"
                        } else {
                            word
                        }
                    })
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect::<Vec<_>>()
            .join("\n")
    }
}
