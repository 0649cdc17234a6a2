use super::*;

use crate::commands::ImageDigest;
use crate::repair::run;
use crate::repair::tests::{OLD, content, digest, registered_as};
use crate::testing::USER;
use crate::testing::world;

/// Writes blocks again from an archive of this image.
fn written_again(held: archives::Image) -> Result<Repaired, Failure> {
    registered_as('a', USER);
    written_again_now(held)
}

/// Does so for the collection as it is.
fn written_again_now(held: archives::Image) -> Result<Repaired, Failure> {
    world::with(|world| {
        world.given = Some(world::GivenArchive {
            images: vec![held],
            is_stream: false,
        });
    });
    run(&from(Origin::Given, None))
}

/// What is asked for where the blocks come from there.
fn from(origin: Origin, selection: Option<&str>) -> RepairRequest {
    RepairRequest {
        image: OLD.into(),
        tag: None,
        project: None,
        named_by: ImageDigest::Manifest,
        origin: Some(origin),
        selection: selection.map(Into::into),
        platform: None,
    }
}

#[test]
fn lost_blocks_are_stored_as_before_and_nothing_is_registered() {
    let repaired = written_again(content()).unwrap();
    assert_eq!(repaired.collection, OLD);
    assert_eq!(
        (repaired.registered_as, repaired.former),
        (digest('a'), None)
    );
    world::with(|world| {
        // What is left of the collection is not sent, whatever else there is.
        assert_eq!(world.stores[0].reuse, [OLD]);
        assert!(!world.stores[0].resume);
        assert_eq!((world.collections.len(), world.links.len()), (1, 3));
        let writes = ["collections.", "links."].map(|of| format!("{of}create"));
        assert!(
            !world
                .calls
                .iter()
                .any(|call| writes.iter().any(|verb| call.starts_with(verb)))
        );
    });
}

#[test]
fn what_a_collection_tells_in_place_of_an_id_is_passed_over() {
    for told in ["$(touch it)", "lab/other:1", "sha256:abc"] {
        registered_as('a', USER);
        world::with(|world| {
            world.collections[0].properties =
                vec![image::text_property(image::CONFIG_DIGEST, told)];
        });
        let repaired = written_again_now(content()).unwrap();
        assert_eq!(repaired.registered_as, digest('a'), "{told}");
    }
}

#[test]
fn another_image_is_not_stored_in_the_place_of_lost_blocks() {
    let other = archives::Image {
        id: digest('b'),
        manifest: None,
        ..content()
    };
    let failure = written_again(other).unwrap_err();
    assert!(
        matches!(failure, Failure::Archive(ArchiveError::NoSuchImage(_))),
        "{failure:?}"
    );
    assert!(world::with(|world| world.stores.is_empty()));
}

#[test]
fn other_blocks_than_those_that_were_lost_are_no_repair() {
    registered_as('a', USER);
    world::with(|world| {
        let text = world.collections[0].manifest.clone().unwrap();
        let text = text
            .replace("+1000+", "+999+")
            .replace(" 0:1000:", " 0:999:");
        world.collections[0].portable_data_hash = manifest::portable_data_hash(&text);
        world.given = Some(world::GivenArchive {
            images: vec![content()],
            is_stream: false,
        });
    });
    let failure = run(&from(Origin::Given, None)).unwrap_err();
    assert!(
        matches!(failure, Failure::Archive(ArchiveError::Unsupported(_))),
        "{failure:?}"
    );
    // Both forms in which so few blocks are made were tried.
    assert_eq!(world::with(|world| world.stores.len()), 2);
}

#[test]
fn a_registry_is_asked_by_the_name_that_was_given_and_must_have_the_very_image() {
    const NAME: &str = "example.org/lab/tool:1";
    registered_as('a', USER);
    world::with(|world| world.in_registry = vec![(NAME.into(), content())]);
    let repaired = run(&from(Origin::Registry, Some(NAME))).unwrap();
    assert_eq!(
        (repaired.collection, repaired.image),
        (OLD.into(), digest('a'))
    );
    let fetched = format!("registry.fetch {NAME} {}", digest('f'));
    world::with(|world| {
        assert!(world.calls.contains(&fetched), "{:?}", world.calls);
        assert_eq!((world.collections.len(), world.links.len()), (1, 3));
    });

    registered_as('a', USER);
    let other = archives::Image {
        id: digest('b'),
        ..content()
    };
    world::with(|world| world.in_registry = vec![(NAME.into(), other)]);
    let failure = run(&from(Origin::Registry, Some(NAME))).unwrap_err();
    assert!(
        matches!(failure, Failure::Archive(ArchiveError::NoSuchImage(_))),
        "{failure:?}"
    );
    assert!(world::with(|world| world.stores.is_empty()));
}
