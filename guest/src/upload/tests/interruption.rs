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
