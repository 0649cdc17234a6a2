//! The judge finds what it is there to find.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

const HASH: &str = "0123456789abcdef0123456789abcdef";

/// A collection of an image with its two links, and its block.
fn image() -> (Vec<Value>, Vec<Value>, BTreeSet<String>) {
    let collection = json!({
        "uuid": "kdbox-4zz18-000000000000001", "current_version_uuid": "kdbox-4zz18-000000000000001",
        "owner_uuid": "U", "trash_at": null,
        "portable_data_hash": "pdh", "properties": {},
        "manifest_text": format!(". {HASH}+9 0:9:sha256:abc.tar\n"),
    });
    let link = |class: &str, name: &str| json!({"link_class": class, "name": name, "owner_uuid": "U", "head_uuid": collection["uuid"]});
    let links = vec![
        link("docker_image_hash", "sha256:abc"),
        link("docker_image_repo+tag", "lab/tool:1"),
    ];
    (vec![collection], links, BTreeSet::from([HASH.to_owned()]))
}

fn registered() -> Registered {
    let (collections, links, blocks) = image();
    Registered::from(&collections, &links, &blocks)
}

/// Judges an upload that met status 503, ended as it should, and was then changed.
fn verdict(change: impl FnOnce(&mut Trial<'_>)) -> Vec<String> {
    let (before, done) = (Registered::default(), registered());
    let clean = End {
        code: Some(0),
        printed: "UUID\n".into(),
        ..End::default()
    };
    let mut trial = Trial {
        verb: Verb::Upload,
        fault: Fault::Status(503),
        hosts: &[],
        secret: "s3cret",
        before: &before,
        done: &done,
        clean: &clean,
        end: End {
            code: Some(1),
            told: "error: the cluster answered with status 503\n".into(),
            ..End::default()
        },
        left: Vec::new(),
        after: Registered::default(),
        again: clean.clone(),
        last: registered(),
    };
    change(&mut trial);
    judge(&trial)
}

#[track_caller]
fn assert_found(words: &str, change: impl FnOnce(&mut Trial<'_>)) {
    let found = verdict(change);
    assert!(
        found.iter().any(|found| found.contains(words)),
        "{words}: {found:?}"
    );
}

#[test]
fn a_failure_that_is_told_and_completed_is_survived() {
    assert_eq!(verdict(|_| ()), Vec::<String>::new());
    // And one that the run got over.
    let survived = verdict(|trial| {
        trial.end = trial.clean.clone();
        trial.after = registered();
    });
    assert_eq!(survived, Vec::<String>::new());
}

#[test]
fn an_undocumented_code_a_missing_cause_and_a_leak_are_found() {
    assert_found("exit Some(101)", |trial| trial.end.code = Some(101));
    assert_found("exit None", |trial| trial.end.code = None);
    assert_found("exit Some(10)", |trial| trial.end.code = Some(10));
    assert_found("is named", |trial| {
        trial.end.told = "error: failed\n".into()
    });
    assert_found("the token", |trial| trial.end.told += "Bearer s3cret");
    assert_found("panicked", |trial| trial.end.told += "thread panicked at");
    assert_found("too long", |trial| trial.end.told += &"line\n".repeat(30));
    assert_found("printed", |trial| trial.end.printed = "UUID\n".into());
    assert_found("left behind: cache/x.part", |trial| {
        trial.left.push("cache/x.part".into());
    });
}

#[test]
fn half_an_image_is_found() {
    for (missing, words) in [
        ("hash link", "no link has its ID"),
        ("file", "it has no file"),
        ("block", "is not in Keep"),
    ] {
        assert_found(words, |trial| {
            let (mut collections, mut links, mut blocks) = image();
            match missing {
                "hash link" => drop(links.remove(0)),
                "file" => links[0]["name"] = json!("sha256:def"),
                _ => blocks.clear(),
            }
            collections[0]["properties"] = json!({});
            trial.after = Registered::from(&collections, &links, &blocks);
        });
    }
    assert_found("neither as before nor complete", |trial| {
        let (collections, mut links, blocks) = image();
        links[1]["name"] = json!("lab/tool:other");
        trial.after = Registered::from(&collections, &links, &blocks);
    });
    // A name that leads to the trash is no image, so nothing was done although the run says so.
    assert_found("the cluster has", |trial| {
        let (mut collections, links, blocks) = image();
        collections[0]["trash_at"] = json!("2026-01-01T00:00:00Z");
        trial.end = trial.clean.clone();
        trial.after = Registered::from(&collections, &links, &blocks);
    });
}

#[test]
fn a_rerun_that_does_not_complete_it_is_found() {
    assert_found("rerun: exit Some(1)", |trial| trial.again.code = Some(1));
    assert_found("rerun: the cluster has", |trial| {
        trial.last = Registered::default()
    });
    assert_found("rerun: the cluster has", |trial| {
        let (mut collections, links, blocks) = image();
        collections.push(collections[0].clone());
        trial.last = Registered::from(&collections, &links, &blocks);
    });
    assert_found("rerun: what it wrote", |trial| {
        trial.again.made = Some(b"half".to_vec());
    });
    assert_found("what it wrote is not", |trial| {
        trial.end.made = Some(b"half".to_vec());
    });
}
