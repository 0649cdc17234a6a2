//! Runs that change what is said of images in Keep.

use keepdocker_decisions::testing::PROJECT;
use serde_json::{Value, json};

use super::states::{
    filled, id, registered_by_manifest, strange, with_copy_of_somebody, with_engine,
};
use super::{SOMEBODY, Scenario, run, upload};
use crate::cluster::Cluster;
use crate::contract::commands;

/// Returns runs of the repair, of an image that is registered one way and is to be the other, or is so.
pub(super) fn repairs() -> Vec<Scenario> {
    let mut all = Vec::new();
    for cluster in [
        filled(),
        strange(),
        with_copy_of_somebody(),
        registered_by_manifest(),
    ] {
        for named_by in ["config", "manifest"] {
            for name in ["a", "a:1", "a:2", &id('a'), &id('f'), "absent", "A"] {
                let scenario = repair(&cluster, name, named_by);
                let mut in_project = scenario.clone();
                in_project.request["project"] = json!(PROJECT);
                all.extend([scenario, in_project]);
            }
        }
        // Stored as it was, so that nobody can tell what an engine makes of it.
        let cluster = Cluster {
            loaded_as: None,
            ..cluster
        };
        let mut scenario = repair(&cluster, "a:2", "manifest");
        scenario.cluster.loaded_as = None;
        all.push(scenario);
    }
    for cluster in [
        with_engine(),
        with_copy_of_somebody(),
        filled(),
        registered_by_manifest(),
    ] {
        for name in ["a:1", "c", &id('a'), &id('f')] {
            all.push(by_manifest(&cluster, name));
            let mut by_config = upload(&cluster, name);
            by_config.cluster.loaded_as = Some(id('f'));
            all.push(by_config);
        }
    }
    all
}

/// Names, copies and links for images that are in Keep.
pub(super) fn registrations() -> Vec<Scenario> {
    let mut all = Vec::new();
    for cluster in [filled(), with_copy_of_somebody(), registered_by_manifest()] {
        for image in ["a:1", "c", &id('a'), "zzzzz-4zz18-xxxxxxxxxxxxxxx"] {
            for (names, project) in [
                (json!(["a:2", "a"]), Value::Null),
                (json!([]), json!(PROJECT)),
            ] {
                let request = json!({
                    "image": image, "project": project, "names": names,
                    "verify": "config", "named_by": "config",
                });
                all.push(run(&cluster, "register", request));
            }
        }
    }
    all
}

/// Images that go by a rule, of the user and of a project, and some of which containers use.
pub(super) fn prunes() -> Vec<Scenario> {
    let mut all = Vec::new();
    for mut cluster in [filled(), strange()] {
        for used in [false, true] {
            if used {
                let contents = cluster.collections.iter();
                cluster.used = contents
                    .map(|one| one["portable_data_hash"].clone())
                    .collect();
            }
            for (names, keep_last, before) in [
                (json!([]), 0, Value::Null),
                (json!(["a:1"]), 0, Value::Null),
                (json!(["*"]), 0, json!("2000-01-01T00:00:00Z")),
                (json!([]), 1, json!("2100-01-01T00:00:00Z")),
                (json!([]), 1, json!("soon")),
            ] {
                for project in [Value::Null, json!(PROJECT)] {
                    let request = json!({
                        "names": names, "project": project, "keep_last": keep_last,
                        "before": before, "used_since": "2024-01-01T00:00:00Z", "unnamed": true,
                    });
                    all.push(run(&cluster, "prune", request));
                }
            }
        }
    }
    all
}

/// Images and a project that others may read from now on, or no more.
pub(super) fn shares() -> Vec<Scenario> {
    let mut all = Vec::new();
    let group = "zzzzz-j7d0g-fffffffffffffff";
    for level in [json!("read"), json!("manage"), Value::Null] {
        for names in [
            json!(["a:1", "zzzzz-4zz18-xxxxxxxxxxxxxxx"]),
            json!(["absent"]),
            json!([]),
        ] {
            for project in [Value::Null, json!(PROJECT)] {
                let request = json!({
                    "names": names, "project": project, "holders": [SOMEBODY, group], "level": level,
                });
                all.push(run(&filled(), "share", request));
            }
        }
    }
    all
}

/// Runs of every command that takes names and a project, and nothing else: whatever it does with them.
pub(super) fn of_names() -> Vec<Scenario> {
    const SHAPE: [(&str, &str); 2] = [("names", "list<string>"), ("project", "option<uuid>")];
    let mut all = Vec::new();
    for command in commands().into_iter().filter(|one| one.members == SHAPE) {
        for cluster in [filled(), with_copy_of_somebody(), registered_by_manifest()] {
            for names in [
                json!(["a:1"]),
                json!(["a:2", "c", "a:2"]),
                json!(["A"]),
                json!(["zzzzz-4zz18-xxxxxxxxxxxxxxx"]),
            ] {
                for project in [Value::Null, json!(PROJECT)] {
                    let request = json!({ "names": names, "project": project });
                    all.push(run(&cluster, command.name, request));
                }
            }
        }
    }
    all
}

pub(super) fn repair(cluster: &Cluster, image: &str, named_by: &str) -> Scenario {
    let request = json!({
        "image": image, "tag": null, "project": null, "named_by": named_by,
        "origin": null, "selection": null, "platform": null,
    });
    let mut scenario = run(cluster, "repair", request);
    scenario.cluster.loaded_as = Some(id('f'));
    scenario
}

/// Returns an upload of an image that is to be registered by the digest of its manifest.
pub(super) fn by_manifest(cluster: &Cluster, image: &str) -> Scenario {
    let mut scenario = upload(cluster, image);
    scenario.request["named_by"] = json!("manifest");
    scenario.cluster.loaded_as = Some(id('f'));
    scenario
}
