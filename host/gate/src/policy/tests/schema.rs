//! The published schema says what the reader does.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::policy::audit::AUDIT_KEYS;
use crate::policy::keys::Key;
use crate::policy::limits::LIMIT_KEYS;
use crate::policy::reader::{GUEST_KEYS, TOP_KEYS, rule_keys};

fn schema() -> Value {
    serde_json::from_str(&schema_json()).unwrap()
}

fn keys(table: &Value) -> BTreeSet<String> {
    assert_eq!(table["additionalProperties"], false, "{table}");
    table["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

fn words(list: &Value) -> BTreeSet<String> {
    list["items"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap().to_owned())
        .collect()
}

fn set<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    words.into_iter().map(str::to_owned).collect()
}

#[test]
fn the_published_file_is_what_the_list_makes() {
    let published = include_str!("../../../../policy/schema.json");
    assert_eq!(
        published,
        schema_json(),
        "write it again: keepdocker policy schema > host/policy/schema.json"
    );
}

#[test]
fn schema_and_reader_know_the_same_keys_and_words() {
    let schema = schema();
    assert_eq!(schema["properties"]["schema"]["const"], SCHEMA);
    assert_eq!(keys(&schema), set(TOP_KEYS));
    assert_eq!(keys(&schema["properties"]["guest"]), set(GUEST_KEYS));
    assert_eq!(
        words(&schema["properties"]["guest"]["properties"]["imports"]),
        set(Verb::INTERFACES)
    );
    assert_eq!(keys(&schema["properties"]["audit"]), set(AUDIT_KEYS));
    let limits = &schema["properties"]["limits"];
    assert_eq!(keys(limits), set(LIMIT_KEYS));
    assert_eq!(keys(&limits["properties"]["calls"]), set(Verb::INTERFACES));
    let (allow, deny) = (&schema["$defs"]["allow"], &schema["$defs"]["deny"]);
    assert_eq!(keys(allow), set(rule_keys()));
    assert_eq!(
        keys(deny),
        set(rule_keys().into_iter().filter(|name| {
            Key::ALL
                .iter()
                .all(|key| key.name() != *name || key.is_for(Effect::Deny))
        }))
    );
    for rule in [allow, deny] {
        assert_eq!(
            rule["required"],
            serde_json::json!(["id", "reason", "verbs"])
        );
        assert_eq!(
            words(&rule["properties"]["sources"]),
            set(Operation::SOURCES)
        );
        assert_eq!(
            words(&rule["properties"]["targets"]),
            set(Operation::TARGETS)
        );
        assert_eq!(
            words(&rule["properties"]["link-classes"]),
            set(Operation::LINK_CLASSES)
        );
        let interfaces = Verb::INTERFACES
            .iter()
            .map(|interface| format!("{interface}.*"));
        let verbs: BTreeSet<String> = set(Verb::NAMES)
            .into_iter()
            .chain(interfaces)
            .chain(["*".to_owned()])
            .collect();
        assert_eq!(words(&rule["properties"]["verbs"]), verbs);
    }
}

/// Reads a rule with just these verbs and a key.
fn accepts(key: &str, verb: &str) -> bool {
    let value = match key {
        "require-digest" | "manifests" => "false",
        "require-signature" => &format!("true\nsigners = [{}]", signer(0)),
        "signers" => &format!("[{}]\nrequire-signature = true", signer(0)),
        "max-bytes" => "\"1B\"",
        "max-replicas" => "1",
        "sources" | "targets" => "[\"given\"]",
        "link-classes" => "[\"docker_image_hash\"]",
        _ => "[\"*\"]",
    };
    faults(&format!(
        "[[allow]]\nid = \"a\"\nreason = \"r\"\nverbs = [\"{verb}\"]\n{key} = {value}"
    ))
    .is_empty()
}

#[test]
fn schema_and_reader_accept_the_same_verbs_with_each_key() {
    let schema = schema();
    let rule = &schema["$defs"]["allow"];
    for key in Key::ALL {
        let allowed = words(&rule["dependentSchemas"][key.name()]["properties"]["verbs"]);
        for pattern in words(&rule["properties"]["verbs"]) {
            assert_eq!(
                accepts(key.name(), &pattern),
                allowed.contains(&pattern),
                "{} with {pattern}",
                key.name()
            );
        }
    }
}
