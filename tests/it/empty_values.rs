//! Options that are empty because a variable was not set: not given, or refused; see `docs/compatibility.md`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use keepdocker::testing::VARIABLES;
use serde_json::json;

use crate::support::{Cluster, Environment, Output, StandIn, data};

const TABLE: &str = include_str!("../../docs/compatibility.md");

/// Runs one of the programs as built.
type Program = fn(&Environment, &[&str]) -> Output;

#[test]
fn what_is_not_given_makes_no_second_collection() {
    let drop_in: Program = |environment, words| environment.arv_keepdocker(words);
    let upload: Program = |environment, words| {
        environment.keepdocker(&[&["upload", "--project-uuid="][..], words].concat())
    };
    for program in [drop_in, upload] {
        let cluster = Cluster::start();
        let mut environment = Environment::on(&cluster);
        StandIn::new().install(&mut environment);
        environment.set("KEEPDOCKER_ENGINE", "");
        let mut printed = Vec::new();
        for words in [
            &["hello-world"][..],
            &["--project-uuid=", "hello-world"],
            &["--project-uuid", "", "hello-world", ""],
            &["--project-uuid=  ", "--name=", "hello-world", "latest"],
            &["--name", "", "hello-world:latest"],
        ] {
            let output = program(&environment, words);
            printed.push(output.success().trim().to_owned());
        }
        printed.dedup();
        assert_eq!(json!(printed), json!([cluster.only_collection()["uuid"]]));
        for class in ["docker_image_hash", "docker_image_repo+tag"] {
            assert_eq!(cluster.links_of(class).len(), 1, "{class}");
        }
        assert_eq!(cluster.only_collection()["owner_uuid"], cluster.user_uuid());
        let name = cluster.only_collection()["name"].clone();
        assert!(
            name.as_str().unwrap().starts_with("Docker image "),
            "{name}"
        );
    }
}

#[test]
fn an_empty_name_is_that_of_the_image_from_the_first_upload_on() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    StandIn::new().install(&mut environment);
    let plan = environment.keepdocker(&["plan", "--project-uuid=", "--name=", "hello-world"]);
    let plan = plan.success();
    assert!(!plan.contains("\"\"") && !plan.contains(" in \n"), "{plan}");
    let words = ["--project-uuid=", "--name=", "hello-world"];
    let _ = environment.arv_keepdocker(&words).success();
    let name = cluster.only_collection()["name"].clone();
    assert_eq!(name, "Docker image hello-world:latest sha256:d2c94");
}

#[test]
fn a_list_of_no_project_is_the_list_of_all() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let archive = format!(
        "docker-archive:{}",
        data("hello-world-ManifestV2.tar").display()
    );
    let _ = environment
        .keepdocker(&["upload", "--from", &archive])
        .success();
    for words in [&["--project-uuid="][..], &["--project-uuid", "", "images"]] {
        let listed = environment.arv_keepdocker(words).success();
        assert!(listed.contains("hello-world"), "{listed}");
    }
    let words = ["images", "--project-uuid=", "hello-world", ""];
    let listed = environment.keepdocker(&words).success();
    assert!(listed.contains("hello-world"), "{listed}");
}

/// Where going on would do something else than what was asked for, nothing is done.
#[test]
fn an_empty_value_that_matters_is_refused_before_anything_is_done() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    StandIn::new().install(&mut environment);
    for (words, called) in [
        (&["upload", "hello-world", "--policy="][..], "--policy"),
        (&["--policy", "", "upload", "hello-world"], "--policy"),
        (&["upload", "hello-world", "--component="], "--component"),
        (&["upload", "hello-world", "--sandbox="], "--sandbox"),
        (&["upload", "hello-world", "--engine="], "--engine"),
        (&["upload", "hello-world", "--from="], "--from"),
        (&["upload", "hello-world", "--platform= "], "--platform"),
        (&["upload", "hello-world", "--pull="], "--pull"),
        (
            &["upload", "hello-world", "--storage-classes="],
            "--storage-classes",
        ),
        (&["upload", ""], "IMAGE"),
        (&["images", ""], "IMAGE"),
        (&["resolve", ""], "IMAGE"),
        (&["load", ""], "IMAGE"),
        (&["save", "hello-world", "-o", ""], "--output"),
        (&["cache", "clean", "--older-than="], "--older-than"),
        (&["cache", "clean", "--max-size="], "--max-size"),
        (&["audit", "verify", "--against="], "--against"),
        (&["audit", "verify", ""], "RUN"),
    ] {
        let output = environment.keepdocker(words);
        let message = output.failure(2);
        assert!(
            message.contains(&format!("`{called}` is empty")) && message.contains("--help"),
            "{output}"
        );
        assert!(message.contains("Usage: keepdocker "), "{output}");
        assert_eq!(output.stdout(), "", "{output}");
    }
    for (words, called) in [
        (&["--retries=", "hello-world"][..], "--retries"),
        (&["", "latest"], "IMAGE"),
        (&[""], "IMAGE"),
    ] {
        let output = environment.arv_keepdocker(words);
        let message = output.failure(2);
        assert!(
            message.contains(&format!("`{called}` is empty")),
            "{output}"
        );
        assert!(message.contains("usage: arv-keepdocker "), "{output}");
    }
    cluster.assert_nothing_registered();
    assert_eq!(cluster.log().count("GET", "/arvados/v1/links"), 0);
}

#[test]
fn what_is_no_text_is_named_and_a_path_need_not_be_text() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    let odd = |text: &[u8]| OsString::from_vec(text.to_vec());
    let folder = environment.home().join(odd(b"caf\xe9"));
    std::fs::create_dir(&folder).unwrap();
    let archive = folder.join("saved.tar");
    std::fs::copy(data("hello-world-ManifestV2.tar"), &archive).unwrap();
    let mut source = OsString::from("docker-archive:");
    source.push(&archive);

    let words = [odd(b"upload"), odd(b"--name=caf\xe9"), odd(b"hello-world")];
    let refused = environment.keepdocker(&words);
    assert!(
        refused
            .failure(2)
            .contains("`--name` is not UTF-8: caf\u{fffd}"),
        "{refused}"
    );
    let refused = environment.arv_keepdocker(&[odd(b"caf\xe9")]);
    assert!(
        refused
            .failure(2)
            .contains("`IMAGE` is not UTF-8: caf\u{fffd}"),
        "{refused}"
    );
    let words = [odd(b"plan"), odd(b"--from"), source.clone()];
    let refused = environment.keepdocker(&words);
    assert!(refused.failure(2).contains("is not UTF-8"), "{refused}");
    refused.assert_told_to_people(&[]);

    let words = [odd(b"upload"), odd(b"--from"), source];
    let uuid = environment.keepdocker(&words).success();
    assert_eq!(cluster.only_collection()["uuid"], uuid.trim());

    environment.set("KEEPDOCKER_ENGINE", odd(b"/opt/caf\xe9/docker"));
    let refused = environment.keepdocker(&["upload", "hello-world"]);
    assert!(
        refused
            .failure(2)
            .contains("the variable `KEEPDOCKER_ENGINE` is not UTF-8: /opt/caf\u{fffd}/docker"),
        "{refused}"
    );
}

/// What of a run does not depend on its time and process.
fn essence(output: &Output) -> (Option<i32>, String, Vec<String>) {
    let told = output.stderr.lines().map(|line| {
        let (_, text) = line.rsplit_once("] ").unwrap_or(("", line));
        text.to_owned()
    });
    (output.status.code(), output.stdout(), told.collect())
}

#[test]
fn an_empty_variable_is_as_the_table_says() {
    let cluster = Cluster::start();
    let archive = data("hello-world-ManifestV2.tar");
    let source = format!("docker-archive:{}", archive.display());
    let upload: Program = |environment, words| environment.keepdocker(words);
    let drop_in: Program = |environment, words| environment.arv_keepdocker(words);
    let runs: [(Program, &[&str], &str); 2] = [
        (upload, &["upload", "--quiet", "--from", &source], ""),
        (drop_in, &["hello-world"], "  "),
    ];
    for &variable in VARIABLES {
        let row = TABLE
            .lines()
            .find(|line| line.contains(&format!("`{variable}`")) && line.contains("` | "))
            .and_then(|line| line.split(" | ").nth(1));
        let row = row.unwrap_or_else(|| panic!("{variable} has no row"));
        for (program, words, empty) in runs {
            let mut environment = Environment::on(&cluster);
            StandIn::new().install(&mut environment);
            environment.unset(variable);
            let without = program(&environment, words);
            environment.set(variable, empty);
            let with = program(&environment, words);
            if row.starts_with("as if the variable were not set") {
                assert_eq!(essence(&with), essence(&without), "{variable}");
                continue;
            }
            assert!(row.starts_with("refused: exit code 7"), "{variable}: {row}");
            assert!(matches!(with.status.code(), Some(1 | 7)), "{with}");
            let told = format!("{variable} is set, but empty");
            assert!(with.stderr.contains(&told), "{with}");
        }
    }
}
