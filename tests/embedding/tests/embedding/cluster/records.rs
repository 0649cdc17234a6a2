//! The links and collections of the cluster in memory: what is asked of them, made and changed.

use keepdocker_decisions::manifest::portable_data_hash;
use serde_json::{Value, json};

use super::{AT, Cluster, array, owner, text};

impl Cluster {
    pub(super) fn list_links(&self, query: &Value) -> Value {
        let names = &query["names"];
        let is_meant = |link: &&Value| {
            let is_named = if let Some(beginning) = names["starting-with"].as_str() {
                text(&link["name"]).starts_with(beginning)
            } else {
                names["exactly"].is_null() || array(&names["exactly"]).contains(&link["name"])
            };
            is_named
                && array(&query["classes"]).contains(&link["class"])
                && (query["heads"].is_null() || array(&query["heads"]).contains(&link["head"]))
                && (query["owner"].is_null() || query["owner"] == link["owner"])
        };
        newest(self.links.iter().filter(is_meant).cloned().collect(), query)
    }

    pub(super) fn list_collections(&self, query: &Value) -> Value {
        let which = &query["which"];
        let is_meant = |collection: &&Value| {
            let is_asked = if let Some(uuids) = which["uuids"].as_array() {
                uuids.contains(&collection["uuid"])
            } else if let Some(content) = which["portable-data-hash"].as_str() {
                collection["portable_data_hash"] == content
            } else if !which["property"].is_null() {
                array(&collection["properties"]).contains(&which["property"])
            } else {
                let asked = &which["property-starting-with"];
                let beginning = text(&asked["value"]).trim_end_matches('"');
                array(&collection["properties"]).iter().any(|property| {
                    property["key"] == asked["key"]
                        && text(&property["value"]).starts_with(beginning)
                })
            };
            is_asked && (query["owner"].is_null() || query["owner"] == collection["owner"])
        };
        let found = self
            .collections
            .iter()
            .filter(is_meant)
            .cloned()
            .map(|mut one| {
                match query["detail"].as_str() {
                    Some("manifest") => {}
                    Some("attributes") => one["manifest"] = Value::Null,
                    _ => {
                        for name in ["owner", "name", "portable_data_hash"] {
                            one[name] = json!("");
                        }
                        one["properties"] = json!([]);
                        one["replicas"] = Value::Null;
                        one["storage_classes"] = json!([]);
                        one["size"] = Value::Null;
                        one["manifest"] = Value::Null;
                    }
                }
                one
            });
        newest(found.collect(), query)
    }

    pub(super) fn create_link(&mut self, new: &Value) -> Value {
        let link = json!({
            "uuid": format!("zzzzz-o0j2j-new{:012}", self.links.len()),
            "class": new["class"], "name": new["name"], "head": new["head"], "tail": "",
            "owner": owner(new), "properties": new["properties"], "created_at": AT,
        });
        self.links.push(link.clone());
        link
    }

    pub(super) fn create_collection(&mut self, new: &Value) -> Value {
        let collection = json!({
            "uuid": format!("zzzzz-4zz18-new{:012}", self.collections.len()),
            "owner": owner(new), "name": new["name"], "created_at": AT,
            "portable_data_hash": portable_data_hash(text(&new["manifest"])),
            "properties": new["properties"], "replicas": new["replicas"],
            "storage_classes": new["storage_classes"], "size": 1000, "manifest": new["manifest"],
        });
        self.collections.push(collection.clone());
        collection
    }

    pub(super) fn update_collection(&mut self, change: &Value) {
        const KEY: &str = "docker-image-repo-tag";
        let owned = owner(change);
        for collection in &mut self.collections {
            if collection["uuid"] == change["collection"] && collection["owner"] == owned {
                let mut properties = array(&collection["properties"]).to_vec();
                properties.retain(|property| property["key"] != KEY);
                properties.push(json!({ "key": KEY, "value": change["repo_tag"] }));
                collection["properties"] = json!(properties);
            }
        }
    }
}

/// Leaves the youngest, as many as the query asks for, oldest first.
fn newest(mut found: Vec<Value>, query: &Value) -> Value {
    let key = |one: &Value| {
        (
            text(&one["created_at"]).to_owned(),
            text(&one["uuid"]).to_owned(),
        )
    };
    found.sort_by_key(key);
    if let Some(most) = query["newest"].as_u64() {
        let most = usize::try_from(most).unwrap();
        found.drain(..found.len().saturating_sub(most));
    }
    json!(found)
}
