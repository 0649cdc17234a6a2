//! Runs that are cut short, and answers that are lost.

use super::*;

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
fn an_effect_that_comes_late_is_waited_for_and_not_repeated() {
    for questions in 0..3 {
        for at in 1..4 {
            engine_with_a();
            world::with(|world| world.faults = vec![(at, Fault::Late(questions))]);
            run(&request("a:1")).unwrap();
            assert_eq!(
                (collection_count(), links_made().len()),
                (1, 2),
                "{questions} {at}"
            );
            assert_eq!(warnings(), [""; 0], "{questions} {at}");
        }
    }
}

#[test]
fn a_twin_that_turns_up_in_the_end_is_told() {
    let (first, second) = ("zzzzz-4zz18-000000000000000", "zzzzz-4zz18-000000000000001");
    // The effect of the first request comes after it was repeated, whose answer may be lost too.
    for (faults, ours, twin) in [
        (vec![(1, Fault::Late(3))], second, first),
        (
            vec![(1, Fault::Late(3)), (2, Fault::Late(0))],
            first,
            second,
        ),
        (
            vec![(1, Fault::Late(3)), (2, Fault::LoseAnswer)],
            second,
            first,
        ),
    ] {
        engine_with_a();
        world::with(|world| world.faults = faults.clone());
        let uploaded = run(&request("a:1")).unwrap();
        assert_eq!(uploaded.collection, ours, "{faults:?}");
        let told = warnings();
        assert_eq!(told.len(), 1, "{faults:?}: {told:?}");
        for words in [
            format!("{ours}, which the image's names lead to"),
            format!("{twin}, which you can move to the trash"),
        ] {
            assert!(told[0].contains(&words), "{faults:?}: {told:?}");
        }
    }
}

#[test]
fn a_twin_of_a_copy_is_told_and_what_was_there_before_is_none() {
    engine_with_a();
    world::with(|world| {
        world.collections = vec![stored('a', 1, SOMEBODY)];
        world.links = vec![links::Link {
            owner: SOMEBODY.into(),
            ..hash_link(&digest('a'), "zzzzz-4zz18-other0000000001", AT, None)
        }];
        world.faults = vec![(0, Fault::Late(3))];
    });
    run(&request("a:1")).unwrap();
    let told = warnings();
    assert!(told.iter().any(|text| text.contains("twice")), "{told:?}");

    // The copies that forced uploads made are no twins.
    engine_with_a();
    run(&request("a:1")).unwrap();
    world::with(|world| world.faults = vec![(5, Fault::LoseRequest)]);
    run(&UploadRequest {
        force: true,
        ..request("a:1")
    })
    .unwrap();
    assert_eq!((collection_count(), warnings()), (2, Vec::new()));
}

#[test]
fn a_link_that_exists_twice_in_the_end_is_told() {
    engine_with_a();
    world::with(|world| world.faults = vec![(2, Fault::Late(3))]);
    run(&request("a:1")).unwrap();
    assert_eq!(links_made().len(), 3);
    let told = warnings();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains(&digest('a')) && told[0].contains("no harm"),
        "{told:?}"
    );
}
