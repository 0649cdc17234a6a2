//! A machine without room, without folders, without a home.

use std::process::{Command, Stdio};

use super::check;
use crate::support::{Cluster, Environment, Output, StandIn, skip};

const PROGRAM: &str = env!("CARGO_BIN_EXE_arv-keepdocker");

/// Returns an environment whose engine has the hello-world image.
fn environment(cluster: &Cluster) -> Environment {
    let mut environment = Environment::on(cluster);
    StandIn::new().install(&mut environment);
    environment
}

#[test]
fn a_cache_that_cannot_be_used_is_named() {
    let cluster = Cluster::start();
    for (name, options, mention) in [
        ("no more files", "nr_inodes=1", "No space left"),
        ("read-only", "ro", "Read-only file system"),
    ] {
        let environment = environment(&cluster);
        let script = format!(
            "mount -t tmpfs -o {options} tmpfs \"$XDG_CACHE_HOME\" || exit 99; exec \"$0\" \"$@\""
        );
        let words = ["--mount", "bash", "-c", &script, PROGRAM, "hello-world"];
        let output = environment.run("unshare", &words);
        if output.status.code() == Some(99) || output.stderr.contains("unshare") {
            return skip("the right to mount a small file system");
        }

        told_as_a_warning(name, &output, mention);
    }
    let mut environment = environment(&cluster);
    let obstacle = environment.home().join("obstacle");
    std::fs::write(&obstacle, "").unwrap();
    environment.set("XDG_CACHE_HOME", &obstacle);
    let output = environment.arv_keepdocker(&["hello-world"]);
    told_as_a_warning("no folder", &output, "obstacle");
    let _ = cluster.only_collection();

    // Where another one is used than was meant, that is told.
    let mut environment = self::environment(&cluster);
    environment.set("CACHE_DIRECTORY", "/nonexistent");
    let used = environment.home().join("cache/arvados");
    for words in [&["upload", "hello-world"][..], &["cache", "list"]] {
        let output = environment.keepdocker(words);
        let _ = output.success();
        let line = output
            .stderr
            .lines()
            .find(|line| line.contains("CACHE_DIRECTORY"));
        let line = line.unwrap_or_else(|| panic!("{output}"));
        for word in ["warning: ", "/nonexistent", used.to_str().unwrap()] {
            assert!(line.contains(word), "{output}");
        }
    }
}

/// Asserts that an upload went on without a cache, and said why there is none.
#[track_caller]
fn told_as_a_warning(name: &str, output: &Output, mention: &str) {
    assert!(output.status.success(), "{name}: {output}");
    let warning = output
        .stderr
        .lines()
        .find(|line| line.contains("WARNING: this run goes on without a lock on its image: "));
    let warning = warning.unwrap_or_else(|| panic!("{name}: {output}"));
    assert!(
        warning.contains("cache") && warning.contains(mention),
        "{name}: {output}"
    );
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error_after_all() {
    let cluster = Cluster::start();
    let environment = environment(&cluster);
    for arguments in [&["images"][..], &["hello-world"]] {
        let script = "exec \"$0\" \"$@\" >/dev/full";
        let words = [&["-c", script, PROGRAM], arguments].concat();
        let output = environment.run("bash", &words);

        assert!(output.failure(1).contains("standard output"), "{output}");
        assert!(output.stderr.contains("No space left"), "{output}");
        output.assert_told_to_people(&[&cluster.token()]);
    }
    // The image is there, and the next run tells where.
    let uuid = environment.arv_keepdocker(&["hello-world"]).success();
    assert_eq!(cluster.only_collection()["uuid"], uuid.trim());
}

#[test]
fn limits_of_the_system_are_told_in_a_paragraph() {
    let cluster = Cluster::start();
    let environment = environment(&cluster);
    // Which thread is the first to lack memory differs with each of them.
    let memory = [60_000, 62_500, 65_000, 70_000, 80_000, 100_000, 300_000];
    let memory = memory.map(|limit| format!("-v {limit}"));
    for limit in ["-n 8", "-n 4", "-f 0"]
        .into_iter()
        .chain(memory.iter().map(String::as_str))
    {
        let script = format!("ulimit {limit} && exec \"$0\" images");
        let output = environment.run("bash", &["-c", &script, PROGRAM]);
        // Where it gets along with less, so much the better.
        if !output.status.success() {
            check(limit, &cluster, &output, &[]);
        }
    }
}

#[test]
fn nothing_but_the_cluster_need_be_set() {
    let cluster = Cluster::start();
    let with_engine = environment(&cluster);
    for arguments in [&["images"][..], &["hello-world"]] {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .env_clear()
            .envs(cluster.environment());
        command.env("PATH", with_engine.variable("PATH"));
        // The home of the user database is not to be written to.
        command.env("HOME", "/dev/null").stdin(Stdio::null());
        let ended = command.output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert!(!told.contains("panicked"), "{told}");
        let is_listing = arguments == ["images"];
        assert!(ended.status.success(), "{told}");
        assert_eq!(told.contains("CACHE_DIRECTORY"), !is_listing, "{told}");
    }
}

#[test]
fn keys_and_logs_that_are_not_there_are_told_in_sentences() {
    let environment = Environment::new();
    let at = |name: &str| environment.home().join(name).display().to_string();
    std::fs::write(at("there"), "no key").unwrap();
    for (words, code, mention) in [
        (
            ["audit", "keygen", &at("there")].to_vec(),
            1,
            "no key is overwritten",
        ),
        (
            ["audit", "keygen", &at("absent/key")].to_vec(),
            1,
            "the folder that it is to be in does not exist",
        ),
        (
            ["audit", "verify", "--key", &at("absent")].to_vec(),
            2,
            "there is no file of that name",
        ),
        (
            ["audit", "verify", "--key", &at("there")].to_vec(),
            2,
            "does not hold a key",
        ),
        (
            ["audit", "verify", "--against", &at("absent")].to_vec(),
            1,
            "there is no such file",
        ),
    ] {
        let output = environment.keepdocker(&words);
        assert!(
            output.failure(code).contains(mention),
            "{words:?}: {output}"
        );
        output.assert_told_to_people(&[]);
        for raw in ["os error", "entity"] {
            assert!(!output.stderr.contains(raw), "{words:?}: {output}");
        }
    }
}
