use super::*;

use crate::bindings::exports::keepdocker::contract::commands::{BlockLayout, Outcome, Pull, Reach};
use crate::bindings::keepdocker::contract::api;
use crate::capabilities::{collections, links};
use crate::manifest;
use crate::testing::world::{self, Fault, GivenArchive, World};
use crate::testing::{PROJECT, USER, hash_link, repo_tag_link};
use crate::types::Platform;

mod evidence;
mod given;
mod interruption;
mod meaning;
mod names;
mod naming;
mod projects;
mod registration;
mod registry;
mod reuse;

const AT: &str = "2020-01-01T00:00:00.000000000Z";

fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

fn archived(letter: char, tags: &[&str], created: &str) -> archives::Image {
    archives::Image {
        id: digest(letter),
        manifest: None,
        repo_tags: tags.iter().map(|tag| (*tag).into()).collect(),
        config: format!("{{\"created\":{created},\"os\":\"linux\"}}"),
        diff_ids: Vec::new(),
        platform: platform(),
    }
}

fn platform() -> Platform {
    Platform {
        os: "linux".into(),
        architecture: "amd64".into(),
        variant: String::new(),
    }
}

fn local(id: &str, tags: &[&str]) -> crate::capabilities::engine::LocalImage {
    crate::capabilities::engine::LocalImage {
        id: id.into(),
        repo_tags: tags.iter().map(|tag| (*tag).into()).collect(),
        repo_digests: Vec::new(),
        platform: platform(),
        diff_ids: Vec::new(),
    }
}

/// Sets up an engine with the image `a:1`, and nothing else.
fn engine_with_a() {
    world::with(|world| {
        *world = World::new();
        world.engine = Some(vec![(
            local(&digest('a'), &["a:1"]),
            archived('a', &[], "\"2024-05-06T07:08:09Z\""),
        )]);
    });
}

fn request(image: &str) -> UploadRequest {
    UploadRequest {
        origin: Origin::Engine,
        image: Some(image.into()),
        tag: None,
        selection: None,
        platform: None,
        project: None,
        name: None,
        pull: Pull::Never,
        force: false,
        force_image_format: false,
        form: Form::Canonical,
        block_layout: BlockLayout::Layered,
        replicas: None,
        storage_classes: Vec::new(),
        reuse: Reach::Readable,
        verify: keep::Depth::Config,
        resume: true,
        named_by: ImageDigest::Config,
    }
}

fn to_project(image: &str) -> UploadRequest {
    UploadRequest {
        project: Some(PROJECT.into()),
        ..request(image)
    }
}

fn given(image: Option<&str>) -> UploadRequest {
    UploadRequest {
        origin: Origin::Given,
        image: image.map(Into::into),
        ..request("")
    }
}

fn give(images: Vec<archives::Image>, is_stream: bool) {
    world::with(|world| {
        *world = World::new();
        world.engine = None;
        world.given = Some(GivenArchive { images, is_stream });
    });
}

/// Returns `class-letter name owner-letter head-end` of each link, sorted.
fn links_made() -> Vec<String> {
    let line = |link: &links::Link| {
        let class = if link.class == links::Class::ImageHash {
            "hash"
        } else {
            "name"
        };
        let owner = if link.owner == USER {
            "user"
        } else {
            "project"
        };
        format!("{class} {:.9} {owner} {}", link.name, &link.head[24..])
    };
    let mut lines: Vec<String> = world::with(|world| world.links.iter().map(line).collect());
    lines.sort();
    lines
}

fn collection_count() -> usize {
    world::with(|world| world.collections.len())
}

fn warnings() -> Vec<String> {
    let is_warning = |(level, _): &&(Level, String)| matches!(level, Level::Warning | Level::Error);
    world::with(|world| {
        world
            .log
            .iter()
            .filter(is_warning)
            .map(|(_, text)| text.clone())
            .collect()
    })
}

fn has_called(beginning: &str) -> bool {
    world::with(|world| world.calls.iter().any(|call| call.starts_with(beginning)))
}

fn calls() -> Vec<String> {
    world::with(|world| std::mem::take(&mut world.calls))
}

/// Makes a sound collection of an image, owned by somebody, without links.
fn stored(letter: char, number: u32, owner: &str) -> collections::Collection {
    let image = archived(letter, &[], "null");
    let text = manifest::build(
        &[world::keep::locator(&image)],
        &format!("{}.tar", image.id),
        1000,
    )
    .unwrap();
    collections::Collection {
        owner: owner.into(),
        name: format!("other {number}"),
        portable_data_hash: manifest::portable_data_hash(&text),
        created_at: AT.into(),
        manifest: Some(text),
        ..crate::testing::collection(&format!("zzzzz-4zz18-other{number:010}"))
    }
}

const SOMEBODY: &str = "zzzzz-tpzed-somebody0000000";
