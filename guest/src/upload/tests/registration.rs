//! What an upload registers: collections, links, owners, names.

use super::*;

#[test]
fn a_fresh_image_gets_its_collection_and_both_links() {
    engine_with_a();
    let uploaded = run(&request("a:1")).unwrap();
    assert_eq!(uploaded.outcome, Outcome::Uploaded);
    assert_eq!(
        (uploaded.name.as_deref(), uploaded.size, uploaded.blocks),
        (Some("a:1"), 1000, 1)
    );
    assert_eq!(
        links_made(),
        ["hash sha256:aa user 000", "name a:1 user 000"]
    );
    world::with(|world| {
        let collection = &world.collections[0];
        assert_eq!(collection.name, "Docker image a:1 sha256:aaaaa");
        assert_eq!(
            image::text_of(&collection.properties, "docker-image-repo-tag").as_deref(),
            Some("a:1")
        );
        assert_eq!(
            image::text_of(&collection.properties, image::CONFIG_DIGEST),
            Some(digest('a'))
        );
        assert_eq!(
            manifest::only_file(collection.manifest.as_ref().unwrap()),
            Some((format!("{}.tar", digest('a')), 1000))
        );
        for link in &world.links {
            assert_eq!(
                image::text_of(&link.properties, "image_timestamp").as_deref(),
                Some("2024-05-06T07:08:09Z")
            );
        }
        assert!(world.locked.is_empty());
    });
    assert_eq!(warnings(), [""; 0]);
}

#[test]
fn links_of_an_image_that_tells_no_build_time_tell_none() {
    for created in ["null", "5", "{}"] {
        give(vec![archived('a', &["a:1"], created)], false);
        run(&given(None)).unwrap();
        world::with(|world| {
            assert_eq!(world.links.len(), 2);
            assert!(world.links.iter().all(|link| link.properties.is_empty()));
        });
    }
}

#[test]
fn a_second_run_writes_nothing_and_asks_little() {
    engine_with_a();
    let first = run(&request("a:1")).unwrap();
    calls();
    let second = run(&request("a:1")).unwrap();
    assert_eq!(
        (second.outcome, second.collection, second.size),
        (Outcome::Present, first.collection, 0)
    );
    assert_eq!(links_made().len(), 2);
    let lock = format!("lock {}", digest('a'));
    assert_eq!(
        calls(),
        [
            "engine.find a:1",
            "users.current",
            lock.as_str(),
            "links.list",
            "collections.list"
        ]
    );
}

#[test]
fn another_tag_needs_only_its_link() {
    engine_with_a();
    world::with(|world| {
        world.engine.as_mut().unwrap()[0]
            .0
            .repo_tags
            .push("a:2".into())
    });
    run(&request("a:1")).unwrap();
    let again = run(&request("a:2")).unwrap();
    assert_eq!(again.outcome, Outcome::Registered);
    assert_eq!(
        links_made(),
        [
            "hash sha256:aa user 000",
            "name a:1 user 000",
            "name a:2 user 000"
        ]
    );
}

#[test]
fn another_project_gets_a_copy_without_data() {
    engine_with_a();
    run(&request("a:1")).unwrap();
    let copy = run(&to_project("a:1")).unwrap();
    assert_eq!((copy.outcome, copy.sent), (Outcome::Registered, 0));
    assert_eq!(
        links_made(),
        [
            "hash sha256:aa project 001",
            "hash sha256:aa user 000",
            "name a:1 project 001",
            "name a:1 user 000"
        ]
    );
    world::with(|world| {
        assert_eq!(
            world.collections[0].portable_data_hash,
            world.collections[1].portable_data_hash
        );
        assert_eq!(world.links[2].properties, world.links[0].properties);
    });
    assert_eq!(run(&to_project("a:1")).unwrap().outcome, Outcome::Present);
}

#[test]
fn force_always_makes_a_new_collection_and_new_links() {
    engine_with_a();
    run(&request("a:1")).unwrap();
    let forced = UploadRequest {
        force: true,
        ..request("a:1")
    };
    assert_eq!(run(&forced).unwrap().outcome, Outcome::Uploaded);
    assert_eq!((collection_count(), links_made().len()), (2, 4));
}

#[test]
fn a_link_to_what_is_gone_or_is_no_image_counts_for_nothing() {
    let mut empty = stored('a', 1, USER);
    empty.manifest = Some(String::new());
    let mut wrong_name = stored('b', 1, USER);
    wrong_name.portable_data_hash = "x".into();
    let mut two_files = stored('a', 1, USER);
    two_files.manifest = two_files
        .manifest
        .map(|text| text.replace('\n', " 0:1:readme\n"));
    for (sort, hidden, collection) in [
        ("gone", true, stored('a', 1, USER)),
        ("empty", false, empty),
        ("other", false, wrong_name),
        ("two", false, two_files),
    ] {
        engine_with_a();
        world::with(|world| {
            let head = collection.uuid.clone();
            world.links = vec![
                hash_link(&digest('a'), &head, AT, None),
                repo_tag_link("a:1", &head, AT, None),
            ];
            if hidden {
                world.hidden.push(head);
            }
            world.collections.push(collection.clone());
        });
        let uploaded = run(&request("a:1")).unwrap();
        assert_eq!(uploaded.outcome, Outcome::Uploaded, "{sort}");
        assert_eq!(
            links_made()
                .iter()
                .filter(|link| link.ends_with(" 001"))
                .count()
                % 2,
            0,
            "{sort}"
        );
        assert!(
            world::with(|world| world
                .links
                .iter()
                .filter(|link| link.head == uploaded.collection)
                .count())
                == 2,
            "{sort}"
        );
    }
}

#[test]
fn a_dangling_link_of_the_owner_does_not_hide_a_missing_one() {
    engine_with_a();
    world::with(|world| {
        world.collections = vec![stored('a', 1, USER), stored('a', 2, USER)];
        world.hidden.push("zzzzz-4zz18-other0000000001".into());
        let foreign = links::Link {
            owner: SOMEBODY.into(),
            ..hash_link(&digest('a'), "zzzzz-4zz18-other0000000002", AT, None)
        };
        world.links = vec![
            hash_link(&digest('a'), "zzzzz-4zz18-other0000000001", AT, None),
            foreign,
        ];
    });
    let uploaded = run(&request(&digest('a'))).unwrap();
    assert_eq!(
        (uploaded.outcome, uploaded.collection.as_str()),
        (Outcome::Registered, "zzzzz-4zz18-other0000000002")
    );
    let own = world::with(|world| {
        world
            .links
            .iter()
            .filter(|link| link.head == uploaded.collection && link.owner == USER)
            .count()
    });
    assert_eq!(own, 1);
}

#[test]
fn among_more_than_a_hundred_copies_the_own_one_is_found() {
    engine_with_a();
    world::with(|world| {
        // In the middle, where it is among the first hundred from neither end.
        for number in 0..260 {
            let owner = if number == 130 { USER } else { SOMEBODY };
            let collection = stored('a', number, owner);
            world.links.push(links::Link {
                owner: owner.into(),
                ..hash_link(&digest('a'), &collection.uuid, AT, None)
            });
            world.collections.push(collection);
        }
    });
    let uploaded = run(&request(&digest('a'))).unwrap();
    assert_eq!(
        (uploaded.outcome, uploaded.collection.as_str()),
        (Outcome::Present, "zzzzz-4zz18-other0000000130")
    );
}

#[test]
fn a_later_build_that_still_wins_is_named() {
    engine_with_a();
    world::with(|world| {
        world.collections = vec![stored('b', 1, USER)];
        world.links = vec![repo_tag_link(
            "a:1",
            "zzzzz-4zz18-other0000000001",
            AT,
            Some("\"2026-06-01T00:00:00Z\""),
        )];
    });
    run(&request("a:1")).unwrap();
    assert_eq!(
        warnings(),
        [
            "a container request for `a:1` still gets zzzzz-4zz18-other0000000001 and not zzzzz-4zz18-000000000000001: the server prefers the later build, and that one was built 2026-06-01T00:00:00Z, this one 2024-05-06T07:08:09Z"
        ]
    );
}

#[test]
fn the_project_owns_what_is_created() {
    engine_with_a();
    run(&to_project("a:1")).unwrap();
    assert!(!has_called("users.current"));
    assert_eq!(
        links_made(),
        ["hash sha256:aa project 000", "name a:1 project 000"]
    );
    assert_eq!(
        world::with(|world| world.collections[0].owner.clone()),
        PROJECT
    );
}

#[test]
fn a_format_that_the_cluster_does_not_run_is_refused_unless_forced() {
    const UNSPECIFIED: &str = "server does not specify supported image formats (see docker_image_formats in server config).";
    const FORCED: &str = "forcing incompatible image";
    const MISMATCH: &str = "image format is 'v2' but server supports only ['v1']";
    let formats = |formats: &[&str]| {
        Some(
            formats
                .iter()
                .map(|format| (*format).to_owned())
                .collect::<Vec<_>>(),
        )
    };
    for (supported, is_forced, is_good, logged) in [
        (formats(&["v2"]), false, true, vec![]),
        (formats(&["v1", "v2"]), false, true, vec![]),
        (formats(&["v1"]), false, false, vec![]),
        (formats(&["v1"]), true, true, vec![MISMATCH, FORCED]),
        (None, false, false, vec![UNSPECIFIED]),
        (None, true, true, vec![UNSPECIFIED, FORCED]),
        (formats(&[]), false, true, vec![UNSPECIFIED]),
    ] {
        engine_with_a();
        world::with(|world| world.formats = supported.clone());
        let result = run(&UploadRequest {
            force_image_format: is_forced,
            ..request("a:1")
        });
        assert_eq!(result.is_ok(), is_good, "{supported:?}");
        assert_eq!(warnings(), logged, "{supported:?}");
        if !is_good {
            assert!(
                matches!(result, Err(Failure::UnsupportedFormat(mismatch)) if mismatch.format == "v2")
            );
            assert!(!has_called("lock"));
        }
    }
}
