//! Replays what a real cluster was asked and compares the answers.
//!
//! The transcripts are not part of this repository. They are looked for in the folder named by
//! `KEEPDOCKER_SHARED`, else in `shared` beside the workspace. Where there are none the test is
//! skipped, unless `KEEPDOCKER_TESTS=all` demands that every test runs.
//!
//! Each transcript must match or stand in `conformance-exceptions.tsv` with a reason; one that
//! stands there and matches fails the test too, so that the list can only shrink.
//! `conformance-missing.json` holds the records that requests absent from the recording made, as
//! far as later transcripts show them.

#![expect(
    clippy::print_stdout,
    reason = "the result is for whoever runs the test"
)]
#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "conformance/client.rs"]
mod client;
#[path = "conformance/compare.rs"]
mod compare;
#[path = "conformance/renewal.rs"]
mod renewal;
#[path = "../../../tests/it/support/skip.rs"]
mod skip;
#[path = "conformance/transcript.rs"]
mod transcript;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use keepdocker_sandbox::{Options, Sandbox, ServiceKind};
use serde_json::Value;

use renewal::Renewal;
use skip::skip;
use transcript::Transcript;

/// The ports of the recorded Keep services, in the order in which the sandbox runs them.
const KEEP: [(&str, ServiceKind); 3] = [
    ("http://127.0.0.1:18026", ServiceKind::Disk),
    ("http://127.0.0.1:18025", ServiceKind::Proxy),
    ("http://127.0.0.1:18027", ServiceKind::Disk),
];

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

/// Starts a sandbox like the recorded cluster, with its fixtures.
async fn recorded_cluster(golden: &Path, dir: &Path, options: Options) -> Sandbox {
    let options = Options {
        cluster_id: "zzzzz".to_owned(),
        docker_image_formats: vec!["v1".to_owned(), "v2".to_owned()],
        blob_signing_key: Some(renewal::KEY.to_owned()),
        keep_services: KEEP.map(|(_, kind)| kind).to_vec(),
        is_keep_encrypted: false,
        management_token: Some("e687950a23c3a9bceec28c6223a06c79".to_owned()),
        ..options
    };
    let sandbox = Sandbox::start(dir, options).await.unwrap();
    let (seed, fixtures) = (sandbox.seed(), golden.join("fixtures"));
    tokio::task::spawn_blocking(move || seed.fixtures(&fixtures))
        .await
        .unwrap()
        .unwrap();
    sandbox
}

/// Reads `name <TAB> reason` lines.
fn exceptions() -> BTreeMap<String, String> {
    include_str!("conformance-exceptions.tsv")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let (name, reason) = line.split_once('\t').expect("a name, a tab and a reason");
            assert!(reason.len() > 10, "{name}: no reason is given");
            (name.to_owned(), reason.to_owned())
        })
        .collect()
}

/// Adds the records that absent requests made before this transcript.
async fn fill_in(sandbox: &Sandbox, missing: &[Value], name: &str) {
    for entry in missing.iter().filter(|entry| entry["before"] == name) {
        let now = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now());
        let later = now + chrono::Duration::days(14);
        let form = "%Y-%m-%dT%H:%M:%S%.6fZ";
        let text = entry["record"]
            .to_string()
            .replace("@now", &now.format(form).to_string())
            .replace("@later", &later.format(form).to_string());
        let record: Value = serde_json::from_str(&text).unwrap();
        let seed = sandbox.seed();
        let is_link = entry["table"] == "links";
        let add = move || {
            if is_link {
                seed.links(&[record])
            } else {
                seed.collections(&[record])
            }
        };
        tokio::task::spawn_blocking(add).await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transcript_matches_or_has_a_reason() {
    let Some(golden) = golden() else {
        return skip("the transcripts recorded from a real cluster (KEEPDOCKER_SHARED)");
    };
    let dir = tempfile::tempdir().unwrap();
    let sandbox = recorded_cluster(&golden, dir.path(), Options::default()).await;
    let missing: Vec<Value> =
        serde_json::from_str(include_str!("conformance-missing.json")).unwrap();
    let exceptions = exceptions();
    let transcripts = Transcript::read_all(&golden);
    let mut renewal = Renewal::default();
    for transcript in &transcripts {
        if let Some(authorization) = transcript.authorization() {
            renewal.add_token(authorization);
        }
    }
    let (mut matching, mut failures, mut needless) = (0, Vec::new(), Vec::new());
    for transcript in &transcripts {
        fill_in(&sandbox, &missing, &transcript.name).await;
        sandbox.seed().plan_uuids(&transcript.created_uuids());
        let answer = transcript.replay(&sandbox, &renewal, &KEEP).await;
        let differences = transcript.compare(&answer, &mut renewal);
        let is_exception = exceptions.contains_key(&transcript.name);
        match (differences.is_empty(), is_exception) {
            (true, true) => needless.push(transcript.name.clone()),
            (true, false) => matching += 1,
            (false, true) => {}
            (false, false) => failures.push(format!(
                "{}:\n    {}",
                transcript.name,
                differences
                    .iter()
                    .take(6)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join("\n    ")
            )),
        }
    }
    let total = transcripts.len();
    let percentage = f64::from(matching) * 100.0 / f64::from(u32::try_from(total).unwrap());
    println!("conformance: {matching} of {total} transcripts match, {percentage:.1} %");
    let unknown: Vec<&String> = exceptions
        .keys()
        .filter(|name| {
            !transcripts
                .iter()
                .any(|transcript| transcript.name == **name)
        })
        .collect();
    assert!(
        unknown.is_empty(),
        "exceptions for unknown transcripts: {unknown:?}"
    );
    assert!(
        needless.is_empty(),
        "these match and need no exception: {needless:?}"
    );
    assert!(
        failures.is_empty(),
        "{} transcripts differ without an exception:\n{}",
        failures.len(),
        failures.join("\n")
    );
    sandbox.shutdown().await;
    pages_are_cut_as_recorded(&golden, dir.path()).await;
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
