//! Replays what a real cluster was asked and compares the answers.
//!
//! The transcripts are not part of this repository. They are looked for in the folder named by
//! `KEEPDOCKER_SHARED`, else in `shared` beside the workspace. Where there are none the test is
//! skipped, unless `KEEPDOCKER_TESTS=all` demands that every test runs.
//!
//! There are two sets, each with its own fixtures and settings: `controller`, what uploads and
//! downloads ask, and `verbs`, what further commands will ask. Each transcript must match or stand
//! in the `…-exceptions.tsv` of its set with a reason; one that stands there and matches fails the
//! test too, so that the list can only shrink. The `…-missing.json` of a set holds what requests
//! absent from the recording did, as far as later transcripts show it.

#![expect(
    clippy::print_stdout,
    reason = "the result is for whoever runs the test"
)]
#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod compare;
mod images;
mod renewal;
mod suite;
mod transcript;

use std::path::{Path, PathBuf};

use keepdocker_bare_client as client;
use keepdocker_sandbox::{Options, Sandbox};
use serde_json::Value;

use keepdocker_skip::skip;
use suite::Suite;

/// Finds the recorded transcripts.
fn golden() -> Option<PathBuf> {
    let shared = match std::env::var_os("KEEPDOCKER_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let golden = shared.join("golden");
    golden
        .join("controller/INDEX.tsv")
        .exists()
        .then_some(golden)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transcript_matches_or_has_a_reason() {
    let Some(golden) = golden() else {
        return skip("the transcripts recorded from a real cluster (KEEPDOCKER_SHARED)");
    };
    let dir = tempfile::tempdir().unwrap();
    let suite = controller(&golden);
    suite.replay(dir.path()).await;
    pages_are_cut_as_recorded(&golden, dir.path()).await;
}

/// What uploads and downloads ask.
fn controller(golden: &Path) -> Suite {
    Suite {
        name: "controller",
        golden: golden.to_owned(),
        options: Options {
            docker_image_formats: vec!["v1".to_owned(), "v2".to_owned()],
            ..Options::default()
        },
        least: 99.0,
        exceptions: include_str!("controller-exceptions.tsv"),
        missing: include_str!("controller-missing.json"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_get_the_image_that_the_service_finds() {
    let Some(golden) = golden() else {
        return skip("the terms that a real cluster was asked for (KEEPDOCKER_SHARED)");
    };
    let dir = tempfile::tempdir().unwrap();
    images::are_found_as_recorded(&controller(&golden), dir.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transcript_of_the_verbs_matches_or_has_a_reason() {
    let Some(golden) = golden()
        .map(|golden| golden.join("verbs"))
        .filter(|verbs| verbs.exists())
    else {
        return skip("the transcripts recorded for the verbs to come (KEEPDOCKER_SHARED)");
    };
    let dir = tempfile::tempdir().unwrap();
    let suite = Suite {
        name: "verbs",
        golden,
        options: Options {
            storage_classes: vec!["default".to_owned(), "archive".to_owned()],
            volume_classes: vec![
                vec!["default".to_owned(), "archive".to_owned()],
                vec!["default".to_owned()],
            ],
            ..Options::default()
        },
        least: 95.0,
        exceptions: include_str!("verbs-exceptions.tsv"),
        missing: include_str!("verbs-missing.json"),
    };
    suite.replay(dir.path()).await;
}

/// Lists with a small limit on the bytes read, on the records that the replay left behind.
async fn pages_are_cut_as_recorded(golden: &Path, dir: &Path) {
    let text = std::fs::read(golden.join("MaxIndexDatabaseRead.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&text).unwrap();
    for case in cases {
        let options = Options {
            max_index_database_read: case["MaxIndexDatabaseRead"].as_u64().unwrap(),
            ..Options::default()
        };
        let sandbox = Sandbox::start(dir, options).await.unwrap();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in case["params"].as_object().unwrap() {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            form.append_pair(name, &text);
        }
        let target = format!("/arvados/v1/collections?{}", form.finish());
        let admin = "Bearer 4axaw8zxe0qm22wa6urpp5nskcne8z88cvbupv653y1njyi05h".to_owned();
        let headers = [("Authorization".to_owned(), admin)];
        let ca = sandbox.ca_certificate();
        let answer = client::send(
            &sandbox.api_host(),
            Some(&ca),
            "GET",
            &target,
            &headers,
            b"",
        )
        .await;
        let list: Value = serde_json::from_slice(&answer.body).unwrap();
        let items = list["items"].as_array().unwrap().len();
        assert_eq!(answer.status, 200, "{case}");
        assert_eq!(list["limit"].as_u64(), u64::try_from(items).ok(), "{case}");
        if case["params"].get("select").is_some() {
            assert_eq!(list["limit"], case["limit"], "{case}");
        } else {
            // Which columns count beside the manifest is not recorded; that they do is.
            let is_cut = |list: &Value| list["limit"].as_u64() < Some(100);
            let is_tight = case["MaxIndexDatabaseRead"].as_u64() < Some(1000);
            assert!(
                !is_tight || is_cut(&list) == is_cut(&case),
                "{case}: {}",
                list["limit"]
            );
        }
        sandbox.shutdown().await;
    }
}
