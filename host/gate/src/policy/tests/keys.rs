//! For every key of a policy file: where it stands, a decision changes. So a key whose check is
//! lost fails here, and a key that is not in the table fails the last test.

use super::*;
use crate::policy::audit::AUDIT_KEYS;
use crate::policy::keys::Key;
use crate::policy::limits::LIMIT_KEYS;
use crate::policy::reader::{GUEST_KEYS, TOP_KEYS};

/// A rule's key: verbs, the key's line, an operation that it lets through, and those it does not.
type Case = (
    &'static str,
    &'static str,
    String,
    &'static str,
    Vec<String>,
);

const NAMES: [&str; 1] = ["lab/x:1"];

fn cases() -> Vec<Case> {
    let id = format!("sha256:{}", "a".repeat(64));
    let other = format!("sha256:{}", "b".repeat(64));
    let s = str::to_owned;
    let case = |key, verb, value: &str, good: String, bad: Vec<String>| -> Case {
        (
            key,
            verb,
            value.to_owned(),
            Box::leak(good.into_boxed_str()),
            bad,
        )
    };
    vec![
        case(
            "repositories",
            "engine.find",
            "[\"lab/**\"]",
            s("engine.find lab/x"),
            vec![
                s("engine.find other/x"),
                format!("engine.find {id}"),
                s("engine.find ../lab/x"),
            ],
        ),
        case(
            "repositories",
            "engine.pull",
            "[\"lab/x\"]",
            s("engine.pull lab/x:2"),
            vec![s("engine.pull lab/y")],
        ),
        // The image of these has the name lab/x:1.
        case(
            "repositories",
            "archives.open",
            "[\"lab/**\"]",
            format!("archives.open engine {id}"),
            vec![],
        ),
        case(
            "repositories",
            "archives.open",
            "[\"lab/y\", \"*.example.org\"]",
            s(""),
            vec![format!("archives.open engine {id}")],
        ),
        case(
            "repositories",
            "links.create",
            "[\"lab/**\"]",
            s("links.create docker_image_repo+tag lab/x:1"),
            vec![
                s("links.create docker_image_repo+tag other/x:1"),
                format!("links.create docker_image_hash {id}"),
            ],
        ),
        case(
            "images",
            "engine.find",
            &format!("[\"{id}\"]"),
            format!("engine.find {id}"),
            vec![format!("engine.find {other}"), s("engine.find lab/x")],
        ),
        case(
            "images",
            "archives.open",
            &format!("[\"{id}\"]"),
            format!("archives.open cache {id}"),
            vec![
                format!("archives.open cache {other}"),
                s("archives.open given"),
            ],
        ),
        case(
            "images",
            "archives.forget",
            &format!("[\"{id}\"]"),
            format!("archives.forget {id}"),
            vec![format!("archives.forget {other}")],
        ),
        case(
            "images",
            "locks.acquire",
            &format!("[\"{id}\"]"),
            format!("locks.acquire {}", &id[7..]),
            vec![format!("locks.acquire {other}")],
        ),
        case(
            "images",
            "keep.fetch",
            &format!("[\"{id}\"]"),
            format!("keep.fetch engine {id}"),
            vec![format!("keep.fetch engine {other}")],
        ),
        case(
            "images",
            "keep.examine",
            &format!("[\"{id}\"]"),
            format!("keep.examine config {id}"),
            vec![format!("keep.examine config {other}")],
        ),
        case(
            "images",
            "links.create",
            &format!("[\"{id}\"]"),
            format!("links.create docker_image_hash {id}"),
            vec![
                format!("links.create docker_image_hash {other}"),
                s("links.create docker_image_repo+tag lab/x:1"),
            ],
        ),
        case(
            "require-digest",
            "engine.find",
            "true",
            format!("engine.find lab/x@{id}"),
            vec![s("engine.find lab/x:1")],
        ),
        case(
            "require-digest",
            "engine.pull",
            "true",
            format!("engine.pull lab/x@{id}"),
            vec![s("engine.pull lab/x:1")],
        ),
        case(
            "require-digest",
            "archives.open",
            "true",
            format!("archives.open engine {id}"),
            vec![s("archives.open given"), s("archives.open engine abc")],
        ),
        case(
            "repositories",
            "registry.resolve",
            "[\"quay.io/lab/**\"]",
            s("registry.resolve quay.io/lab/x:1"),
            vec![
                s("registry.resolve quay.io/other/x:1"),
                s("registry.resolve lab/x"),
            ],
        ),
        case(
            "repositories",
            "registry.fetch",
            "[\"quay.io/lab/**\"]",
            s("registry.fetch quay.io/lab/x:1"),
            vec![s("registry.fetch quay.io/other/x:1")],
        ),
        case(
            "require-digest",
            "registry.resolve",
            "true",
            format!("registry.resolve quay.io/lab/x@{id}"),
            vec![s("registry.resolve quay.io/lab/x:1")],
        ),
        case(
            "require-digest",
            "registry.fetch",
            "true",
            format!("registry.fetch quay.io/lab/x@{id}"),
            vec![s("registry.fetch quay.io/lab/x:1")],
        ),
        case(
            "platforms",
            "registry.fetch",
            "[\"linux/amd64\", \"linux/arm/v7\"]",
            s("registry.fetch x platform=linux/x86_64"),
            vec![
                s("registry.fetch x platform=linux/arm64"),
                s("registry.fetch x platform=linux/arm/v6"),
                s("registry.fetch x"),
            ],
        ),
        case(
            "require-signature",
            "registry.fetch",
            &format!("true\nsigners = [{}]", signer(0)),
            format!("registry.fetch x signers={},sha256:other", signer_name(0)),
            vec![
                s("registry.fetch x signers=sha256:other"),
                format!("registry.fetch x signers={}", signer_name(1)),
                s("registry.fetch x"),
            ],
        ),
        case(
            "signers",
            "registry.fetch",
            &format!("[{}, {}]\nrequire-signature = true", signer(0), signer(1)),
            format!("registry.fetch x signers={}", signer_name(1)),
            vec![
                s("registry.fetch x signers=sha256:other"),
                s("registry.fetch x"),
            ],
        ),
        case(
            "max-bytes",
            "registry.fetch",
            "\"2KiB\"",
            s("registry.fetch x bytes=2048"),
            vec![s("registry.fetch x bytes=2049"), s("registry.fetch x")],
        ),
        case(
            "sources",
            "archives.open",
            "[\"given\", \"cache\"]",
            s("archives.open given"),
            vec![format!("archives.open engine {id}")],
        ),
        case(
            "targets",
            "keep.fetch",
            "[\"given\"]",
            format!("keep.fetch given {id}"),
            vec![format!("keep.fetch engine {id}")],
        ),
        case(
            "projects",
            "projects.get",
            &format!("[\"{PROJECT}\"]"),
            format!("projects.get {PROJECT}"),
            vec![
                s("projects.get zzzzz-j7d0g-111111111111111"),
                s("projects.get zzzzz-tpzed-000000000000000"),
                s("projects.get ''"),
            ],
        ),
        case(
            "projects",
            "links.create",
            &format!("[\"{PROJECT}\"]"),
            format!("links.create docker_image_hash x owner={PROJECT}"),
            vec![s("links.create docker_image_hash x")],
        ),
        case(
            "projects",
            "links.list",
            &format!("[\"{PROJECT}\"]"),
            format!("links.list owner={PROJECT}"),
            vec![s("links.list")],
        ),
        case(
            "projects",
            "collections.create",
            "[\"home\"]",
            s("collections.create x"),
            vec![format!("collections.create x owner={PROJECT}")],
        ),
        case(
            "projects",
            "collections.update",
            &format!("[\"{PROJECT}\"]"),
            format!("collections.update c owner={PROJECT}"),
            vec![
                s("collections.update c"),
                s("collections.update c owner=zzzzz-j7d0g-111111111111111"),
            ],
        ),
        case(
            "projects",
            "collections.list",
            &format!("[\"{PROJECT}\"]"),
            format!("collections.list owner={PROJECT}"),
            vec![
                s("collections.list"),
                s("collections.list owner=zzzzz-j7d0g-111111111111111"),
            ],
        ),
        case(
            "link-classes",
            "links.create",
            "[\"docker_image_hash\"]",
            s("links.create docker_image_hash x"),
            vec![s("links.create docker_image_migration x")],
        ),
        case(
            "link-classes",
            "links.list",
            "[\"docker_image_hash\"]",
            s("links.list classes=docker_image_hash"),
            vec![
                s("links.list classes=docker_image_hash,docker_image_migration"),
                s("links.list"),
            ],
        ),
        case(
            "manifests",
            "collections.list",
            "false",
            s("collections.list"),
            vec![s("collections.list manifests=true")],
        ),
        case(
            "storage-classes",
            "keep.store",
            "[\"a\", \"cluster-default\"]",
            s("keep.store"),
            vec![
                s("keep.store storage_classes=b"),
                s("keep.store storage_classes=a,b"),
            ],
        ),
        case(
            "storage-classes",
            "collections.create",
            "[\"a\"]",
            s("collections.create x storage_classes=a"),
            vec![s("collections.create x")],
        ),
        case(
            "max-replicas",
            "keep.store",
            "2",
            s("keep.store replicas=2"),
            vec![s("keep.store replicas=3")],
        ),
        case(
            "max-replicas",
            "collections.create",
            "2",
            s("collections.create x"),
            vec![s("collections.create x replicas=3")],
        ),
    ]
}

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
