//! For every key of a policy file: where it stands, a decision changes. So a key whose check is
//! lost fails here, and a key that has no case in `keys/cases.txt` for each verb that it is about fails the last test.

use super::*;
use crate::policy::audit::AUDIT_KEYS;
use crate::policy::keys::Key;
use crate::policy::limits::LIMIT_KEYS;
use crate::policy::reader::{GUEST_KEYS, TOP_KEYS};

/// What the image of an archive is called.
const NAMES: [&str; 1] = ["lab/x:1"];

/// A key of a rule for a verb: what stands in the file, operations that it lets through, and those that it does not.
#[derive(Default)]
struct Case {
    verb: String,
    line: String,
    good: Vec<String>,
    bad: Vec<String>,
}

impl Case {
    fn key(&self) -> &str {
        self.line.split(' ').next().unwrap()
    }
}

/// Returns the cases of the file.
fn cases() -> Vec<Case> {
    let digits = "a".repeat(64);
    let mut text = include_str!("keys/cases.txt").to_owned();
    for (name, meaning) in [
        ("ID", format!("sha256:{digits}")),
        ("DIGITS", digits.clone()),
        ("OTHER", format!("sha256:{}", "b".repeat(64))),
        ("PROJECT", PROJECT.to_owned()),
        ("ELSEWHERE", "zzzzz-j7d0g-111111111111111".to_owned()),
        ("KEY-0", signer(0)),
        ("KEY-1", signer(1)),
        ("SIGNER-0", signer_name(0).to_owned()),
        ("SIGNER-1", signer_name(1).to_owned()),
    ] {
        text = text.replace(name, &meaning);
    }
    let mut cases: Vec<Case> = Vec::new();
    let mut verb = "";
    for line in text.lines().filter(|line| !line.is_empty()) {
        let object = |line: &str| format!("{verb}{}", &line[1..]);
        match line.as_bytes()[0] {
            b'#' => {}
            b'[' => verb = line.trim_matches(['[', ']']),
            b'+' => cases.last_mut().unwrap().good.push(object(line)),
            b'-' => cases.last_mut().unwrap().bad.push(object(line)),
            _ => cases.push(Case {
                verb: verb.to_owned(),
                line: line.replace("; ", "\n"),
                ..Case::default()
            }),
        }
    }
    cases
}

fn decide_on(policy: &Policy, operation: &Operation, cluster: &Cluster) -> Decision {
    let names = NAMES.map(str::to_owned);
    let context = Context {
        cluster,
        names: Some(&names),
    };
    policy.decide(operation, &context).decision
}

fn decide_in(policy: &Policy, line: &str, cluster: &Cluster) -> Decision {
    decide_on(policy, &operation(line), cluster)
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
    for case in cases() {
        let with = policy("allow", &case.verb, &case.line);
        let without = policy("allow", &case.verb, "");
        let shown = &case.line;
        assert!(!case.good.is_empty() || !case.bad.is_empty(), "{shown}");
        for line in &case.good {
            let decision = decide_in(&with, line, &cluster());
            assert_eq!(decision, Decision::Allow, "{shown}: {line}");
        }
        for line in &case.bad {
            let decision = decide_in(&with, line, &cluster());
            assert_eq!(decision, Decision::Deny, "{shown}: {line}");
            let decision = decide_in(&without, line, &cluster());
            assert_eq!(decision, Decision::Allow, "without {shown}: {line}");
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
        let operation = &some(verb);
        for pattern in ["zzzzz", "zzzzz.example.org", "*.example.org"] {
            let policy = policy("allow", verb.name(), &format!("clusters = [\"{pattern}\"]"));
            assert_eq!(
                decide_on(&policy, operation, &cluster()),
                Decision::Allow,
                "{verb} {pattern}"
            );
            assert_eq!(
                decide_on(&policy, operation, &elsewhere),
                Decision::Deny,
                "{verb} {pattern}"
            );
        }
        let by_id = policy("allow", verb.name(), "clusters = [\"zzzzz\"]");
        assert_eq!(
            decide_on(
                &by_id,
                operation,
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
                    case.key() == key.name() && case.verb == verb.name() && !case.bad.is_empty()
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
