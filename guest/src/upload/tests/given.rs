//! Archives that do not come from the engine: cached, given, streamed.

use super::*;

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
            give(
                vec![archived('a', &["x:1", "x:2", "<none>:<none>"], "null")],
                is_stream,
            );
            let uploaded = run(&given(asked)).unwrap();
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
        for is_stream in [false, true] {
            give(images(), is_stream);
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
}

#[test]
fn a_stream_is_taken_in_and_then_told_which_of_its_images_is_meant() {
    give(
        vec![
            archived('a', &["x:1"], "null"),
            archived('b', &["x:2"], "null"),
        ],
        true,
    );
    run(&UploadRequest {
        selection: Some("@1".into()),
        ..given(None)
    })
    .unwrap();
    let calls = calls();
    let calls: Vec<&str> = calls
        .iter()
        .filter(|call| call.starts_with("archive.images") || call.starts_with("keep.store"))
        .map(String::as_str)
        .collect();
    let chosen = format!("keep.store {}", digest('b'));
    assert_eq!(
        calls,
        [
            "archive.images @1",
            "keep.store none yet",
            "archive.images @1",
            &chosen
        ]
    );
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
fn an_upload_that_fails_registers_nothing() {
    engine_with_a();
    world::with(|world| world.faults = vec![(0, Fault::Fail)]);
    assert!(matches!(run(&request("a:1")), Err(Failure::Keep(_))));
    assert_eq!((collection_count(), links_made().len()), (0, 0));
}
