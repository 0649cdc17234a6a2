//! What the component is asked to do, in which state of cluster and engine.

mod changes;
mod states;

use keepdocker_decisions::testing::recorded::{Case, Recorded};
use keepdocker_decisions::testing::{PROJECT, USER};
use keepdocker_decisions::types::Link;
use serde_json::{Value, json};

use crate::cases;
use crate::cluster::{Cluster, Fault, collection, image, project};
use crate::runs::renamed;
use changes::{by_manifest, of_names, prunes, registrations, repair, repairs, shares};
use states::{filled, id, strange, with_copy_of_somebody, with_engine};

const OLD: &str = "2020-01-01T00:00:00.000000000Z";
const NEW: &str = "2022-01-01T00:00:00.000000000Z";
const SOMEBODY: &str = "zzzzz-tpzed-somebody0000000";

/// One run of a command.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) cluster: Cluster,
    pub(crate) command: &'static str,
    pub(crate) request: Value,
}

/// Returns the question that a recorded server was asked, as a run of `resolve`.
pub(crate) fn asked(recorded: &Recorded, case: &Case) -> Scenario {
    let collections = recorded.collections(&case.user);
    let mut cluster = Cluster {
        formats: json!(case.formats),
        links: recorded.links(&case.user).iter().map(of_host).collect(),
        ..Cluster::default()
    };
    for one in collections {
        let mut known = collection(&one.uuid, &one.owner, &id('0'));
        for (key, value) in [
            ("name", one.name),
            ("portable_data_hash", one.portable_data_hash),
            ("created_at", one.created_at),
            ("manifest", one.manifest),
        ] {
            known[key] = json!(value);
        }
        cluster.collections.push(known);
    }
    run(&cluster, "resolve", json!(case.terms.join(":")))
}

/// Returns runs in states made up here: listings, resolutions, uploads, downloads, and each of some
/// of them with every call failing in every way.
pub(crate) fn made_up() -> Vec<Scenario> {
    let mut all = listings();
    all.extend(resolutions());
    all.extend(uploads());
    all.extend(downloads());
    all.extend(repairs());
    all.extend(registrations());
    all.extend(of_names());
    all.extend(prunes());
    all.extend(shares());
    let whole = [
        upload(&with_engine(), "a:1"),
        upload_to(&with_engine(), PROJECT),
        upload(&with_copy_of_somebody(), "a:1"),
        run(&filled(), "images", everything()),
        run(
            &filled(),
            "images",
            json!({ "project": null, "image": "a", "tag": "1", "exact_name": null }),
        ),
        run(&filled(), "resolve", json!("a:1")),
        registrations().swap_remove(1),
        prunes().swap_remove(0),
        shares().swap_remove(0),
        run(
            &filled(),
            "download",
            json!({ "image": "a:1", "target": "given", "named": true }),
        ),
        run(
            &filled(),
            "download",
            json!({ "image": "a:2", "target": "engine", "named": false }),
        ),
        by_manifest(&with_copy_of_somebody(), "a:1"),
        repair(&filled(), "a:2", "manifest"),
    ];
    all.extend(whole.iter().flat_map(faulty));
    // Of each of these commands its first run.
    let mut first = of_names();
    first.dedup_by_key(|scenario| scenario.command);
    all.extend(first.iter().flat_map(faulty));
    all
}

fn listings() -> Vec<Scenario> {
    let mut all = Vec::new();
    for cluster in [Cluster::default(), filled(), strange()] {
        for (image, tag) in [
            (Value::Null, Value::Null),
            (json!("a"), Value::Null),
            (json!("a"), json!("1")),
            (json!("a:2"), Value::Null),
            (json!("host:5000/b"), Value::Null),
            (json!("absent"), Value::Null),
            (json!(id('a')), Value::Null),
            (json!(id('a')[7..19]), Value::Null),
            (json!(id('f')), Value::Null),
            (json!("A"), Value::Null),
            (json!("a:1"), json!("2")),
        ] {
            for project in [Value::Null, json!(PROJECT)] {
                let request =
                    json!({ "project": project, "image": image, "tag": tag, "exact_name": null });
                all.push(run(&cluster, "images", request));
            }
        }
        for name in ["a:1", "a", "A"] {
            let request =
                json!({ "project": null, "image": null, "tag": null, "exact_name": name });
            all.push(run(&cluster, "images", request));
        }
    }
    all
}

fn resolutions() -> Vec<Scenario> {
    let mut all = Vec::new();
    for cluster in [Cluster::default(), filled(), strange()] {
        for formats in [json!(["v2"]), json!(["v1"]), json!([]), Value::Null] {
            let cluster = Cluster {
                formats,
                ..cluster.clone()
            };
            for name in ["a", "a:1", "a:2", "host:5000/b", &id('b'), "nothing", "a b"] {
                all.push(run(&cluster, "resolve", json!(name)));
            }
        }
    }
    all
}

fn uploads() -> Vec<Scenario> {
    let engine = with_engine();
    let mut all = Vec::new();
    for name in [
        "a",
        "a:1",
        "a:2",
        "c",
        "absent",
        "A",
        &id('a'),
        &id('a')[7..19],
        &id('f'),
    ] {
        for cluster in [&engine, &with_copy_of_somebody(), &filled()] {
            all.push(upload(cluster, name));
        }
    }
    let without_engine = Cluster {
        engine: None,
        ..filled()
    };
    all.push(upload(&without_engine, "a:1"));
    all.push(upload(&without_engine, "absent"));
    for (field, value) in [
        ("tag", json!("3")),
        ("project", json!(PROJECT)),
        ("name", json!("my name")),
        ("pull", json!("always")),
        ("pull", json!("missing")),
        ("force", json!(true)),
        ("reuse", json!("own")),
        ("reuse", json!("none")),
        ("verify", json!("content")),
        ("form", json!("verbatim")),
        ("block_layout", json!("dense")),
        ("replicas", json!(3)),
        ("storage_classes", json!(["hot", "cold"])),
    ] {
        for cluster in [&engine, &with_copy_of_somebody(), &filled()] {
            for name in ["a:1", "pulled:1"] {
                let mut scenario = upload(cluster, name);
                scenario.request[field] = value.clone();
                all.push(scenario);
            }
        }
    }
    let (read_only, role) = (project("project", false), project("role", true));
    for project in [None, Some(read_only), Some(role)] {
        let mut cluster = engine.clone();
        cluster.project = project;
        all.extend([PROJECT, USER, "nonsense"].map(|owner| upload_to(&cluster, owner)));
    }
    for formats in [json!(["v1"]), json!([]), Value::Null] {
        for force in [false, true] {
            let cluster = Cluster {
                formats: formats.clone(),
                ..engine.clone()
            };
            let mut scenario = upload(&cluster, "a:1");
            scenario.request["force_image_format"] = json!(force);
            all.push(scenario);
        }
    }
    all.extend(uploads_of_archives());
    all.extend(uploads_from_registries());
    all
}

fn uploads_from_registries() -> Vec<Scenario> {
    let for_platform = |letter: char, os: &str, architecture: &str| {
        let mut image = image(&id(letter), &["quay.io/r:1"], OLD);
        image["manifest"] = json!(id(letter.to_ascii_lowercase()));
        image["platform"] = json!({ "os": os, "architecture": architecture, "variant": "" });
        image
    };
    let cluster = Cluster {
        in_registry: vec![
            for_platform('d', "linux", "arm64"),
            for_platform('e', "linux", "amd64"),
        ],
        ..Cluster::default()
    };
    let mut all = Vec::new();
    let signed = Cluster {
        signatures: vec![json!({ "signer": id('a'), "holder": id('b') })],
        ..cluster.clone()
    };
    let mut scenario = upload(&signed, "");
    scenario.request["origin"] = json!("registry");
    scenario.request["image"] = Value::Null;
    scenario.request["selection"] = json!("quay.io/r:1");
    all.push(scenario);
    for (source, name, architecture) in [
        ("quay.io/r:1", Value::Null, None),
        ("quay.io/r:1", json!("mine:1"), Some("arm64")),
        ("quay.io/r:1", json!("mine:1"), Some("s390x")),
        ("quay.io/absent:1", Value::Null, None),
        ("dddddddddddd", Value::Null, None),
    ] {
        let mut scenario = upload(&cluster, "");
        scenario.request["origin"] = json!("registry");
        scenario.request["image"] = name;
        scenario.request["selection"] = json!(source);
        if let Some(architecture) = architecture {
            scenario.request["platform"] =
                json!({ "os": "linux", "architecture": architecture, "variant": "" });
        }
        all.push(scenario);
    }
    all
}

fn uploads_of_archives() -> Vec<Scenario> {
    let one = vec![image(&id('d'), &["d:1", "d:2"], OLD)];
    let two = vec![
        image(&id('d'), &["d:1"], OLD),
        image(&id('e'), &["e:1"], NEW),
    ];
    let mut all = Vec::new();
    for given in [one, two] {
        for is_stream in [false, true] {
            let cluster = Cluster {
                given: given.clone(),
                is_stream,
                ..Cluster::default()
            };
            for (name, selection) in [
                (Value::Null, Value::Null),
                (json!("mine:1"), Value::Null),
                (Value::Null, json!("e:1")),
                (json!("mine:1"), json!(id('d'))),
                (Value::Null, json!("@1")),
            ] {
                let mut scenario = upload(&cluster, "");
                scenario.request["origin"] = json!("given");
                scenario.request["image"] = name;
                scenario.request["selection"] = selection;
                all.push(scenario);
            }
        }
    }
    let cached = Cluster {
        cache: vec![id('a')],
        ..with_engine()
    };
    all.push(upload(&cached, "a:1"));
    all
}

fn downloads() -> Vec<Scenario> {
    let mut all = Vec::new();
    for cluster in [filled(), strange(), with_copy_of_somebody()] {
        for target in ["given", "engine"] {
            for name in ["a", "a:1", "a:2", &id('b'), "absent"] {
                let request = json!({ "image": name, "target": target, "named": true });
                all.push(run(&cluster, "download", request));
            }
        }
    }
    all
}

/// Returns the run with each of its calls failing in each way that the contract has for it.
fn faulty(scenario: &Scenario) -> Vec<Scenario> {
    let calls = crate::runs::recorded(scenario.clone()).calls;
    let mut all = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        let verb = call["verb"].as_str().unwrap();
        for (error, is_done) in errors(verb) {
            let mut scenario = scenario.clone();
            scenario.cluster.fault = Some(Fault {
                call: number,
                error,
                is_done,
            });
            all.push(scenario);
        }
    }
    all
}

fn errors(verb: &str) -> Vec<(Value, bool)> {
    let mut errors = match verb.split('.').next().unwrap() {
        "engine" => vec![
            json!({ "unavailable": "no engine" }),
            json!({ "failed": { "command": "docker", "status": null, "message": "\u{1b}[31m" } }),
        ],
        "archives" => vec![
            json!({ "unsound": "it is cut short" }),
            json!({ "denied": "no" }),
        ],
        "registry" => vec![
            json!({ "registry": "the registry is closed" }),
            json!({ "no-such-image": "it has no such image" }),
        ],
        "locks" => vec![json!({ "timed-out": "somebody has it" })],
        "keep" => vec![
            json!("no-services"),
            json!({ "archive": { "unsound": "it is cut short" } }),
            json!({ "too-few-replicas": { "wanted": 2, "written": 1, "reasons": ["a", "b"] } }),
        ],
        "log" => return Vec::new(),
        _ => vec![
            json!({ "unreachable": "no route" }),
            json!({ "forbidden": "not yours" }),
        ],
    };
    if verb.ends_with(".create") {
        errors.push(json!({ "uncertain": "the answer was lost" }));
    }
    let mut all: Vec<(Value, bool)> = errors.into_iter().map(|error| (error, false)).collect();
    if verb.ends_with(".create") {
        all.push((json!({ "uncertain": "the answer was lost" }), true));
    }
    all
}

fn run(cluster: &Cluster, command: &'static str, request: Value) -> Scenario {
    Scenario {
        cluster: cluster.clone(),
        command,
        request,
    }
}

fn everything() -> Value {
    json!({ "project": null, "image": null, "tag": null, "exact_name": null })
}

fn upload(cluster: &Cluster, image: &str) -> Scenario {
    let request = json!({
        "origin": "engine", "image": image, "tag": null, "selection": null, "platform": null, "project": null,
        "name": null, "pull": "never", "force": false, "force_image_format": false,
        "form": "canonical", "block_layout": "layered", "replicas": null, "storage_classes": [],
        "reuse": "readable", "verify": "config", "resume": true,
        "named_by": "config",
    });
    run(cluster, "upload", request)
}

fn upload_to(cluster: &Cluster, project: &str) -> Scenario {
    let mut scenario = upload(cluster, "a:1");
    scenario.request["project"] = json!(project);
    scenario
}

/// Returns a link in the form of the audit log.
fn of_host(link: &Link) -> Value {
    renamed(&cases::link(link), &|name| name.replace('-', "_"))
}
