//! What is registered in a cluster, without what differs from run to run.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::Cluster;

/// What a cluster has of images, as lines in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Registered {
    /// Every collection, every link of an image, and every permission.
    pub(crate) all: Vec<String>,
    /// What is noted on each collection of its names, which is a hint for people.
    pub(crate) called: Vec<String>,
    /// The names that lead to something, and to what.
    pub(crate) visible: Vec<String>,
    /// What can be seen and is not whole.
    pub(crate) broken: Vec<String>,
}

impl Registered {
    /// Looks at a cluster, past all permissions.
    pub(crate) fn of(cluster: &Cluster) -> Registered {
        let blocks = cluster.inspect().blocks().unwrap();
        let blocks = blocks.into_iter().map(|(hash, _)| hash).collect();
        let mut links = cluster.links_of_images();
        links.extend(cluster.links_of("permission"));
        Registered::from(&cluster.collections(), &links, &blocks)
    }

    pub(crate) fn from(
        collections: &[Value],
        links: &[Value],
        blocks: &BTreeSet<String>,
    ) -> Registered {
        let mut registered = Registered::default();
        for collection in collections
            .iter()
            .filter(|collection| is_current(collection))
        {
            let line = described(collection);
            let names = &collection["properties"]["docker-image-repo-tag"];
            registered.called.push(format!("{line} is called {names}"));
            registered.all.push(line);
        }
        for link in links {
            let head = collections
                .iter()
                .find(|collection| collection["uuid"] == link["head_uuid"]);
            let leads_to = head.map_or_else(|| "nothing".to_owned(), described);
            let line = match link["link_class"] == "permission" {
                true => format!("{} {} {leads_to}", link["tail_uuid"], link["name"]),
                false => format!(
                    "{} {} of {} leads to {leads_to}",
                    link["link_class"], link["name"], link["owner_uuid"]
                ),
            };
            registered.all.push(line.clone());
            if link["link_class"] != "docker_image_repo+tag" {
                continue;
            }
            let Some(head) = head.filter(|head| head["trash_at"].is_null()) else {
                continue;
            };
            if let Some(defect) = defect(head, links, blocks) {
                registered.broken.push(format!("{line}: {defect}"));
            }
            registered.visible.push(line);
        }
        registered.all.sort();
        registered.called.sort();
        registered.visible.sort();
        registered
    }
}

/// What keeps a collection that a name leads to from being an image.
fn defect(collection: &Value, links: &[Value], blocks: &BTreeSet<String>) -> Option<String> {
    let manifest = collection["manifest_text"].as_str().unwrap_or_default();
    let is_hash_of_it = |link: &&Value| {
        link["link_class"] == "docker_image_hash" && link["head_uuid"] == collection["uuid"]
    };
    let Some(id) = links.iter().find(is_hash_of_it) else {
        return Some("no link has its ID".into());
    };
    let file = format!(":{}.tar", id["name"].as_str().unwrap_or_default());
    if !manifest.replace("\\072", ":").contains(&file) {
        return Some(format!("it has no file {file}"));
    }
    let is_block = |word: &&str| word.as_bytes().get(32) == Some(&b'+');
    let lost = manifest
        .split_whitespace()
        .filter(is_block)
        .find(|word| !blocks.contains(&word[..32]));
    lost.map(|word| format!("block {word} is not in Keep"))
}

/// Whether it is no earlier version of another one.
fn is_current(collection: &Value) -> bool {
    collection["current_version_uuid"] == collection["uuid"]
}

fn described(collection: &Value) -> String {
    let state = match collection["trash_at"].is_null() {
        true => "",
        false => " in the trash",
    };
    format!(
        "collection {} of {}{state}",
        collection["portable_data_hash"], collection["owner_uuid"]
    )
}
