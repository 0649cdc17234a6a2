use super::*;

use crate::bindings::exports::keepdocker::contract::commands::{BlockLayout, Form, Outcome, Pull};
use crate::bindings::keepdocker::contract::api;
use crate::capabilities::{collections, links};
use crate::manifest;
use crate::testing::world::{self, Fault, GivenArchive, World};
use crate::testing::{PROJECT, USER, hash_link, repo_tag_link};
use crate::types::Platform;

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
        project: None,
        name: None,
        pull: Pull::Never,
        force: false,
        force_image_format: false,
        form: Form::Canonical,
        block_layout: BlockLayout::Layered,
        replicas: None,
        storage_classes: Vec::new(),
        reuse: true,
        resume: true,
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
        uuid: format!("zzzzz-4zz18-other{number:010}"),
        owner: owner.into(),
        name: format!("other {number}"),
        portable_data_hash: manifest::portable_data_hash(&text),
        created_at: AT.into(),
        properties: Vec::new(),
        manifest: Some(text),
    }
}

const SOMEBODY: &str = "zzzzz-tpzed-somebody0000000";

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
fn an_absent_id_never_selects_another_image() {
    engine_with_a();
    run(&request("a:1")).unwrap();
    for text in [
        digest('f'),
        digest('f')[7..].into(),
        "ffffffffffff".into(),
        "s".into(),
        "sha256".into(),
        "sha".into(),
    ] {
        let failure = run(&to_project(&text)).unwrap_err();
        assert!(
            matches!(&failure, Failure::NoSuchImage(asked) if *asked == text),
            "{text}: {failure:?}"
        );
    }
    for text in ["sha256:f", "%", "sha256%", "sha256:%", "_"] {
        assert!(
            matches!(run(&to_project(text)), Err(Failure::Usage(_))),
            "{text}"
        );
    }
    assert_eq!((collection_count(), links_made().len()), (1, 2));
}

#[test]
fn an_ambiguous_id_is_refused_with_all_that_it_can_mean() {
    let images = [
        format!("sha256:{}{}", "a".repeat(20), "b".repeat(44)),
        digest('a'),
    ];
    world::with(|world| {
        *world = World::new();
        world.collections = vec![stored('a', 1, USER), stored('a', 2, USER)];
        world.links = vec![
            hash_link(&images[0], "zzzzz-4zz18-other0000000001", AT, None),
            hash_link(&images[1], "zzzzz-4zz18-other0000000002", AT, None),
        ];
    });
    let Err(Failure::AmbiguousImage(ambiguity)) = run(&request("aaaaaaaaaaaa")) else {
        panic!("not ambiguous");
    };
    assert_eq!(ambiguity.images.len(), 2);
    assert_eq!(run(&request(&digest('a'))).unwrap().image, digest('a'));
}

#[test]
fn an_id_or_its_beginning_uploads_without_a_name() {
    for text in [digest('a'), digest('a')[7..].into(), "aaaaaaaaaaaa".into()] {
        engine_with_a();
        let uploaded = run(&request(&text)).unwrap();
        assert_eq!(
            (uploaded.name, links_made()),
            (None, vec!["hash sha256:aa user 000".into()]),
            "{text}"
        );
        world::with(|world| {
            assert_eq!(world.collections[0].name, "Docker image sha256:aaaaa");
            let properties = &world.collections[0].properties;
            assert!(properties.iter().all(|known| known.key != image::REPO_TAG));
        });
    }
}

#[test]
fn digits_that_the_engine_knows_as_a_name_are_a_name() {
    world::with(|world| {
        *world = World::new();
        world.engine = Some(vec![(
            local(&digest('a'), &["deadbeefcafe:latest"]),
            archived('a', &[], "null"),
        )]);
    });
    assert_eq!(
        run(&request("deadbeefcafe")).unwrap().name.as_deref(),
        Some("deadbeefcafe:latest")
    );
}

#[test]
fn a_repository_that_begins_like_an_id_keeps_its_name_link() {
    for name in ["s", "sha", "sha256"] {
        world::with(|world| {
            *world = World::new();
            world.engine = Some(vec![(
                local(&digest('a'), &[&format!("{name}:latest")]),
                archived('a', &[], "null"),
            )]);
        });
        assert_eq!(
            run(&request(name)).unwrap().name,
            Some(format!("{name}:latest"))
        );
        assert_eq!(links_made().len(), 2);
    }
}

#[test]
fn without_an_engine_or_the_image_the_cluster_has_to_do() {
    for engine in [None, Some(Vec::new())] {
        engine_with_a();
        run(&request("a:1")).unwrap();
        world::with(|world| world.engine = engine);
        for text in ["a:1".to_owned(), digest('a'), "aaaaaaaaaaaa".into()] {
            assert_eq!(
                run(&request(&text)).unwrap().outcome,
                Outcome::Present,
                "{text}"
            );
        }
        assert_eq!(
            run(&to_project("a:1")).unwrap().outcome,
            Outcome::Registered
        );
    }
}

#[test]
fn without_an_engine_an_image_that_is_nowhere_is_the_engines_failure() {
    world::with(|world| *world = World::new());
    assert!(matches!(run(&request("a:1")), Err(Failure::NoSuchImage(_))));
    world::with(|world| world.engine = None);
    assert!(matches!(run(&request("a:1")), Err(Failure::Engine(_))));
}

#[test]
fn an_id_that_no_link_tells_is_read_from_the_file() {
    for owner in [SOMEBODY, USER] {
        world::with(|world| {
            *world = World::new();
            world.collections = vec![stored('a', 1, owner)];
            world.links = vec![repo_tag_link(
                "a:1",
                "zzzzz-4zz18-other0000000001",
                AT,
                None,
            )];
        });
        let uploaded = run(&request("a:1")).unwrap();
        assert_eq!(
            (uploaded.image, uploaded.outcome),
            (digest('a'), Outcome::Registered)
        );
        assert!(
            links_made()
                .iter()
                .any(|link| link.starts_with("hash sha256:aa user"))
        );
        assert!(!has_called("archive.open"));
    }
}

#[test]
fn pulling_follows_the_policy_with_the_whole_reference() {
    for (pull, has_it, pulls) in [
        (Pull::Never, true, false),
        (Pull::Missing, true, false),
        (Pull::Missing, false, true),
        (Pull::Always, true, true),
        (Pull::Always, false, true),
    ] {
        engine_with_a();
        world::with(|world| {
            world.registry = world.engine.clone().unwrap();
            if !has_it {
                world.engine = Some(vec![(
                    local(&digest('b'), &["a:latest"]),
                    archived('b', &[], "null"),
                )]);
            }
        });
        let uploaded = run(&UploadRequest {
            pull,
            ..request("a:1")
        })
        .unwrap();
        assert_eq!(uploaded.image, digest('a'));
        assert_eq!(has_called("engine.pull a:1"), pulls, "{pull:?} {has_it}");
    }
    engine_with_a();
    assert!(matches!(
        run(&UploadRequest {
            pull: Pull::Always,
            ..request("b:1")
        }),
        Err(Failure::Engine(_))
    ));
    assert!(matches!(
        run(&UploadRequest {
            pull: Pull::Always,
            ..request(&digest('a'))
        }),
        Err(Failure::Usage(_))
    ));
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
        for number in 0..160 {
            let owner = if number == 3 { USER } else { SOMEBODY };
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
        (Outcome::Present, "zzzzz-4zz18-other0000000003")
    );
}

/// Runs with a fault, then without, and returns what both gave.
fn interrupted(
    request: &UploadRequest,
    at: usize,
    fault: Fault,
) -> (Result<Uploaded, Failure>, Uploaded) {
    world::with(|world| world.faults = vec![(at, fault)]);
    let first = run(request);
    world::with(|world| world.faults.clear());
    (first, run(request).unwrap())
}

#[test]
fn a_run_cut_short_at_any_write_is_completed_by_the_next() {
    for at in 0..4 {
        engine_with_a();
        let (first, second) = interrupted(&request("a:1"), at, Fault::Fail);
        assert!(first.is_err(), "write {at}");
        assert_eq!(
            (collection_count(), links_made().len()),
            (1, 2),
            "write {at}"
        );
        assert_eq!(second.outcome == Outcome::Uploaded, at < 2, "write {at}");
        let built = world::with(|world| {
            world
                .links
                .iter()
                .map(|link| image::text_of(&link.properties, "image_timestamp"))
                .collect::<Vec<_>>()
        });
        assert_eq!(
            built,
            vec![Some("2024-05-06T07:08:09Z".to_owned()); 2],
            "write {at}"
        );
    }
}

#[test]
fn a_copy_cut_short_at_any_write_is_completed_by_the_next() {
    for at in 0..3 {
        engine_with_a();
        world::with(|world| {
            world.collections = vec![stored('a', 1, SOMEBODY)];
            world.links = vec![links::Link {
                owner: SOMEBODY.into(),
                ..hash_link(&digest('a'), "zzzzz-4zz18-other0000000001", AT, None)
            }];
        });
        let (first, _) = interrupted(&request("a:1"), at, Fault::Fail);
        assert!(first.is_err(), "write {at}");
        assert_eq!(
            (collection_count(), links_made().len()),
            (2, 3),
            "write {at}"
        );
        assert!(!has_called("keep.store"));
    }
}

#[test]
fn a_lost_answer_makes_no_duplicate() {
    for fault in [Fault::LoseAnswer, Fault::LoseRequest] {
        for force in [false, true] {
            for at in 1..4 {
                engine_with_a();
                world::with(|world| world.faults = vec![(at, fault)]);
                run(&UploadRequest {
                    force,
                    ..request("a:1")
                })
                .unwrap();
                assert_eq!(
                    (collection_count(), links_made().len()),
                    (1, 2),
                    "{fault:?} {force} {at}"
                );
            }
        }
    }
}

#[test]
fn a_lost_answer_of_a_forced_upload_is_told_from_what_was_there() {
    engine_with_a();
    run(&request("a:1")).unwrap();
    world::with(|world| world.faults = vec![(5, Fault::LoseAnswer)]);
    let forced = run(&UploadRequest {
        force: true,
        ..request("a:1")
    })
    .unwrap();
    assert_eq!(
        (collection_count(), forced.collection.as_str()),
        (2, "zzzzz-4zz18-000000000000001")
    );
}

#[test]
fn answers_that_keep_getting_lost_end_in_an_error() {
    engine_with_a();
    world::with(|world| world.faults = (1..10).map(|at| (at, Fault::LoseRequest)).collect());
    assert!(matches!(
        run(&request("a:1")),
        Err(Failure::Api(api::Error::Uncertain(_)))
    ));
    assert_eq!(collection_count(), 0);
}

#[test]
fn an_engine_id_that_is_no_config_digest_is_noted_and_found_again() {
    world::with(|world| {
        *world = World::new();
        world.engine = Some(vec![(
            local(&digest('e'), &["a:1"]),
            archived('a', &[], "null"),
        )]);
    });
    let uploaded = run(&request("a:1")).unwrap();
    assert_eq!(uploaded.image, digest('a'));
    assert_eq!(
        links_made(),
        ["hash sha256:aa user 000", "name a:1 user 000"]
    );
    calls();
    for text in ["a:1".to_owned(), digest('e')] {
        let again = run(&request(&text)).unwrap();
        assert_eq!(
            (again.outcome, again.image),
            (Outcome::Present, digest('a')),
            "{text}"
        );
    }
    assert!(!has_called("keep.store"));
    world::with(|world| world.engine = None);
    assert_eq!(run(&to_project(&digest('e'))).unwrap().image, digest('a'));
}

#[test]
fn an_engine_that_leaves_out_the_algorithm_is_understood() {
    world::with(|world| {
        *world = World::new();
        world.engine = Some(vec![(
            local(&digest('a')[7..], &["a:1"]),
            archived('a', &[], "null"),
        )]);
    });
    assert_eq!(run(&request("a:1")).unwrap().image, digest('a'));
}

#[test]
fn a_complete_cached_archive_is_used_and_removed_and_a_broken_one_saved_again() {
    for (cached, asks_engine) in [(Some(archived('a', &[], "null")), false), (None, true)] {
        engine_with_a();
        world::with(|world| world.cache = vec![(digest('a'), cached)]);
        assert_eq!(run(&request("a:1")).unwrap().outcome, Outcome::Uploaded);
        assert_eq!(has_called("archive.open Source::Engine"), asks_engine);
        assert_eq!(warnings().len(), usize::from(asks_engine));
        assert!(world::with(|world| world.cache.is_empty()));
    }
}

#[test]
fn a_cached_archive_outlives_a_failed_run() {
    engine_with_a();
    world::with(|world| {
        world.cache = vec![(digest('a'), Some(archived('a', &[], "null")))];
        world.faults = vec![(2, Fault::Fail)];
    });
    assert!(run(&request("a:1")).is_err());
    assert_eq!(world::with(|world| world.cache.len()), 1);
}

#[test]
fn a_given_archive_is_registered_by_its_own_names_or_the_one_asked_for() {
    for (asked, names) in [
        (None, vec!["x:1", "x:2"]),
        (Some("y:9"), vec!["y:9"]),
        (Some("aaaaaaaaaaaa"), vec![]),
    ] {
        for is_stream in [false, true] {
            // A stream can be selected from only by a whole ID.
            let asked = match asked {
                Some("aaaaaaaaaaaa") if is_stream => Some(digest('a')),
                asked => asked.map(Into::into),
            };
            give(
                vec![archived('a', &["x:1", "x:2", "<none>:<none>"], "null")],
                is_stream,
            );
            let uploaded = run(&given(asked.as_deref())).unwrap();
            assert_eq!(uploaded.name.as_deref(), names.first().copied());
            let registered = world::with(|world| {
                world
                    .links
                    .iter()
                    .filter(|link| link.class == links::Class::RepoTag)
                    .map(|link| link.name.clone())
                    .collect::<Vec<_>>()
            });
            assert_eq!(registered, names);
        }
    }
}

#[test]
fn one_of_several_images_is_chosen_by_selection_or_by_name() {
    let images = || {
        vec![
            archived('a', &["x:1"], "null"),
            archived('b', &["x:2"], "null"),
        ]
    };
    for (asked, selection, expected) in [
        (Some("x:2"), None, Some('b')),
        (Some("y:1"), Some("x:1"), Some('a')),
        (None, Some("bbbbbbbbbbbb"), Some('b')),
        (Some(digest('b').as_str()), None, Some('b')),
        (None, None, None),
        (Some("y:1"), None, None),
        (None, Some("x:3"), None),
    ] {
        give(images(), false);
        let result = run(&UploadRequest {
            selection: selection.map(Into::into),
            ..given(asked)
        });
        match (result, expected) {
            (Ok(uploaded), Some(letter)) => assert_eq!(uploaded.image, digest(letter)),
            (
                Err(Failure::Archive(
                    ArchiveError::Ambiguous(held) | ArchiveError::NoSuchImage(held),
                )),
                None,
            ) => {
                assert!(
                    held.contains("x:1") && held.contains(&digest('b')),
                    "{held}"
                );
            }
            (result, _) => panic!("{asked:?} {selection:?}: {result:?}"),
        }
    }
}

#[test]
fn a_stream_that_turns_out_to_be_there_already_is_not_registered_twice() {
    give(vec![archived('a', &["x:1"], "null")], true);
    run(&given(None)).unwrap();
    let again = run(&given(None)).unwrap();
    assert_eq!(again.outcome, Outcome::Present);
    assert_eq!((collection_count(), links_made().len()), (1, 2));
}

#[test]
fn a_bad_archive_registers_nothing() {
    engine_with_a();
    world::with(|world| world.faults = vec![(0, Fault::Fail)]);
    assert!(matches!(run(&request("a:1")), Err(Failure::Keep(_))));
    assert_eq!((collection_count(), links_made().len()), (0, 0));
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
fn a_name_that_the_cluster_would_refuse_is_refused_before_any_work() {
    engine_with_a();
    let named = |name: &str| UploadRequest {
        name: Some(name.into()),
        ..request("a:1")
    };
    assert!(matches!(run(&named("a/b")), Err(Failure::Usage(_))));
    assert_eq!(calls(), [""; 0]);
    run(&named("mine")).unwrap();
    assert_eq!(
        world::with(|world| world.collections[0].name.clone()),
        "mine"
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
