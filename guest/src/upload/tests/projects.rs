//! Projects that cannot take the image, which shows before its data is sent.

use super::*;

use crate::bindings::exports::keepdocker::contract::commands::{ProjectFault, UnusableProject};
use crate::capabilities::projects::Project;

fn project(uuid: &str, group_class: Option<&str>, writable: bool) -> Project {
    Project {
        uuid: uuid.into(),
        name: "theirs".into(),
        group_class: group_class.map(Into::into),
        writable,
    }
}

/// Runs an upload to the project from each kind of source.
fn runs(uuid: &str, projects: &[Project]) -> Vec<Result<Uploaded, Failure>> {
    let sources = ["engine", "file", "stream"];
    let run_from = |source: &&str| {
        if *source == "engine" {
            engine_with_a();
        } else {
            give(vec![archived('a', &["a:1"], "null")], *source == "stream");
        }
        world::with(|world| world.projects = projects.to_vec());
        let asked = if *source == "engine" {
            request("a:1")
        } else {
            given(None)
        };
        let result = run(&UploadRequest {
            project: Some(uuid.into()),
            ..asked
        });
        if result.is_err() {
            for call in ["keep.store", "archive.open Source::Engine", "collections.c"] {
                assert!(!has_called(call), "{source}: {call}");
            }
            assert_eq!(links_made(), [""; 0], "{source}");
        }
        result
    };
    sources.iter().map(run_from).collect()
}

#[test]
fn what_cannot_take_the_image_is_told_before_its_data_is_sent() {
    let text = String::from;
    for (projects, reason) in [
        (vec![], ProjectFault::Absent(text("404"))),
        (
            vec![project(PROJECT, Some("project"), false)],
            ProjectFault::ReadOnly(text("theirs")),
        ),
        (
            vec![project(PROJECT, Some("role"), true)],
            ProjectFault::NoProject(text("role")),
        ),
        (
            vec![project(PROJECT, Some("filter"), false)],
            ProjectFault::NoProject(text("filter")),
        ),
    ] {
        let unusable = Failure::UnusableProject(UnusableProject {
            project: PROJECT.into(),
            reason,
        });
        for result in runs(PROJECT, &projects) {
            assert_eq!(result.unwrap_err(), unusable);
        }
    }
}

#[test]
fn a_home_project_is_a_project_too() {
    for result in runs(USER, &[project(USER, None, true)]) {
        assert_eq!(result.unwrap().outcome, Outcome::Uploaded);
    }
    for result in runs(SOMEBODY, &[project(SOMEBODY, None, false)]) {
        assert!(matches!(result, Err(Failure::UnusableProject(_))));
    }
}

#[test]
fn what_is_no_uuid_of_a_project_is_wrong_and_nobody_is_asked() {
    for uuid in [
        "nonsense",
        "zzzzz-4zz18-000000000000000",
        "zzzzz-j7d0g-00000000000000",
        "zzzzz-j7d0g-000000000000000/../x",
    ] {
        for result in runs(uuid, &[project(uuid, None, true)]) {
            assert!(matches!(&result, Err(Failure::Usage(text)) if text.contains(uuid)));
            assert!(!has_called("projects.get"));
        }
    }
}

#[test]
fn who_may_not_ask_may_write_all_the_same_and_other_failures_end_the_upload() {
    use api::Error;
    for (error, goes_on) in [
        (Error::Denied("no".into()), true),
        (Error::Forbidden("no".into()), true),
        (Error::Unauthorized("no".into()), false),
        (Error::Unreachable("no".into()), false),
        (Error::Rejected("no".into()), false),
    ] {
        engine_with_a();
        world::with(|world| world.project_error = Some(error.clone()));
        match run(&to_project("a:1")) {
            Ok(uploaded) if goes_on => assert_eq!(uploaded.outcome, Outcome::Uploaded),
            Err(failure) if !goes_on => {
                assert_eq!(failure, Failure::Api(error));
                assert!(!has_called("keep.store"));
            }
            other => panic!("{error:?}: {other:?}"),
        }
        assert_eq!(warnings(), [""; 0]);
    }
}

#[test]
fn what_sends_no_data_asks_about_no_project() {
    let read_only = || vec![project(PROJECT, Some("project"), false)];
    engine_with_a();
    let first = run(&to_project("a:1")).unwrap();
    assert!(has_called("projects.get"));
    world::with(|world| world.projects = read_only());
    calls();
    let second = run(&to_project("a:1")).unwrap();
    assert_eq!(
        (second.outcome, second.collection),
        (Outcome::Present, first.collection)
    );
    assert!(!has_called("projects.get"));
    // The home project, and the copy that another project gets of a collection.
    engine_with_a();
    run(&request("a:1")).unwrap();
    assert_eq!(
        run(&to_project("a:1")).unwrap().outcome,
        Outcome::Registered
    );
    assert!(!has_called("projects.get"));
}
