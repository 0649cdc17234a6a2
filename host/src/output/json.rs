//! The answers as JSON, in shapes that carry a version; `docs/json.md` describes them.

use serde::Serialize;

use crate::archive::fewest_blocks;
use crate::bindings::commands::{Delivery, Downloaded, ListedImage, Outcome, Resolution, Uploaded};

#[derive(Serialize)]
struct Images<'a> {
    schema: &'static str,
    images: Vec<Image<'a>>,
}

#[derive(Serialize)]
struct Image<'a> {
    repository: Option<&'a str>,
    tag: Option<&'a str>,
    image: Option<&'a str>,
    collection: &'a str,
    timestamp: &'a str,
}

/// Returns the listing, newest image first.
#[must_use]
pub fn images(images: &[ListedImage]) -> String {
    let images = images
        .iter()
        .map(|image| Image {
            repository: image.repository.as_deref(),
            tag: image.tag.as_deref(),
            image: image.image.as_deref(),
            collection: &image.collection,
            timestamp: &image.timestamp,
        })
        .collect();
    line(&Images {
        schema: "keepdocker.images/1",
        images,
    })
}

#[derive(Serialize)]
struct Upload<'a> {
    schema: &'static str,
    outcome: &'static str,
    collection: &'a str,
    portable_data_hash: &'a str,
    image: &'a str,
    registered_as: &'a str,
    name: Option<&'a str>,
    size: u64,
    sent: u64,
    reused: u64,
    blocks: u32,
    fewest_blocks: u64,
}

/// Returns what an upload came to.
#[must_use]
pub fn uploaded(uploaded: &Uploaded) -> String {
    line(&Upload {
        schema: "keepdocker.upload/1",
        outcome: match uploaded.outcome {
            Outcome::Present => "present",
            Outcome::Registered => "registered",
            Outcome::Uploaded => "uploaded",
        },
        collection: &uploaded.collection,
        portable_data_hash: &uploaded.portable_data_hash,
        image: &uploaded.image,
        registered_as: &uploaded.registered_as,
        name: uploaded.name.as_deref(),
        size: uploaded.size,
        sent: uploaded.sent,
        reused: uploaded.reused,
        blocks: uploaded.blocks,
        fewest_blocks: fewest_blocks(uploaded.size),
    })
}

#[derive(Serialize)]
struct Resolved<'a> {
    schema: &'static str,
    collection: &'a str,
    portable_data_hash: &'a str,
    reasons: &'a [String],
    others: &'a [String],
}

/// Returns which collection a name means to the API server.
#[must_use]
pub fn resolved(resolution: &Resolution) -> String {
    line(&Resolved {
        schema: "keepdocker.resolve/1",
        collection: &resolution.collection,
        portable_data_hash: &resolution.portable_data_hash,
        reasons: &resolution.reasons,
        others: &resolution.others,
    })
}

#[derive(Serialize)]
struct Download<'a> {
    schema: &'static str,
    outcome: &'static str,
    collection: &'a str,
    portable_data_hash: &'a str,
    image: &'a str,
    size: u64,
    blocks: u32,
    reasons: &'a [String],
}

/// Returns what a download came to.
#[must_use]
pub fn downloaded(downloaded: &Downloaded) -> String {
    line(&Download {
        schema: "keepdocker.download/1",
        outcome: match downloaded.outcome {
            Delivery::Present => "present",
            Delivery::Fetched => "fetched",
        },
        collection: &downloaded.collection,
        portable_data_hash: &downloaded.portable_data_hash,
        image: &downloaded.image,
        size: downloaded.size,
        blocks: downloaded.blocks,
        reasons: &downloaded.reasons,
    })
}

pub(super) fn line(value: &impl Serialize) -> String {
    let mut text =
        serde_json::to_string(value).expect("records of strings and numbers are always JSON");
    text.push('\n');
    text
}
