//! `keepdocker component`: what an auditor gets, and that it is the component that runs.

use std::fs;

use keepdocker::testing::COMPONENT;
use serde_json::Value;

use crate::support::{Cluster, Environment, data};

#[test]
fn what_is_extracted_is_what_is_embedded_and_runs_like_it() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let file = environment.home().join("component.wasm");
    let name = file.to_str().unwrap();
    environment
        .keepdocker(&["component", "extract", "-o", name])
        .success();
    assert_eq!(fs::read(&file).unwrap(), COMPONENT);
    let printed = environment.keepdocker(&["component", "extract", "-o", "-"]);
    assert_eq!(printed.stdout, COMPONENT);

    let archive = format!("docker-archive:{}", data("tiny-docker20.10.tar").display());
    let uploaded = environment
        .keepdocker(&["--component", name, "upload", "--from", &archive])
        .success();
    assert_eq!(uploaded.trim(), cluster.only_collection()["uuid"]);
    // The embedded one finds its twin's work.
    let again = environment
        .keepdocker(&["upload", "--from", &archive])
        .success();
    assert_eq!(again, uploaded);

    let audit = |arguments: &[&str]| -> Value {
        serde_json::from_str(&environment.keepdocker(arguments).success()).unwrap()
    };
    let of_file = audit(&["component", "audit", name, "--json"]);
    let of_option = audit(&["--component", name, "component", "audit", "--json"]);
    let mut embedded = audit(&["component", "audit", "--json"]);
    assert_eq!(of_file, of_option);
    assert_eq!(of_file["machine_code_genuine"], Value::Null);
    // It was compiled again, and gave the same machine code.
    assert_eq!(embedded["machine_code_genuine"], true);
    embedded["machine_code_genuine"] = Value::Null;
    assert_eq!(embedded, of_file);
}

#[test]
fn an_audit_names_the_rules_that_can_allow_each_import() {
    let environment = Environment::new();
    let text = environment.keepdocker(&["component", "audit"]).success();
    for line in [
        "imports keepdocker:contract/keep@0.1.0",
        "  keep.store: allowed if, in each line, one applies",
        "    built-in: keep (built-in:",
        "limits in force",
    ] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }

    let policy = environment.home().join("policy.toml");
    fs::write(
        &policy,
        "schema = \"keepdocker.policy/1\"\n[[allow]]\nid = \"look\"\nverbs = [\"links.*\", \
         \"collections.list\", \"log.write\"]\nreason = \"test\"\n",
    )
    .unwrap();
    let policy = policy.to_str().unwrap();
    let refused = environment.keepdocker(&["--policy", policy, "component", "audit", "--json"]);
    let said = refused.failure(3);
    for words in [
        "imports more than the policy grants",
        "keep.store: no rule of ",
        "collections.create: no rule of ",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let audit: Value = serde_json::from_slice(&refused.stdout).unwrap();
    let function = |verb: &str| -> Value {
        audit["imports"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|import| import["functions"].as_array().unwrap())
            .find(|function| function["verb"] == verb)
            .unwrap()
            .clone()
    };
    assert_eq!(function("keep.store")["granted"], false);
    assert_eq!(function("links.create")["granted"], true);
    let rules = function("links.create")["rules"].to_string();
    assert!(
        rules.contains("\"look\"") && rules.contains("\"registration\""),
        "{rules}"
    );
    assert!(!said.contains("links.create"), "{said}");

    fs::write(
        policy,
        "schema = \"keepdocker.policy/1\"\nguest.sha256 = [\"00\"]\n",
    )
    .unwrap();
    let faulty = environment.keepdocker(&["--policy", policy, "component", "audit"]);
    assert!(!faulty.failure(1).is_empty());
}
