//! The program's own confinement: that it is in force in the program, and not in the engine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{Cluster, Environment};

#[test]
fn the_policy_verb_tells_what_the_program_denies_itself() {
    let environment = Environment::new();
    let text = environment.keepdocker(&["policy", "show"]).success();
    let shown = environment
        .keepdocker(&["policy", "show", "--json"])
        .success();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let measures = shown["confinement"].as_array().unwrap();
    assert!(!measures.is_empty());
    for measure in measures {
        let name = measure["name"].as_str().unwrap();
        let line = match measure["lacking"].as_str() {
            None => format!("  {name}: {}\n", measure["denies"].as_str().unwrap()),
            Some(reason) => format!("  {name}: not in force: {reason}\n"),
        };
        assert!(text.contains(&line), "{line} is not in:\n{text}");
        assert_eq!(measure["in_force"], measure["lacking"].is_null());
    }
}

/// A program in the engine's place tells what it was given.
#[test]
fn an_engine_gets_neither_the_token_nor_the_confinement() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    let folder = environment.home().to_owned();
    let engine = folder.join("engine");
    fs::write(
        &engine,
        format!(
            "#!/bin/sh\nenv >>{0}/environment\ngrep -E '^(Seccomp|NoNewPrivs):' /proc/self/status \
             >>{0}/status\necho 'Error: No such image' >&2\nexit 1\n",
            folder.display()
        ),
    )
    .unwrap();
    fs::set_permissions(&engine, fs::Permissions::from_mode(0o755)).unwrap();
    environment.set("SECRET_OF_ANOTHER_PROGRAM", "s3cr3t");

    environment
        .keepdocker(&["--engine", engine.to_str().unwrap(), "upload", "lab/none:1"])
        .failure(4);

    let given = fs::read_to_string(folder.join("environment")).unwrap();
    assert!(given.contains("PATH="), "{given}");
    for withheld in ["ARVADOS", cluster.token().as_str(), "s3cr3t"] {
        assert!(!given.contains(withheld), "{given}");
    }
    let ours = fs::read_to_string("/proc/self/status").unwrap();
    let theirs = fs::read_to_string(folder.join("status")).unwrap();
    for line in theirs.lines() {
        assert!(ours.contains(line), "{line} is not in:\n{ours}");
    }
}
