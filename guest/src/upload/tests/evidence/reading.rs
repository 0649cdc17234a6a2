//! What is read of an archive before it is used, and by whom.

use super::*;

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
