//! The tab key in real shells: names of images of the cluster and of the engine, in time, and not a word where there are none.

mod shells;

use std::fs;
use std::time::{Duration, Instant};

use keepdocker_sandbox::faults::{Action, Fault};
use serde_json::json;

use crate::support::{Cluster, Environment, Made};
use shells::{asked, bash, fish, zsh};

/// A cluster with these images.
fn cluster_with(names: &[&str]) -> (Cluster, Environment) {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    for (number, name) in (100..).zip(names) {
        let archive = environment.home().join("image.tar");
        fs::write(&archive, Made::of(&[(number, 100)]).saved(&[*name])).unwrap();
        let words = ["push", archive.to_str().unwrap()];
        let _ = environment.keepdocker(&words).success();
    }
    shells::install(&mut environment);
    (cluster, environment)
}

#[test]
fn every_command_and_option_is_offered() {
    let environment = Environment::new();
    for shell in ["bash", "fish", "powershell", "elvish", "zsh"] {
        let of = |words: &[&str]| asked(&environment, shell, words).success();
        for (words, expected) in [
            (&["keepdocker", "upl"][..], "upload"),
            (&["keepdocker", "policy", "exp"], "explain"),
            (&["keepdocker", "upload", "--proj"], "--project"),
            (&["keepdocker", "images", "--po"], "--policy"),
            (&["keepdocker", "images", "--sort", ""], "created"),
        ] {
            let offered = of(words);
            assert!(offered.contains(expected), "{shell} {words:?}: {offered}");
        }
    }
}

#[test]
fn bash_completes_the_name_of_an_image_in_the_cluster() {
    let (_cluster, environment) = cluster_with(&["busybox:1.36", "lab/tool:1.2", "lab/tool:1.3"]);
    for (typed, expected) in [
        ("keepdocker save bus", "keepdocker save busybox:1.36 "),
        ("keepdocker upl", "keepdocker upload "),
        // Bash takes words apart at colons.
        ("keepdocker save busybox:1", "keepdocker save busybox:1.36 "),
        ("keepdocker save lab/t", "keepdocker save lab/tool:1."),
        (
            "keepdocker rm busybox:1.36 lab/tool:1.3",
            "keepdocker rm busybox:1.36 lab/tool:1.3 ",
        ),
        (
            "keepdocker images --sort=cr",
            "keepdocker images --sort=created ",
        ),
        ("keepdocker save nothing", "keepdocker save nothing"),
    ] {
        assert_eq!(bash(&environment, typed), expected, "{typed}");
    }
}

#[test]
fn zsh_and_fish_complete_it_too() {
    let (_cluster, environment) = cluster_with(&["busybox:1.36", "lab/tool:1.2"]);
    if let Some(line) = zsh(&environment, "keepdocker save bus") {
        assert!(line.contains("busybox:1.36"), "{line}");
    }
    if let Some(lines) = fish(&environment, "keepdocker save bus") {
        assert_eq!(lines.trim(), "busybox:1.36");
    }
}

#[test]
fn an_upload_is_offered_what_the_engine_has_and_the_policy_allows() {
    let (_cluster, mut environment) = cluster_with(&["busybox:1.36"]);
    let engine = shells::script(
        &environment,
        "engine",
        "case \"$1 $2\" in 'image ls') printf 'lab/here:1\\nevil/here:1\\n<none>:<none>\\n' ;; esac",
    );
    environment.set("KEEPDOCKER_ENGINE", engine);
    assert_eq!(
        bash(&environment, "keepdocker upload lab/h"),
        "keepdocker upload lab/here:1 "
    );
    // A cluster is not needed for that.
    environment.unset("ARVADOS_API_TOKEN");
    assert_eq!(
        bash(&environment, "keepdocker upload evil/h"),
        "keepdocker upload evil/here:1 "
    );
    let policy = environment.home().join("policy.toml");
    let text = "schema = \"keepdocker.policy/1\"\n[[allow]]\nid = \"lab\"\nverbs = [\"engine.find\"]\n\
                repositories = [\"lab/**\"]\nreason = \"ours\"\n";
    fs::write(&policy, text).unwrap();
    let offered = |name: &str| {
        let words = [
            "keepdocker",
            "--policy",
            policy.to_str().unwrap(),
            "upload",
            name,
        ];
        asked(&environment, "fish", &words).success()
    };
    assert_eq!(offered("lab/h").trim(), "lab/here:1");
    assert_eq!(offered("evil/h"), "");
}

#[test]
fn whatever_is_wrong_nothing_is_said_and_nobody_waits() {
    let (cluster, mut environment) = cluster_with(&["busybox:1.36"]);
    let quiet = |environment: &Environment, words: &[&str]| {
        let began = Instant::now();
        let output = asked(environment, "bash", words);
        let took = began.elapsed();
        assert_eq!(output.success(), "", "{words:?}");
        assert_eq!(output.stderr, "", "{words:?}");
        // The deadline is a second; the rest is what a busy machine adds.
        assert!(took < Duration::from_secs(4), "{words:?}: {took:?}");
    };
    let save = ["keepdocker", "save", "bus"];
    assert_eq!(
        asked(&environment, "bash", &save).success().trim(),
        "busybox:1.36"
    );

    // A policy that allows no look, and one that demands a log of each.
    let policy = environment.home().join("policy.toml");
    let given = [
        "keepdocker",
        "--policy",
        policy.to_str().unwrap(),
        "save",
        "bus",
    ];
    for text in [
        "[[deny]]\nid = \"none\"\nverbs = [\"links.list\"]\nreason = \"none\"\n",
        "[audit]\nrequired = true\n[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"all\"\n",
        "no policy",
    ] {
        fs::write(&policy, format!("schema = \"keepdocker.policy/1\"\n{text}")).unwrap();
        quiet(&environment, &given);
    }

    // A token that is not accepted, and a cluster or an engine that does not answer.
    let token = environment.variable("ARVADOS_API_TOKEN").to_owned();
    environment.set("ARVADOS_API_TOKEN", "wrong-and-secret-token");
    quiet(&environment, &save);
    environment.set("ARVADOS_API_TOKEN", token);
    cluster
        .faults()
        .plan(Fault::on("/links", Action::Delay(Duration::from_secs(30))).times(9));
    quiet(&environment, &save);
    let engine = shells::script(&environment, "engine", "sleep 30");
    let upload = ["keepdocker", "--engine", &engine, "upload", "bus"];
    quiet(&environment, &upload);
    environment.unset("ARVADOS_API_HOST");
    quiet(&environment, &save);
}

#[test]
fn a_key_that_is_pressed_leaves_no_log_and_a_hostile_name_is_not_offered() {
    let (cluster, environment) = cluster_with(&["busybox:1.36"]);
    let user = cluster.user_uuid();
    let collection = cluster.only_collection()["uuid"].clone();
    cluster
        .seed()
        .links(&[json!({
            "link_class": "docker_image_repo+tag", "name": "busy$(touch here):1",
            "owner_uuid": user, "head_uuid": collection,
        })])
        .unwrap();
    let logs = || {
        fs::read_dir(environment.home().join("state/keepdocker/audit"))
            .unwrap()
            .count()
    };
    let before = logs();
    let offered = asked(&environment, "bash", &["keepdocker", "save", "bus"]).success();
    assert_eq!(offered.trim(), "busybox:1.36");
    assert_eq!(logs(), before);
    let listed = environment.keepdocker(&["images"]).success();
    assert!(listed.contains("touch here"), "{listed}");
}
