//! What the command line offers beside its commands: help, versions, completions, manual pages, colours, forms of
//! answers.

use std::fs;

use serde_json::Value;

use crate::support::{Cluster, Environment, Made, digest};

/// A cluster with these images, each of its own.
fn cluster_with(names: &[&str]) -> (Cluster, Environment) {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    for (number, name) in (100..).zip(names) {
        let archive = environment.home().join("image.tar");
        fs::write(&archive, Made::of(&[(number, 100)]).saved(&[*name])).unwrap();
        let words = ["push", archive.to_str().unwrap()];
        let _ = environment.keepdocker(&words).success();
    }
    (cluster, environment)
}

#[test]
fn scripts_for_shells_and_manual_pages_know_every_command() {
    let environment = Environment::new();
    // What they offer is asked of the program: `completion`.
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = environment.keepdocker(&["completions", shell]).success();
        let asks = format!("KEEPDOCKER_COMPLETE=\"{shell}\"");
        let asks = [
            asks.replace('"', ""),
            asks,
            "$env:KEEPDOCKER_COMPLETE".into(),
        ];
        assert!(asks.iter().any(|asks| script.contains(asks)), "{script}");
        if shell == "bash" {
            let file = environment.home().join("completions");
            fs::write(&file, &script).unwrap();
            let check = "source \"$0\"; complete -p keepdocker";
            let words = ["-euc", check, file.to_str().unwrap()];
            let output = environment.run("bash", &words);
            assert!(output.success().contains("_keepdocker"), "{shell}");
        }
    }
    let page = environment.keepdocker(&["man"]).success();
    assert!(page.contains(".TH keepdocker 1"), "{page}");
    let folder = environment.home().join("pages");
    let words = ["man", "--directory", folder.to_str().unwrap()];
    let output = environment.keepdocker(&words);
    assert!(output.failure(1).contains("pages"), "{output}");
    fs::create_dir(&folder).unwrap();
    let _ = environment.keepdocker(&words).success();
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert!(read("arv-keepdocker.1").contains("force\\-image\\-format"));
    assert!(read("keepdocker-upload.1").contains("block\\-layout"));
    assert!(read("keepdocker-policy-explain.1").contains("cluster\\-id"));
    assert!(!folder.join("keepdocker-help.1").exists());
}

#[test]
fn the_long_version_names_the_component_that_is_embedded() {
    let environment = Environment::new();
    let short = environment.keepdocker(&["-V"]).success();
    assert_eq!(short.lines().count(), 1, "{short}");
    let long = environment.keepdocker(&["--version"]).success();
    let file = environment.home().join("component.wasm");
    let words = ["component", "extract", "--output", file.to_str().unwrap()];
    let _ = environment.keepdocker(&words).success();
    let component = digest(&fs::read(&file).unwrap());
    assert!(long.starts_with(short.trim_end()), "{long}");
    assert!(long.contains(&format!("component {component}")), "{long}");
}

#[test]
fn a_failure_is_json_where_the_answer_would_be() {
    let (_cluster, mut environment) = cluster_with(&[]);
    for words in [
        &["resolve", "lab/none:1", "--json"][..],
        &["load", "lab/none:1", "--json"],
        &["images", "aaaaaaaaaaaa", "--format", "json"],
    ] {
        let output = environment.keepdocker(words);
        assert_eq!(output.status.code(), Some(4), "{output}");
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["schema"], "keepdocker.failure/1");
        assert_eq!(told["exit"], 4);
        assert_eq!(told["page"], Value::Null);
        let message = told["message"].as_str().unwrap();
        assert!(output.stderr.contains(message), "{output}");
    }
    // What has answered already says no more there.
    let output = environment.keepdocker(&["save", "lab/none:1", "--json", "-o", "-"]);
    assert_eq!(output.stdout(), "", "{output}");
    let output = environment.keepdocker(&["resolve", "lab/none:1"]);
    assert_eq!(output.stdout(), "", "{output}");
    // Where a page explains it, both name the page; the drop-in has its own words.
    environment.set("ARVADOS_API_TOKEN", "nobodys");
    let output = environment.keepdocker(&["images", "--json"]);
    assert_eq!(output.status.code(), Some(7), "{output}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["page"], "docs/configuration.md");
    assert!(
        output.stderr.ends_with("\nsee: docs/configuration.md\n"),
        "{output}"
    );
    let output = environment.arv_keepdocker::<&str>(&[]);
    assert!(!output.failure(1).contains("see: "), "{output}");
}

#[test]
fn colours_are_there_where_they_are_asked_for() {
    let mut environment = Environment::new();
    let words = ["apply", "no-such-plan"];
    let plain = environment.keepdocker(&words).failure(1).to_owned();
    assert!(!plain.contains('\u{1b}'), "{plain}");
    environment.set("NO_COLOR", "1");
    let colored = environment.keepdocker(&["--color=always", "apply", "no-such-plan"]);
    assert!(
        colored
            .failure(1)
            .starts_with("\u{1b}[1;31merror:\u{1b}[0m "),
        "{colored}"
    );
    assert!(colored.stderr.contains("\u{1b}[1;36mhint:"), "{colored}");
    let drop_in = environment.arv_keepdocker(&["lab/none"]);
    assert!(!drop_in.stderr.contains('\u{1b}'), "{drop_in}");
}

#[test]
fn names_that_may_have_been_meant_are_suggested() {
    let (_cluster, environment) = cluster_with(&["lab/big:2", "hello-world:1"]);
    for (words, mention) in [
        (&["resolve", "lab/big"][..], "did you mean `lab/big:2`?"),
        (&["load", "helo-world:1"], "did you mean `hello-world:1`?"),
        (&["repair", "lab/big:3"], "did you mean `lab/big:2`?"),
    ] {
        let output = environment.keepdocker(words);
        assert!(output.failure(4).contains(mention), "{output}");
    }
    let output = environment.keepdocker(&["images", "lab/big:3"]);
    assert!(
        output.stderr.contains("did you mean `lab/big:2`?"),
        "{output}"
    );
    let output = environment.keepdocker(&["resolve", "quite/another:1"]);
    assert!(!output.failure(4).contains("did you mean"), "{output}");
    // Nothing looks like what is no name, so nothing is listed for it: one command, one run, one log.
    let folder = environment.home().join("state/keepdocker/audit");
    let logs = || {
        let files = std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap());
        let names = files.map(|it| it.file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".jsonl")).count()
    };
    for name in [
        "https://me:secret@lab.example/lab/big:2",
        "me:secret@lab.example/lab/big:2",
    ] {
        let before = logs();
        let output = environment.keepdocker(&["resolve", name]);
        assert!(!output.failure(4).contains("secret"), "{output}");
        assert_eq!(logs(), before + 1, "{name}");
    }
}

#[test]
fn the_doctor_looks_at_each_thing_by_itself() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    environment.set("KEEPDOCKER_ENGINE", "no-such-engine");
    let words = ["doctor", "--json", "--retries", "0"];
    let states = |told: &str| -> Vec<(String, String)> {
        let told: Value = serde_json::from_str(told).unwrap();
        let findings = told["findings"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        findings
            .map(|finding| (text(&finding["what"]), text(&finding["state"])))
            .collect()
    };
    let found = states(&environment.keepdocker(&words).success());
    for (what, state) in &found {
        let expected = if what == "engine" { "warning" } else { "ok" };
        assert_eq!(state, expected, "{what}");
    }
    for what in ["cluster", "token", "Keep", "policy", "cache", "audit log"] {
        assert!(found.iter().any(|(known, _)| known == what), "{what}");
    }
    cluster.assert_nothing_registered();

    environment.set("ARVADOS_API_TOKEN", "v2/kdbox-gj3su-000000000000000/wrong");
    let output = environment.keepdocker(&words);
    let message = output.failure(1).to_owned();
    assert!(message.contains("not as it should be: token"), "{message}");
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    let found = states(told.lines().next().unwrap());
    assert!(
        found.contains(&("cluster".into(), "ok".into())),
        "{found:?}"
    );
    assert!(
        found.contains(&("token".into(), "failed".into())),
        "{found:?}"
    );
    assert_eq!(told.lines().count(), 1, "one answer only: {told}");
    let output = environment.keepdocker(&["doctor", "--retries", "0"]);
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("failed    token"),
        "{output}"
    );

    // Without settings there are findings all the same.
    environment.set("ARVADOS_API_TOKEN", "");
    let output = environment.keepdocker(&words);
    let message = output.failure(1).to_owned();
    assert!(message.contains("not as it should be: set-up"), "{message}");
    let found = states(&String::from_utf8(output.stdout.clone()).unwrap());
    for (what, state) in [("set-up", "failed"), ("policy", "ok"), ("component", "ok")] {
        assert!(found.contains(&(what.into(), state.into())), "{found:?}");
    }
}

#[test]
fn the_doctor_sees_that_no_log_can_be_kept() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let policy = environment.home().join("policy.toml");
    for (rules, state, told) in [
        (
            "directory = \"/dev/null/audit\"",
            "warning",
            "cannot write to `/dev/null/audit`",
        ),
        (
            "system-log = \"/dev/null/log\"\non-failure = \"stop\"",
            "failed",
            "the system's log at `/dev/null/log`",
        ),
    ] {
        let text = format!("schema = \"keepdocker.policy/1\"\n[audit]\n{rules}\n");
        std::fs::write(&policy, text).unwrap();
        let words = ["--policy", policy.to_str().unwrap(), "doctor", "--json"];
        let output = environment.keepdocker(&words);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = answer["findings"].as_array().unwrap();
        let log = findings
            .iter()
            .find(|finding| finding["what"] == "audit log");
        let log = log.unwrap();
        assert_eq!(log["state"], state, "{log}");
        assert!(log["told"].as_str().unwrap().contains(told), "{log}");
    }
}

#[test]
fn whoever_asks_for_json_gets_it_of_a_wrong_command_line_too() {
    let environment = Environment::new();
    for (words, mention) in [
        (&["upload", "--jsn", "--json"][..], "--jsn"),
        (&["resolve", "--json"], "required"),
        (&["images", "--format", "json", "--nothing"], "--nothing"),
    ] {
        let output = environment.keepdocker(words);
        output.failure(2);
        let failure: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(failure["schema"], "keepdocker.failure/1");
        assert_eq!(failure["exit"], 2);
        assert!(
            failure["message"].as_str().unwrap().contains(mention),
            "{failure}"
        );
    }
    for words in [&["upload", "--jsn"][..], &["resolve", "--", "--json", "x"]] {
        let output = environment.keepdocker(words);
        output.failure(2);
        assert!(output.stdout.is_empty(), "{output}");
    }
}

#[test]
fn words_of_other_tools_lead_on() {
    let environment = Environment::new();
    for (word, mention) in [
        ("rmi", "keepdocker untag NAME"),
        ("cp", "--from"),
        ("logout", "ARVADOS_API_TOKEN"),
        ("version", "--version"),
    ] {
        let output = environment.keepdocker(&[word]);
        let message = output.failure(2);
        assert!(
            message.contains("hint: ") && message.contains(mention),
            "{output}"
        );
    }
}

#[test]
fn what_is_easily_mistaken_leads_on() {
    let (_cluster, environment) = cluster_with(&[]);
    let archive = environment.home().join("image.tar");
    fs::write(&archive, Made::of(&[(1, 100)]).saved(&["lab/a:1"])).unwrap();
    let archive = archive.to_str().unwrap();
    let refused = |code: i32, words: &[&str], said: &str| {
        let output = environment.keepdocker(words);
        assert!(output.failure(code).contains(said), "{output}");
    };
    refused(2, &["upload", archive, "--tag", "x"], "a part of the name");
    refused(
        2,
        &["upload", archive, "--replication", "0"],
        "--replication",
    );
    refused(2, &["cache", "clean", "--older-than", "7"], "with a unit");
    refused(2, &["cache", "clean", "--max-size", "10"], "with a unit");
    let plan = ["plan", archive, "--output", "plan.json"];
    let _ = environment.keepdocker(&plan).success();
    refused(1, &plan, "it is there already, and stays");
    // Who types at a terminal has no archive.
    let program = env!("CARGO_BIN_EXE_keepdocker");
    let line = format!("{program} upload --from - lab/a:1");
    let words = ["--quiet", "--return", "--command", &line, "/dev/null"];
    let output = environment.run("script", &words);
    assert!(
        output.stdout().contains("not read from a terminal"),
        "{output}"
    );
    assert_eq!(output.status.code(), Some(2), "{output}");
}

#[test]
fn a_listing_is_filtered_sorted_and_printed_as_asked() {
    let (_cluster, environment) = cluster_with(&["lab/b:1", "lab/a:2", "other/c:1"]);
    let listed = |words: &[&str]| environment.keepdocker(&[&["ls"], words].concat()).success();
    let template = "{{.Repository}}:{{.Tag}}";
    assert_eq!(
        listed(&["--sort=name", "--format", template]),
        "lab/a:2\nlab/b:1\nother/c:1\n"
    );
    assert_eq!(
        listed(&["--sort=name", "--filter=lab/*", "--format", template]),
        "lab/a:2\nlab/b:1\n"
    );
    let csv = listed(&["--filter=other/c", "--format=csv"]);
    let rows: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(rows[0], "repository,tag,id,collection,created");
    assert!(rows[1].starts_with("other/c,1,sha256:"), "{csv}");
    assert_eq!(listed(&["--json"]), listed(&["--format=json"]));

    let output = environment.keepdocker(&["images", "lab/a:3"]);
    assert_eq!(output.success().lines().count(), 1, "{output}");
    assert!(
        output.stderr.contains("did you mean `lab/a:2`?"),
        "{output}"
    );
    // A repository has tags, and a pattern may stand where a name does, as a narrow terminal shows it too.
    for (asked, expected) in [
        ("lab/a", "lab/a:2\n"),
        ("lab/*", "lab/a:2\nlab/b:1\n"),
        ("la…:1", "lab/b:1\n"),
    ] {
        let words = [asked, "--sort=name", "--format", template];
        assert_eq!(listed(&words), expected, "{asked}");
    }
    let output = environment.keepdocker(&["images", "--filter=nobody/*"]);
    assert!(
        output.stderr.contains("without the pattern there are 3"),
        "{output}"
    );
    let output = environment.keepdocker(&["images", "--format", "{{.Architecture}}"]);
    assert!(output.failure(2).contains("no field"), "{output}");
}
