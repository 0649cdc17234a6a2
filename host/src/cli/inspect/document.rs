//! What is known of an image as JSON, of which templates and screens are made.

use keepdocker_arvados::api::Property;
use keepdocker_arvados::api::links::Link;
use keepdocker_arvados::api::permissions::Level;
use keepdocker_terms::platform::Platform;
use keepdocker_terms::property::{
    CONFIG_DIGEST, IMAGE_TIMESTAMP, MANIFEST_DIGEST, SIGNATURE, SIGNER, SOURCE_REFERENCE,
};
use serde_json::{Value, json};

use crate::archive::Outline;
use crate::bindings::commands::Resolution;
use crate::run::{Inspected, Inspection, Sharing};

/// The fields of a template, and where their values stand.
pub(super) const FIELDS: [(&str, &str); 22] = [
    ("Name", "/name"),
    ("ID", "/image"),
    ("Manifest", "/manifest"),
    ("RegisteredAs", "/registered_as"),
    ("Collection", "/collection"),
    ("PortableDataHash", "/portable_data_hash"),
    ("Created", "/created"),
    ("Platform", "/platform"),
    ("Size", "/size"),
    ("Entrypoint", "/config/Entrypoint"),
    ("Cmd", "/config/Cmd"),
    ("Env", "/config/Env"),
    ("User", "/config/User"),
    ("WorkingDir", "/config/WorkingDir"),
    ("Labels", "/config/Labels"),
    ("Layers", "/layers"),
    ("History", "/history"),
    ("Links", "/links"),
    ("Shared", "/shared"),
    ("Owner", "/owner"),
    ("OwnerName", "/owner_name"),
    ("Workbench", "/workbench"),
];

/// What a container request gets that names the image so.
#[derive(Debug, Clone)]
pub(super) struct Fate {
    pub(super) name: String,
    /// The collection; none if it gets none.
    pub(super) leads_to: Option<String>,
    /// Why that one: one sentence a step.
    pub(super) reasons: Vec<String>,
}

/// Returns all that is known of an image.
pub(super) fn document(
    name: &str,
    resolution: Option<&Resolution>,
    fates: &[Fate],
    image: &Inspected,
    all: &Inspection,
) -> Value {
    let collection = &image.collection;
    let called = |uuid: &str| all.people.get(uuid);
    let noted = |key: &str| property(&collection.properties, key);
    let (outline, named, fault) = match &image.looked {
        Ok(looked) => (Some(&looked.outline), looked.named.as_ref(), looked.fault()),
        Err(fault) => (None, None, Some(fault.clone())),
    };
    let config: Value = outline
        .and_then(|outline| serde_json::from_str(&outline.image.config).ok())
        .unwrap_or_default();
    let of_blocks = |count: fn(usize) -> bool| -> u64 {
        let blocks = image.blocks.iter().filter(|(_, others)| count(*others));
        blocks.map(|(block, _)| u64::from(block.size)).sum()
    };
    let fates = fates.iter().map(
        |fate| json!({ "name": fate.name, "leads_to": fate.leads_to, "reasons": fate.reasons }),
    );
    let links = image
        .links
        .iter()
        .map(|link| link_of(link, called(&link.owner)));
    let grants = image.grants.iter().map(|grant| {
        json!({
            "object": grant.object, "holder": grant.holder, "holder_name": called(&grant.holder),
            "level": level(grant.level),
        })
    });
    let projects = image.projects.iter();
    let projects = projects.map(|uuid| json!({ "uuid": uuid, "name": called(uuid) }));
    let blocks = image.blocks.iter();
    let blocks =
        blocks.map(|(block, others)| json!({ "block": block.to_string(), "others": others }));
    json!({
        "name": name,
        "reasons": resolution.map(|found| &found.reasons),
        "others": resolution.map(|found| &found.others),
        "collection": collection.uuid,
        "collection_name": collection.name,
        "collection_created": collection.created_at,
        "portable_data_hash": collection.portable_data_hash,
        "owner": collection.owner,
        "owner_name": called(&collection.owner),
        "fault": fault,
        "image": outline.map(|outline| &outline.image.id),
        "manifest": outline.and_then(|outline| outline.image.manifest.as_ref()),
        "registered_as": named,
        "noted": {
            "config": noted(CONFIG_DIGEST), "manifest": noted(MANIFEST_DIGEST),
            "source": noted(SOURCE_REFERENCE), "signer": noted(SIGNER), "signature": noted(SIGNATURE),
        },
        "platform": outline.map(|outline| platform(&outline.image.platform)),
        "created": config["created"].as_str(),
        "author": config["author"].as_str(),
        "config": config["config"],
        "layers": outline.map(layers),
        "history": outline.map(|outline| history(&config["history"], outline)),
        "size": collection.size.unwrap_or_else(|| of_blocks(|_| true)),
        "blocks": blocks.collect::<Vec<_>>(),
        "stored_bytes": of_blocks(|_| true),
        "shared_bytes": all.left.map(|_| of_blocks(|others| others > 0)),
        "shared": all.left.map(|_| image.sharing.iter().map(shared).collect::<Vec<_>>()),
        "compared": image.compared,
        "not_compared": all.left,
        "links": links.collect::<Vec<_>>(),
        "names": fates.collect::<Vec<_>>(),
        "readers": {
            "projects": projects.collect::<Vec<_>>(),
            "complete": image.is_rooted,
            "grants": grants.collect::<Vec<_>>(),
        },
        "workbench": image.workbench,
    })
}

fn link_of(link: &Link, owner: Option<&String>) -> Value {
    json!({
        "link": link.uuid, "class": link.class.name(), "name": link.name, "owner": link.owner,
        "owner_name": owner, "created_at": link.created_at,
        "build_time": property(&link.properties, IMAGE_TIMESTAMP),
    })
}

fn shared(other: &Sharing) -> Value {
    json!({
        "collection": other.collection, "names": other.names, "blocks": other.blocks,
        "bytes": other.bytes, "same_content": other.is_same,
    })
}

/// Returns the words in which commands take a level.
fn level(level: Level) -> &'static str {
    match level {
        Level::Read => "read",
        Level::Write => "write",
        Level::Manage => "manage",
    }
}

fn layers(outline: &Outline) -> Vec<Value> {
    let layers = outline.image.diff_ids.iter().zip(&outline.layer_sizes);
    let layers = layers.map(|(diff_id, size)| json!({ "diff_id": diff_id, "size": size }));
    layers.collect()
}

/// Returns the steps of the build, each with the layer that it made.
fn history(steps: &Value, outline: &Outline) -> Vec<Value> {
    let steps = steps.as_array().map(Vec::as_slice).unwrap_or_default();
    let makes_layer = |step: &&Value| step["empty_layer"] != json!(true);
    // A history that tells of another number of layers tells of none which step made it.
    let is_whole = steps.iter().filter(makes_layer).count() == outline.image.diff_ids.len();
    let mut layers = outline.image.diff_ids.iter();
    let steps = steps.iter().map(|step| {
        let layer = match is_whole && makes_layer(&step) {
            true => layers.next(),
            false => None,
        };
        json!({
            "created": step["created"].as_str(), "created_by": step["created_by"].as_str(),
            "comment": step["comment"].as_str(), "layer": layer,
        })
    });
    steps.collect()
}

/// Returns the text of a property, if it is one.
fn property(properties: &[Property], key: &str) -> Option<String> {
    let found = properties.iter().find(|property| property.key == key)?;
    match serde_json::from_str(&found.value) {
        Ok(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// Returns a platform as people write it.
fn platform(platform: &Platform) -> String {
    let parts = [&platform.os, &platform.architecture, &platform.variant];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.map(String::as_str).collect::<Vec<_>>().join("/")
}
