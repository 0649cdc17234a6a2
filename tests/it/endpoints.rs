//! Where token and data go is part of what a policy says of clusters.

use std::fs;

use keepdocker_sandbox::Options;
use serde_json::Value;

use crate::support::{Cluster, Environment, data};

const ALL: &str = "schema = \"keepdocker.policy/1\"\n\
    [[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"test\"\n";

/// A cluster whose Keep services speak plain HTTP, and an environment for it.
fn detoured() -> (Cluster, Environment) {
    let cluster = Cluster::with(Options {
        is_keep_encrypted: false,
        ..Options::default()
    });
    let environment = Environment::on(&cluster);
    (cluster, environment)
}

/// A policy that allows everything and demands these endpoints.
fn demanding(endpoints: &str) -> String {
    ALL.replacen(
        "[[allow]]",
        &format!("endpoints = \"{endpoints}\"\n[[allow]]"),
        1,
    )
}

fn policy(environment: &Environment, text: &str) -> String {
    let file = environment.home().join("policy.toml");
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

/// The first entry of the newest audit log.
fn opening(environment: &Environment) -> Value {
    let exported = environment
        .keepdocker(&["audit", "export", "last"])
        .success();
    let exported: Value = serde_json::from_str(&exported).unwrap();
    exported["lines"][0].clone()
}

#[test]
fn services_from_the_environment_are_told_under_a_policy_about_clusters_and_recorded() {
    let (cluster, mut environment) = detoured();
    let root = cluster.keep_urls().remove(0);
    environment.set("ARVADOS_KEEP_SERVICES", &root);
    let archive = format!("docker-archive:{}", data("tiny-docker20.10.tar").display());
    let upload = ["upload", "--force", "--from", &archive];

    // Without a policy that speaks of clusters it is the user's own affair, and recorded all the same.
    let quiet = environment.keepdocker(&upload);
    assert!(!quiet.stderr.contains("ARVADOS_KEEP_SERVICES"), "{quiet}");
    let _ = quiet.success();
    let recorded = opening(&environment);
    let first = recorded["connection"]["keep_services"][0].as_str().unwrap();
    assert_eq!(first.trim_end_matches('/'), root.trim_end_matches('/'));
    assert_eq!(recorded["connection"]["certificates_checked"], true);
    let shown = environment.keepdocker(&["audit", "show", "last"]).success();
    assert!(shown.contains(&format!("Keep at {root}")), "{shown}");

    let bounded = policy(
        &environment,
        &format!(
            "schema = \"keepdocker.policy/1\"\n\
             [[allow]]\nid = \"here\"\nreason = \"test\"\nverbs = [\"log.*\", \"engine.*\", \"archives.*\", \"locks.*\"]\n\
             [[allow]]\nid = \"there\"\nreason = \"test\"\nclusters = [\"{}\"]\n\
             verbs = [\"keep.*\", \"cluster.*\", \"users.*\", \"projects.*\", \"links.*\", \"collections.*\"]\n",
            cluster.api_host()
        ),
    );
    let told = environment.keepdocker(&[&["--policy", &bounded][..], &upload].concat());
    for words in [
        "warning: ARVADOS_KEEP_SERVICES is set, so the token and the data go to ",
        "over plain HTTP",
        "the policy limits only the API host",
    ] {
        assert!(told.stderr.contains(words), "{words}\n{told}");
    }
    let _ = told.success();
}

#[test]
fn a_policy_can_demand_the_endpoints_that_the_cluster_vouches_for() {
    let (cluster, mut environment) = detoured();
    let strict = policy(&environment, &demanding("cluster"));
    let _ = environment
        .keepdocker(&["--policy", &strict, "images"])
        .success();
    let root = cluster.keep_urls().remove(0);
    for (name, value) in [
        ("ARVADOS_KEEP_SERVICES", root.as_str()),
        ("ARVADOS_KEEP_PROXY", root.as_str()),
        ("ARVADOS_API_HOST_INSECURE", "yes"),
    ] {
        environment.set(name, value);
        let requests = cluster.log().entries().len();
        let planned = environment.keepdocker(&["--policy", &strict, "plan", "lab/tool:1"]);
        assert_eq!(planned.status.code(), Some(3), "{name}: {planned}");
        let denied = environment.keepdocker(&["--policy", &strict, "images"]);
        assert_eq!(denied.status.code(), Some(3), "{name}: {denied}");
        assert!(
            denied.stderr.contains("why: `endpoints` is `cluster` ("),
            "{denied}"
        );
        // A layer that asks for less takes nothing back.
        let loose = environment.home().join("loose.toml");
        fs::write(&loose, demanding("any")).unwrap();
        let loose = loose.to_str().unwrap();
        let still = environment.keepdocker(&["--policy", &strict, "--policy", loose, "images"]);
        assert_eq!(still.status.code(), Some(3), "{name}: {still}");
        assert_eq!(
            cluster.log().entries().len(),
            requests,
            "{name}: a request was sent"
        );
        environment.set(name, "");
    }
}

#[test]
fn unchecked_certificates_are_told_under_a_policy_about_clusters_in_both_programs() {
    let (_cluster, mut environment) = detoured();
    environment.set("ARVADOS_API_HOST_INSECURE", "1");
    let text = ALL.to_owned()
        + "[[deny]]\nid = \"elsewhere\"\nreason = \"test\"\nclusters = [\"other.example.org\"]\nverbs = [\"links.list\"]\n";
    let folder = environment.home().join("config/keepdocker");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("policy.toml"), text).unwrap();
    for output in [
        environment.keepdocker(&["images"]),
        environment.arv_keepdocker::<&str>(&[]),
    ] {
        assert!(
            output.stderr.contains("no certificate is checked"),
            "{output}"
        );
        let _ = output.success();
    }
    assert_eq!(
        opening(&environment)["connection"]["certificates_checked"],
        false
    );
}
