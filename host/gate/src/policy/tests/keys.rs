//! For every key of a policy file: where it stands, a decision changes. So a key whose check is
//! lost fails here, and a key that is not in the table fails the last test.

mod cases;

use super::*;
use crate::policy::audit::AUDIT_KEYS;
use crate::policy::keys::Key;
use crate::policy::limits::LIMIT_KEYS;
use crate::policy::reader::{GUEST_KEYS, TOP_KEYS};
use cases::{NAMES, cases};

fn decide_in(policy: &Policy, line: &str, cluster: &Cluster) -> Decision {
    let names = NAMES.map(str::to_owned);
    policy
        .decide(
            &operation(line),
            &Context {
                cluster,
                names: Some(&names),
            },
        )
        .decision
}

fn policy(effect: &str, verb: &str, line: &str) -> Policy {
    let all = "[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"r\"\n";
    let rule =
        format!("[[{effect}]]\nid = \"rule\"\nverbs = [\"{verb}\"]\nreason = \"r\"\n{line}\n");
    Policy::built_in()
        .and(layer(&if effect == "deny" {
            format!("{all}{rule}")
        } else {
            rule
        }))
        .unwrap()
}

#[test]
fn each_key_of_a_rule_that_allows_withholds_something() {
    for (key, verb, value, good, bad) in cases() {
        let with = policy("allow", verb, &format!("{key} = {value}"));
        let without = policy("allow", verb, "");
        if !good.is_empty() {
            assert_eq!(
                decide_in(&with, good, &cluster()),
                Decision::Allow,
                "{key} = {value}: {good}"
            );
        }
        for line in bad {
            assert_eq!(
                decide_in(&with, &line, &cluster()),
                Decision::Deny,
                "{key} = {value}: {line}"
            );
            assert_eq!(
                decide_in(&without, &line, &cluster()),
                Decision::Allow,
                "without {key}: {line}"
            );
        }
    }
}

#[test]
fn each_key_of_a_rule_that_denies_spares_something() {
    let id = format!("sha256:{}", "a".repeat(64));
    for (key, verb, value, denied, spared) in [
        (
            "repositories",
            "engine.pull",
            "[\"evil/**\"]",
            "engine.pull evil/x".to_owned(),
            "engine.pull lab/x",
        ),
        (
            "images",
            "locks.acquire",
            &format!("[\"{id}\"]"),
            format!("locks.acquire {id}"),
            "locks.acquire sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        ),
        (
            "platforms",
            "registry.fetch",
            "[\"windows/amd64\"]",
            "registry.fetch x platform=windows/amd64".to_owned(),
            "registry.fetch x platform=linux/amd64",
        ),
        (
            "sources",
            "archives.open",
            "[\"cache\"]",
            format!("archives.open cache {id}"),
            "archives.open given",
        ),
        (
            "targets",
            "keep.fetch",
            "[\"engine\"]",
            format!("keep.fetch engine {id}"),
            "keep.fetch given sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
        (
            "clusters",
            "cluster.get",
            "[\"zzzzz\"]",
            "cluster.get".to_owned(),
            "",
        ),
        (
            "clusters",
            "cluster.get",
            "[\"yyyyy\"]",
            String::new(),
            "cluster.get",
        ),
        (
            "projects",
            "collections.create",
            "[\"home\"]",
            "collections.create x".to_owned(),
            "collections.create x owner=zzzzz-j7d0g-000000000000000",
        ),
        (
            "link-classes",
            "links.list",
            "[\"docker_image_migration\"]",
            "links.list classes=docker_image_hash,docker_image_migration".to_owned(),
            "links.list classes=docker_image_hash",
        ),
        (
            "storage-classes",
            "keep.store",
            "[\"archive\"]",
            "keep.store storage_classes=a,archive".to_owned(),
            "keep.store",
        ),
    ] {
        let with = policy("deny", verb, &format!("{key} = {value}"));
        if !denied.is_empty() {
            assert_eq!(
                decide_in(&with, &denied, &cluster()),
                Decision::Deny,
                "{key}: {denied}"
            );
        }
        if !spared.is_empty() {
            assert_eq!(
                decide_in(&with, spared, &cluster()),
                Decision::Allow,
                "{key}: {spared}"
            );
        }
    }
}

#[test]
fn clusters_withhold_every_verb_that_reaches_the_cluster() {
    let key = Key::Clusters;
    let elsewhere = Cluster {
        host: "yyyyy.example.net".into(),
        id: Some("yyyyy".into()),
    };
    for verb in key.verbs() {
        let line = match verb.name() {
            "links.create" => "links.create docker_image_hash x",
            "links.delete" => "links.delete docker_image_hash x",
            "collections.create" => "collections.create x",
            "keep.fetch" => "keep.fetch given x",
            "keep.examine" => "keep.examine content x",
            "projects.get" => "projects.get x",
            verb => verb,
        };
        for pattern in ["zzzzz", "zzzzz.example.org", "*.example.org"] {
            let policy = policy("allow", verb.name(), &format!("clusters = [\"{pattern}\"]"));
            assert_eq!(
                decide_in(&policy, line, &cluster()),
                Decision::Allow,
                "{verb} {pattern}"
            );
            assert_eq!(
                decide_in(&policy, line, &elsewhere),
                Decision::Deny,
                "{verb} {pattern}"
            );
        }
        let by_id = policy("allow", verb.name(), "clusters = [\"zzzzz\"]");
        assert_eq!(
            decide_in(
                &by_id,
                line,
                &Cluster {
                    id: None,
                    ..cluster()
                }
            ),
            Decision::Deny,
            "{verb}"
        );
    }
}

#[test]
fn verbs_withhold_other_verbs() {
    assert_eq!(
        decide(&policy("allow", "engine.find", ""), "engine.find x"),
        Decision::Allow
    );
    assert_eq!(
        decide(&policy("allow", "engine.find", ""), "engine.pull x"),
        Decision::Deny
    );
    assert_eq!(
        decide(&policy("allow", "engine.*", ""), "engine.pull x"),
        Decision::Allow
    );
    assert_eq!(
        decide(&policy("deny", "engine.*", ""), "engine.pull x"),
        Decision::Deny
    );
    assert_eq!(
        decide(&policy("deny", "engine.*", ""), "users.current"),
        Decision::Allow
    );
}

#[test]
fn every_key_has_a_test_here() {
    for key in Key::ALL {
        for verb in key.verbs() {
            let tested = key == Key::Clusters
                || cases().iter().any(|case| {
                    case.0 == key.name() && case.1 == verb.name() && !case.4.is_empty()
                });
            assert!(tested, "no case for `{}` of {verb}", key.name());
        }
        assert!(
            !key.is_for(Effect::Deny)
                || [
                    "repositories",
                    "images",
                    "platforms",
                    "sources",
                    "targets",
                    "clusters",
                    "projects",
                    "link-classes",
                    "storage-classes"
                ]
                .contains(&key.name())
        );
    }
    // Those of the other tables: `name` is for people; schema, mode and locked are tested with the
    // layers, endpoints, reuse and verify in `demands.rs` and with the program in `tests/it/endpoints.rs` and
    // `tests/it/reuse.rs`, guest and limits
    // in `bounds.rs`; id and reason in the record and in denials.
    assert_eq!(
        TOP_KEYS,
        [
            "schema",
            "name",
            "mode",
            "locked",
            "endpoints",
            "reuse",
            "verify",
            "guest",
            "limits",
            "audit",
            "allow",
            "deny"
        ]
    );
    assert_eq!(GUEST_KEYS, ["sha256", "imports"]);
    // What each of these brings about, `host/tests/policy/audit.rs` shows with the program.
    assert_eq!(
        AUDIT_KEYS,
        [
            "directory",
            "required",
            "on-failure",
            "sign-with",
            "system-log",
            "retain"
        ]
    );
    assert_eq!(
        LIMIT_KEYS,
        [
            "memory",
            "fuel",
            "deadline",
            "host-calls",
            "keep-bytes",
            "registry-bytes",
            "writes",
            "calls"
        ]
    );
}
