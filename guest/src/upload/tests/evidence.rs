//! What somebody says of an image is not believed: properties, links, names of files, caches, engines.

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
fn a_cached_archive_of_another_image_is_thrown_away() {
    engine_with_a();
    world::with(|world| {
        world.cache = vec![(digest('a'), Some(archived('b', &[], "null")))];
    });
    was_sent(&run(&request("a:1")).unwrap());
    assert!(has_called("archive.open Source::Engine"));
    assert!(warnings()[0].contains(&digest('b')), "{:?}", warnings());
    assert!(world::with(|world| world.cache.is_empty()));
}

#[test]
fn an_engine_that_saves_another_image_than_it_named_registers_nothing() {
    engine_with_a();
    world::with(|world| world.engine.as_mut().unwrap()[0].1 = archived('b', &[], "null"));
    let failure = run(&request("a:1")).unwrap_err();
    let Failure::Archive(ArchiveError::Unsound(text)) = failure else {
        panic!("{failure:?}");
    };
    assert!(text.contains(&digest('b')) && text.contains(&digest('a')));
    assert_eq!((collection_count(), links_made().len()), (0, 0));
}

#[test]
fn an_index_that_the_engine_does_not_save_is_known_by_its_layers() {
    // The layers tell only where the engine has that digest among the image's names.
    for (repo_digest, saved, is_it) in [
        (Some("a"), '0', true),
        (Some("a"), '1', false),
        (None, '0', false),
    ] {
        engine_with_manifest(&['0']);
        world::with(|world| {
            let (local, archive) = &mut world.engine.as_mut().unwrap()[0];
            local.repo_digests = repo_digest
                .map(|name| format!("{name}@{}", digest('e')))
                .into_iter()
                .collect();
            archive.manifest = Some(digest('f'));
            archive.diff_ids = vec![digest(saved)];
        });
        assert_eq!(
            run(&request("a:1")).is_ok(),
            is_it,
            "{repo_digest:?} {saved}"
        );
    }
}

#[test]
fn a_source_in_the_engine_is_what_is_uploaded_under_the_name() {
    let with_both = |names: &[(char, &str)]| {
        world::with(|world| {
            *world = World::new();
            world.engine = Some(
                names
                    .iter()
                    .map(|(letter, name)| {
                        let saved = archived(*letter, &[], "null");
                        (local(&digest(*letter), &[name]), saved)
                    })
                    .collect(),
            );
        });
    };
    let from = |source: &str, name: &str| UploadRequest {
        selection: Some(source.into()),
        ..request(name)
    };
    with_both(&[('a', "a:1"), ('b', "b:2")]);
    let uploaded = run(&from("a:1", "b:2")).unwrap();
    assert_eq!(
        (uploaded.image, uploaded.name.as_deref()),
        (digest('a'), Some("b:2"))
    );
    // What the cluster calls so is not what the engine was to give.
    with_both(&[('b', "b:2")]);
    world::with(|world| {
        world.collections = vec![stored('a', 1, USER)];
        world.links = vec![repo_tag_link(
            "a:1",
            "zzzzz-4zz18-other0000000001",
            AT,
            None,
        )];
    });
    let failure = run(&from("a:1", "b:2")).unwrap_err();
    assert_eq!(failure, Failure::NoSuchImage("a:1".into()));
    let failure = run(&from("b:2", &digest('a'))).unwrap_err();
    assert!(matches!(failure, Failure::Usage(_)));
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

#[test]
fn a_file_that_becomes_another_image_while_it_is_read_is_not_registered() {
    give(vec![archived('a', &["x:1"], "null")], false);
    world::with(|world| world.stored_as = Some(archived('b', &[], "null")));
    let failure = run(&given(None)).unwrap_err();
    assert!(matches!(
        failure,
        Failure::Archive(ArchiveError::Unsound(_))
    ));
    assert_eq!(collection_count(), 0);
}

#[test]
fn what_was_not_sent_is_read_back_on_demand() {
    let verified = || UploadRequest {
        verify: keep::Depth::Content,
        ..request("a:1")
    };
    let with_former = || {
        engine_with_a();
        let mut former = stored('a', 7, PROJECT);
        former.manifest = former.manifest.map(|text| text.replace(".tar", ".tar.old"));
        world::with(|world| {
            world
                .links
                .push(repo_tag_link("a:0", &former.uuid, AT, None));
            world.collections.push(former);
        });
    };
    with_former();
    let uploaded = run(&verified()).unwrap();
    assert_eq!((uploaded.sent, uploaded.reused), (0, 1000));
    assert!(has_called("keep.examine"));
    // Foreign bytes of the same MD5: sent after all, and if that does not help, nothing is registered.
    with_former();
    block_holds(
        &world::with(|world| world.collections[0].clone()),
        Some(archived('b', &[], "null")),
    );
    let failure = run(&verified()).unwrap_err();
    assert!(matches!(
        failure,
        Failure::Archive(ArchiveError::Unsound(_))
    ));
    assert_eq!(world::with(|world| world.stores.len()), 2);
    assert_eq!((collection_count(), links_made().len()), (1, 1));
    // Without the wish nothing is read.
    with_former();
    run(&request("a:1")).unwrap();
    assert!(!has_called("keep.examine"));
}

#[test]
fn an_image_that_is_there_is_read_whole_on_demand() {
    engine_with_a();
    run(&request("a:1")).unwrap();
    let own = world::with(|world| world.collections[0].clone());
    let verified = || UploadRequest {
        verify: keep::Depth::Content,
        ..request("a:1")
    };
    assert_eq!(run(&verified()).unwrap().outcome, Outcome::Present);
    block_holds(&own, None);
    world::with(|world| world.heals = true);
    // The block is torn; it is sent again, into the collection that is there.
    let failure = run(&verified());
    assert_eq!(failure.unwrap().outcome, Outcome::Uploaded);
}

#[test]
fn an_id_fetches_the_image_that_has_it() {
    let fetch = |text: &str| {
        download::run(
            &crate::bindings::exports::keepdocker::contract::commands::DownloadRequest {
                image: text.into(),
                target: world_keep::Target::Given,
                named: true,
            },
        )
        .map(|downloaded| downloaded.image)
    };
    world::with(|world| {
        *world = World::new();
        let mut newest = stored('b', 2, USER);
        newest.created_at = "2030-01-01T00:00:00Z".into();
        world.collections = vec![stored('a', 1, USER), newest];
        world.links = vec![
            hash_link(&digest('a'), "zzzzz-4zz18-other0000000001", AT, None),
            hash_link(
                &digest('b'),
                "zzzzz-4zz18-other0000000002",
                "2030-01-01T00:00:00Z",
                None,
            ),
        ];
    });
    for text in [digest('a'), digest('a')[7..].into(), "a".repeat(12)] {
        assert_eq!(fetch(&text), Ok(digest('a')), "{text}");
    }
    for text in [digest('c'), digest('c')[7..].into(), "c".repeat(12)] {
        assert_eq!(fetch(&text), Err(Failure::NoSuchImage(text.clone())));
    }
    let other = format!("sha256:{}{}", "a".repeat(20), "b".repeat(44));
    world::with(|world| {
        let uuid = world.collections[0].uuid.clone();
        world.links.push(hash_link(&other, &uuid, AT, None));
    });
    let failure = fetch("aaaaaaaaaaaa").unwrap_err();
    assert!(matches!(failure, Failure::AmbiguousImage(_)), "{failure:?}");
    assert_eq!(fetch(&digest('a')), Ok(digest('a')));
}

#[test]
fn a_liar_keeps_nobody_from_an_image_that_others_have() {
    world::with(|world| {
        *world = World::new();
        world.engine = None;
    });
    let liar = claim('a', 1);
    claim('a', 2);
    world::with(|world| {
        let (first, second) = world.collections.split_at_mut(1);
        let renamed = first[0].manifest.take().unwrap();
        first[0].manifest = Some(renamed.replacen(&"a".repeat(32), &"d".repeat(32), 1));
        assert_ne!(first[0].manifest, second[0].manifest);
        world.contents = vec![("d".repeat(32), Some(archived('b', &[], "null")))];
    });
    let fetched = download::run(
        &crate::bindings::exports::keepdocker::contract::commands::DownloadRequest {
            image: digest('a'),
            target: world_keep::Target::Given,
            named: true,
        },
    )
    .unwrap();
    assert_ne!(fetched.collection, liar.uuid);
    assert_eq!(fetched.image, digest('a'));
}

#[test]
fn a_look_that_the_policy_withholds_is_done_without_where_the_data_can_be_sent() {
    let denied = || world_keep::Error::Denied("no keep.examine".into());
    engine_with_a();
    claim('a', 1);
    world::with(|world| world.examine_error = Some(denied()));
    was_sent(&run(&request("a:1")).unwrap());
    assert_eq!(warnings().len(), 1);

    // Where it cannot, the image is not said to be missing.
    for at in 0..2 {
        world::with(|world| {
            *world = World::new();
            world.engine = None;
        });
        claim('a', 1);
        claim('a', 2);
        let image = match at {
            0 => digest('a'),
            _ => {
                world::with(|world| {
                    let properties = &mut world.collections[0].properties;
                    properties.push(image::text_property(image::MANIFEST_DIGEST, &digest('e')));
                });
                digest('e')
            }
        };
        world::with(|world| world.examine_error = Some(denied()));
        let failure = download::run(
            &crate::bindings::exports::keepdocker::contract::commands::DownloadRequest {
                image: image.clone(),
                target: world_keep::Target::Given,
                named: true,
            },
        )
        .unwrap_err();
        assert_eq!(failure, Failure::Keep(denied()), "{image}");
    }
}
