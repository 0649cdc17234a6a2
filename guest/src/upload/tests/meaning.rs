//! Which image a name or an ID means.

use super::*;

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
fn what_only_the_cluster_has_cannot_be_sent_again() {
    for engine in [None, Some(Vec::new())] {
        engine_with_a();
        run(&request("a:1")).unwrap();
        let is_there = engine.is_some();
        world::with(|world| world.engine = engine);
        let failure = run(&UploadRequest {
            force: true,
            ..to_project("a:1")
        })
        .unwrap_err();
        match failure {
            Failure::Usage(text) => assert!(is_there && text.contains("`a:1`"), "{text}"),
            other => assert!(!is_there && matches!(other, Failure::Engine(_))),
        }
        assert_eq!((collection_count(), links_made().len()), (1, 2));
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
fn the_default_port_is_asked_for_and_left_out_as_engines_differ() {
    for kept in ["reg.example:443/a:1", "reg.example/a:1"] {
        for pull in [Pull::Never, Pull::Missing, Pull::Always] {
            engine_with_a();
            world::with(|world| {
                let images = world.engine.as_mut().unwrap();
                images[0].0.repo_tags = vec![kept.into()];
                if pull == Pull::Always {
                    let mut pulled = images.clone();
                    pulled[0].0.repo_tags.push("reg.example:443/a:1".into());
                    world.registry = pulled;
                }
            });
            let uploaded = run(&UploadRequest {
                pull,
                ..request("reg.example:443/a:1")
            });
            let name = uploaded.unwrap().name;
            assert_eq!(name.as_deref(), Some("reg.example/a:1"), "{kept} {pull:?}");
        }
    }
    engine_with_a();
    let absent = run(&request("reg.example:443/b"));
    assert!(matches!(absent, Err(Failure::NoSuchImage(_))));
    assert!(has_called("engine.find reg.example/b:latest"));
}

#[test]
fn an_engine_id_that_is_no_config_digest_is_noted_and_found_again() {
    world::with(|world| {
        *world = World::new();
        world.engine = Some(vec![(
            local(&digest('e'), &["a:1"]),
            archives::Image {
                manifest: Some(digest('e')),
                ..archived('a', &[], "null")
            },
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
    // Without the engine the archive itself has to show it.
    world::with(|world| world.engine = None);
    let absent = run(&to_project(&digest('e')));
    assert!(matches!(absent, Err(Failure::Engine(_))), "{absent:?}");
    world::with(|world| {
        let image = archives::Image {
            manifest: Some(digest('e')),
            ..archived('a', &[], "null")
        };
        let block = world::keep::locator(&image)[..32].to_owned();
        world.contents = vec![(block, Some(image))];
    });
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
