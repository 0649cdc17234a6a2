use super::*;
use crate::capabilities::archives;
use crate::testing::repo_tag_link;
use crate::testing::world::{self, World};
use crate::types::Platform;

const X: &str = "zzzzz-4zz18-xxxxxxxxxxxxxxx";
const DIGITS: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const SIGNED: &str =
    "acbd18db4cc2f85cedef654fccc4a4d8+3+A0123456789abcdef0123456789abcdef01234567@6fffffff";

fn fetch(image: &str) -> Result<Downloaded, Failure> {
    run(&DownloadRequest {
        image: image.into(),
        target: keep::Target::Engine,
        named: true,
    })
}

fn holding(file: &str) {
    let manifest = format!(". {SIGNED} {SIGNED} 0:6:{file}\n");
    world::with(|world| {
        *world = World::new();
        world.formats = Some(vec!["v1".into(), "v2".into()]);
        world.collections = vec![collections::Collection {
            portable_data_hash: manifest::portable_data_hash(&manifest),
            manifest: Some(manifest),
            ..crate::testing::collection(X)
        }];
        world.links = vec![repo_tag_link("lab/tool:1", X, "2020-01-01T00:00:00Z", None)];
    });
}

#[test]
fn the_image_that_a_container_request_gets_is_fetched_with_signed_locators() {
    holding(&format!("sha256:{DIGITS}.tar"));
    let downloaded = fetch("lab/tool:1").unwrap();
    assert_eq!(downloaded.collection, X);
    assert_eq!(downloaded.image, format!("sha256:{DIGITS}"));
    assert_eq!((downloaded.size, downloaded.blocks), (6, 1));
    world::with(|world| {
        assert_eq!(world.fetched.len(), 2);
        assert!(world.fetched.iter().all(|extent| extent.block == SIGNED));
        let call = format!("keep.fetch sha256:{DIGITS} Target::Engine");
        assert_eq!(world.calls.last(), Some(&call));
    });
}

#[test]
fn what_cannot_be_verified_is_not_fetched() {
    holding(&format!("{DIGITS}.tar"));
    let failure = fetch("lab/tool:1").unwrap_err();
    assert!(
        matches!(&failure, Failure::Archive(ArchiveError::Unsupported(text)) if text.contains("v1")),
        "{failure:?}"
    );
    world::with(|world| assert!(world.fetched.is_empty()));
}

#[test]
fn a_name_that_leads_nowhere_fetches_nothing() {
    holding(&format!("sha256:{DIGITS}.tar"));
    assert_eq!(
        fetch("lab/tool:2").unwrap_err(),
        Failure::NoSuchImage("lab/tool:2".into())
    );
    world::with(|world| {
        assert!(
            !world
                .calls
                .iter()
                .any(|call| call.starts_with("keep.fetch"))
        )
    });
}

const MANIFEST: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const LAYER: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// What the archive in Keep holds: this config and this layer, so that an engine makes this manifest.
fn content() -> archives::Image {
    archives::Image {
        id: format!("sha256:{DIGITS}"),
        manifest: Some(MANIFEST.into()),
        repo_tags: Vec::new(),
        config: "{}".into(),
        diff_ids: vec![LAYER.into()],
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

/// Puts an image into the engine that it calls so.
fn engine_has(id: &str, diff_ids: &[&str]) {
    holding(&format!("sha256:{DIGITS}.tar"));
    let local = engine::LocalImage {
        id: id.into(),
        repo_tags: Vec::new(),
        repo_digests: Vec::new(),
        platform: platform(),
        diff_ids: diff_ids.iter().map(|digest| (*digest).into()).collect(),
    };
    world::with(|world| {
        world.contents = vec![(SIGNED[..32].into(), Some(content()))];
        world.engine = Some(vec![(local, content())]);
    });
}

fn fetched() -> usize {
    world::with(|world| world.fetched.len())
}

#[test]
fn what_the_engine_has_by_either_digest_is_not_fetched() {
    for id in [&format!("sha256:{DIGITS}"), DIGITS, MANIFEST] {
        engine_has(id, &[LAYER]);
        let downloaded = fetch("lab/tool:1").unwrap();
        assert_eq!(downloaded.outcome, Delivery::Present, "{id}");
        assert_eq!(downloaded.image, format!("sha256:{DIGITS}"));
        assert_eq!((downloaded.size, downloaded.blocks), (0, 0));
        assert_eq!(fetched(), 0, "{id}");
        world::with(|world| {
            let call = format!("keep.fetch sha256:{DIGITS} present");
            assert_eq!(world.calls.last(), Some(&call));
        });
    }
}

#[test]
fn what_is_only_like_it_or_said_to_be_it_is_fetched() {
    let other = format!("sha256:{}", "c".repeat(64));
    // Another image with the same layers, and one of which the engine has lost the layers.
    for (id, layers) in [(other.as_str(), &[LAYER][..]), (MANIFEST, &[])] {
        engine_has(id, layers);
        world::with(|world| {
            let images = world.engine.as_mut().unwrap();
            images[0].0.repo_tags = vec!["lab/tool:1".into()];
            world.collections[0].properties =
                vec![image::text_property(image::MANIFEST_DIGEST, &other)];
        });
        assert_eq!(fetch("lab/tool:1").unwrap().outcome, Delivery::Fetched);
        assert_eq!(fetched(), 2, "{id}");
    }
    // The file is named as the engine's image, and holds another.
    engine_has(&format!("sha256:{DIGITS}"), &[LAYER]);
    world::with(|world| {
        let another = archives::Image {
            id: other.clone(),
            manifest: None,
            ..content()
        };
        world.contents[0].1 = Some(another);
    });
    assert_eq!(fetch("lab/tool:1").unwrap().outcome, Delivery::Fetched);
}

#[test]
fn what_arrives_gets_the_name_that_it_was_asked_for_by_unless_that_is_none() {
    let content = format!("{}+{}", "f".repeat(32), 60);
    for (asked, named, expected) in [
        ("lab/tool:1", true, Some("lab/tool:1")),
        ("lab/tool:1", false, None),
        (content.as_str(), true, None),
    ] {
        holding(&format!("sha256:{DIGITS}.tar"));
        world::with(|world| world.collections[0].portable_data_hash.clone_from(&content));
        let request = DownloadRequest {
            image: asked.into(),
            target: keep::Target::Given,
            named,
        };
        run(&request).unwrap();
        let name = world::with(|world| world.named_on_arrival.clone());
        assert_eq!(name.as_deref(), expected, "{asked}");
    }
}

#[test]
fn a_file_and_an_archive_that_cannot_be_looked_into_are_fetched() {
    engine_has(MANIFEST, &[LAYER]);
    let request = DownloadRequest {
        image: "lab/tool:1".into(),
        target: keep::Target::Given,
        named: true,
    };
    assert_eq!(run(&request).unwrap().outcome, Delivery::Fetched);
    world::with(|world| assert!(world.calls.iter().all(|call| !call.starts_with("engine"))));

    engine_has(MANIFEST, &[LAYER]);
    world::with(|world| world.engine = None);
    assert_eq!(fetch("lab/tool:1").unwrap().outcome, Delivery::Fetched);
    world::with(|world| {
        assert!(
            world
                .calls
                .iter()
                .all(|call| !call.starts_with("keep.examine"))
        )
    });
}
