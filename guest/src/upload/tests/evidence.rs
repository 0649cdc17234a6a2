//! What somebody says of an image is not believed: properties, links, names of files, caches, engines.

mod reading;
mod sources;

use super::*;
use crate::download;
use crate::testing::world::{self, keep as world_keep};

/// Has a block hold something: an image, or none if it is no archive.
fn block_holds(collection: &collections::Collection, image: Option<archives::Image>) {
    let text = collection.manifest.clone().unwrap();
    let block = text.split(' ').nth(1).unwrap()[..32].to_owned();
    world::with(|world| world.contents.push((block, image)));
}

/// A collection of somebody else whose file is named by image `letter`, and a hash link that says so.
fn claim(letter: char, number: u32) -> collections::Collection {
    let claimed = stored(letter, number, SOMEBODY);
    world::with(|world| {
        let link = links::Link {
            owner: SOMEBODY.into(),
            uuid: format!("zzzzz-o0j2j-claim{number:010}"),
            ..hash_link(&digest(letter), &claimed.uuid, AT, None)
        };
        world.links.push(link);
        world.collections.push(claimed.clone());
    });
    claimed
}

/// An engine with a containerd store: the image is called by a digest that is not the config's.
fn engine_with_manifest(layers: &[char]) {
    let diff_ids: Vec<String> = layers.iter().copied().map(digest).collect();
    world::with(|world| {
        *world = World::new();
        world.engine = Some(vec![(
            crate::capabilities::engine::LocalImage {
                diff_ids: diff_ids.clone(),
                ..local(&digest('e'), &["a:1"])
            },
            archives::Image {
                manifest: Some(digest('e')),
                diff_ids,
                ..archived('a', &[], "null")
            },
        )]);
    });
}

fn noted(mut collection: collections::Collection) -> collections::Collection {
    collection.properties = vec![
        image::text_property(image::MANIFEST_DIGEST, &digest('e')),
        image::text_property(image::CONFIG_DIGEST, &digest('b')),
    ];
    collection
}

fn was_sent(uploaded: &crate::bindings::exports::keepdocker::contract::commands::Uploaded) {
    assert_eq!(
        (uploaded.outcome, uploaded.image.clone()),
        (Outcome::Uploaded, digest('a'))
    );
}

#[test]
fn a_property_makes_no_image_of_somebody_the_one_that_is_meant() {
    engine_with_manifest(&['0']);
    let evil = noted(stored('b', 1, SOMEBODY));
    block_holds(
        &evil,
        Some(archives::Image {
            diff_ids: vec![digest('6')],
            ..archived('b', &[], "null")
        }),
    );
    world::with(|world| {
        world
            .links
            .push(hash_link(&digest('b'), &evil.uuid, AT, None));
        world.collections.push(evil);
    });
    was_sent(&run(&request("a:1")).unwrap());
    assert!(warnings()[0].contains("is not used"), "{:?}", warnings());
    // Nor with the engine gone, by the digest alone.
    world::with(|world| {
        world.links.clear();
        world.collections.retain(|one| one.owner == SOMEBODY);
        world.engine = Some(Vec::new());
    });
    let failure = run(&request(&digest('e'))).unwrap_err();
    assert!(matches!(failure, Failure::NoSuchImage(_)), "{failure:?}");
}

#[test]
fn equal_layers_are_enough_for_what_the_project_owns_and_for_nobody_else() {
    for (owner, is_enough) in [(USER, true), (SOMEBODY, false)] {
        engine_with_manifest(&['0']);
        let noted = noted(stored('b', 1, owner));
        block_holds(
            &noted,
            Some(archives::Image {
                diff_ids: vec![digest('0')],
                ..archived('b', &[], "null")
            }),
        );
        world::with(|world| {
            world
                .links
                .push(hash_link(&digest('b'), &noted.uuid, AT, None));
            world.collections.push(noted);
        });
        let uploaded = run(&request("a:1")).unwrap();
        assert_eq!(uploaded.image == digest('b'), is_enough, "{owner}");
    }
}

#[test]
fn nothing_that_somebody_says_is_taken_over_with_his_collection() {
    engine_with_a();
    let mut shared = claim('a', 1);
    block_holds(
        &shared,
        Some(archives::Image {
            manifest: Some(digest('c')),
            diff_ids: vec![digest('0')],
            ..archived('a', &[], "\"2024-05-06T07:08:09Z\"")
        }),
    );
    shared.properties = vec![
        image::text_property(image::MANIFEST_DIGEST, &digest('9')),
        image::text_property(image::CONFIG_DIGEST, &digest('9')),
        image::text_property(image::BUILD_TIME, "2099-01-01T00:00:00Z"),
        image::text_property(image::BASE_LAYER, &digest('9')),
        image::text_property(image::SOURCE_REFERENCE, "quay.example/other:1"),
    ];
    world::with(|world| {
        world.collections = vec![shared];
        world.links[0].properties = vec![image::text_property(
            image::IMAGE_TIMESTAMP,
            "2099-01-01T00:00:00Z",
        )];
    });
    let uploaded = run(&request("a:1")).unwrap();
    assert_eq!(uploaded.outcome, Outcome::Registered);
    world::with(|world| {
        let copied = &world.collections[1].properties;
        let told = |key| image::text_of(copied, key);
        assert_eq!(told(image::CONFIG_DIGEST), Some(digest('a')));
        assert_eq!(told(image::MANIFEST_DIGEST), Some(digest('c')));
        assert_eq!(told(image::BASE_LAYER), Some(digest('0')));
        let built = Some("2024-05-06T07:08:09Z".to_owned());
        assert_eq!(told(image::BUILD_TIME), built);
        assert_eq!(told(image::SOURCE_REFERENCE).as_deref(), Some("a:1"));
        let made = world.links.iter().filter(|link| link.owner == USER);
        let times: Vec<_> = made
            .map(|link| image::text_of(&link.properties, image::IMAGE_TIMESTAMP))
            .collect();
        assert_eq!(times, [built.clone(), built]);
        // The person is told whose collection it is.
        let (_, text) = &world.log[0];
        assert!(text.contains(SOMEBODY) && text.contains("other0000000001"));
    });
}

#[test]
fn a_collection_of_somebody_is_used_only_if_its_archive_holds_the_image() {
    let other = || archived('b', &[], "null");
    for held in [None, Some(other())] {
        engine_with_a();
        let liar = claim('a', 1);
        block_holds(&liar, held);
        was_sent(&run(&request("a:1")).unwrap());
        assert_eq!(warnings().len(), 1);
    }
    // One lie does not spoil what others share.
    engine_with_a();
    let liar = claim('a', 1);
    let honest = claim('a', 2);
    world::with(|world| {
        let text = world.collections[0].manifest.take().unwrap();
        let text = text.replacen(&"a".repeat(32), &"d".repeat(32), 1);
        world.collections[0].portable_data_hash = manifest::portable_data_hash(&text);
        world.collections[0].manifest = Some(text);
        world.contents = vec![("d".repeat(32), Some(other()))];
    });
    let uploaded = run(&request("a:1")).unwrap();
    assert_eq!(uploaded.outcome, Outcome::Registered);
    let refused = |collection: &collections::Collection| {
        warnings()
            .iter()
            .any(|text| text.contains(&collection.uuid) && text.contains("is not used"))
    };
    assert!(refused(&liar) && !refused(&honest));
}

#[test]
fn how_far_an_upload_may_reach_is_what_is_asked() {
    for (reach, owner, is_copied) in [
        (Reach::Readable, SOMEBODY, true),
        (Reach::Own, SOMEBODY, false),
        (Reach::Own, USER, true),
        (Reach::None, USER, false),
    ] {
        engine_with_a();
        let shared = claim('a', 1);
        world::with(|world| world.collections[0].owner = owner.into());
        let uploaded = run(&UploadRequest {
            reuse: reach,
            ..to_project("a:1")
        })
        .unwrap();
        let expected = if is_copied {
            Outcome::Registered
        } else {
            Outcome::Uploaded
        };
        assert_eq!(uploaded.outcome, expected, "{reach:?} {owner} {shared:?}");
    }
    // So it is for blocks.
    for (reach, owner, offered) in [
        (Reach::Own, SOMEBODY, 0),
        (Reach::Own, PROJECT, 1),
        (Reach::Own, USER, 1),
        (Reach::Readable, SOMEBODY, 1),
        (Reach::None, USER, 0),
    ] {
        engine_with_a();
        let mut former = stored('c', 7, owner);
        former.manifest = former.manifest.map(|text| text.replace(".tar", ".old"));
        world::with(|world| {
            let link = repo_tag_link("a:0", &former.uuid, AT, None);
            world.links.push(link);
            world.collections.push(former);
        });
        run(&UploadRequest {
            reuse: reach,
            ..to_project("a:1")
        })
        .unwrap();
        let given = world::with(|world| world.stores[0].reuse.len());
        assert_eq!(given, offered, "{reach:?} {owner}");
    }
}

#[test]
fn what_is_forced_is_sent_whole() {
    engine_with_a();
    run(&request("a:1")).unwrap();
    world::with(|world| world.stores.clear());
    let again = run(&UploadRequest {
        force: true,
        ..request("a:1")
    })
    .unwrap();
    assert_eq!((again.sent, again.reused), (1000, 0));
    world::with(|world| {
        let options = &world.stores[0];
        assert!(options.reuse.is_empty() && !options.resume);
    });
}

#[test]
fn a_name_on_the_cluster_means_what_the_file_is_and_not_what_a_link_says() {
    world::with(|world| {
        *world = World::new();
        let good = stored('a', 1, USER);
        let evil = stored('b', 2, SOMEBODY);
        world.links = vec![
            repo_tag_link("a:1", &good.uuid, AT, None),
            hash_link(&digest('a'), &good.uuid, AT, None),
            links::Link {
                owner: SOMEBODY.into(),
                ..hash_link(&digest('b'), &good.uuid, "2099-01-01T00:00:00Z", None)
            },
            hash_link(&digest('b'), &evil.uuid, AT, None),
        ];
        world.collections = vec![good, evil];
    });
    assert_eq!(run(&to_project("a:1")).unwrap().image, digest('a'));
}

#[test]
fn an_image_that_came_as_a_file_is_noted_as_one_that_came_as_a_stream_is() {
    for is_stream in [false, true] {
        give(vec![archived('a', &["x:1"], "null")], is_stream);
        // The digest shows once the archive has been read.
        world::with(|world| world.manifest_once_stored = Some(digest('e')));
        run(&given(None)).unwrap();
        world::with(|world| {
            let noted = image::text_of(&world.collections[0].properties, image::MANIFEST_DIGEST);
            assert_eq!(noted, Some(digest('e')), "{is_stream}");
        });
    }
}
