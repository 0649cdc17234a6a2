//! The engine's commands, run for real: stand-in programs that answer as engines do.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use keepdocker_archive::ProducerFailure;

use super::*;

/// A stand-in engine, in a folder that vanishes with it.
struct StandIn {
    folder: tempfile::TempDir,
}

impl StandIn {
    /// Makes a program of what a shell does with `$1` and so on.
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("engine");
        // The script is written by a child, as a program that this process has open for writing
        // while another thread forks could not be started.
        let text = format!("#!/bin/sh\ncd '{}'\n{script}\n", folder.path().display());
        std::fs::write(folder.path().join("script"), text).unwrap();
        let copied = std::process::Command::new("cp")
            .arg(folder.path().join("script"))
            .arg(&program)
            .status();
        assert!(copied.unwrap().success());
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        StandIn { folder }
    }

    fn engine(&self) -> Engine {
        Engine::new(self.path("engine").to_str())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

#[tokio::test]
async fn images_are_described() {
    let stand_in = StandIn::new(
        r#"echo "$@" > arguments
        echo '{"Id":"70a7460c1d522af75cbf6d47be2622f63fc1bc7b517e1fe5870bee89a55dc372","RepoTags":["a:1"],"Os":"linux","Architecture":"amd64"}'
        echo '{"Id":"sha256:be39fa5b79cda59e9d969fee844ebec83635b9e2c40afb463fa88aeb2d8050fe","RepoTags":null,"RepoDigests":["a@sha256:00"]}'"#,
    );
    let images = stand_in.engine().find("a:1").await.unwrap();
    assert_eq!(
        images[0].id,
        "sha256:70a7460c1d522af75cbf6d47be2622f63fc1bc7b517e1fe5870bee89a55dc372"
    );
    assert_eq!(images[0].repo_tags, ["a:1"]);
    assert_eq!(images[0].platform.architecture, "amd64");
    assert_eq!(images[1].repo_digests, ["a@sha256:00"]);
    let arguments = std::fs::read_to_string(stand_in.path("arguments")).unwrap();
    assert_eq!(arguments.trim(), "image inspect --format {{json .}} -- a:1");
}

#[tokio::test]
async fn a_list_of_descriptions_is_as_good_as_one_after_the_other() {
    // As Podman 4.3 answers to the same template.
    let stand_in = StandIn::new(
        r#"printf '[\n     {\n          "Id": "70a7460c1d522af75cbf6d47be2622f63fc1bc7b517e1fe5870bee89a55dc372",\n          "RepoTags": [\n               "localhost/a:1"\n          ]\n     }\n]\n'"#,
    );
    let images = stand_in.engine().find("a:1").await.unwrap();
    assert_eq!(images.len(), 1);
    assert_eq!(
        images[0].id,
        "sha256:70a7460c1d522af75cbf6d47be2622f63fc1bc7b517e1fe5870bee89a55dc372"
    );
    assert_eq!(images[0].repo_tags, ["localhost/a:1"]);
}

#[tokio::test]
async fn an_absent_image_is_no_failure() {
    for message in [
        "Error response from daemon: No such image: a:1",
        "Error: No such image: a:1",
        "Error: a:1: image not known",
    ] {
        let stand_in = StandIn::new(&format!("echo '{message}' >&2; exit 1"));
        let found = stand_in.engine().find("a:1").await.unwrap();
        assert_eq!(found, []);
    }
}

#[tokio::test]
async fn an_engine_that_is_down_is_told_from_one_that_refuses() {
    let down = StandIn::new("echo 'Cannot connect, is it running?' >&2; exit 1");
    let error = down.engine().find("a:1").await.unwrap_err();
    assert!(matches!(error, CommandError::Down(_)), "{error}");
    assert!(error.to_string().contains("is it running?"), "{error}");

    let refuses = StandIn::new("test $1 = version && exit 0; echo 'no space left' >&2; exit 3");
    match refuses.engine().pull("a:1", |_| {}).await.unwrap_err() {
        CommandError::Failed(failure) => {
            assert_eq!(failure.status, Some(3));
            assert_eq!(failure.message, "no space left");
            assert!(failure.command.ends_with("engine pull"));
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let engine = Engine::new(Some("/no/such/engine"));
    let error = engine.find("a:1").await.unwrap_err();
    assert!(matches!(error, CommandError::Missing(_)));
    assert!(error.to_string().contains("`/no/such/engine`"), "{error}");
    assert!(matches!(
        EngineError::from(engine.save("a:1").unwrap_err()),
        EngineError::Unavailable(_)
    ));
}

#[tokio::test]
async fn what_looks_like_an_option_is_not_run() {
    let stand_in = StandIn::new("touch ran");
    for name in ["", "-v", "--help", "a b", "a\nb", "a\0b"] {
        let error = stand_in.engine().find(name).await.unwrap_err();
        assert!(matches!(error, CommandError::BadName(_)), "{name:?}");
        assert!(stand_in.engine().pull(name, |_| {}).await.is_err());
        assert!(stand_in.engine().save(name).is_err());
    }
    assert!(!stand_in.path("ran").exists());
}

#[tokio::test]
async fn an_answer_of_nonsense_is_an_error() {
    let stand_in = StandIn::new("echo 'WARNING: this is no JSON'");
    let error = stand_in.engine().find("a:1").await.unwrap_err();
    assert!(matches!(error, CommandError::Nonsense { .. }), "{error}");
    let endless = StandIn::new("head -c 9000000 /dev/zero");
    let error = endless.engine().find("a:1").await.unwrap_err();
    assert!(error.to_string().contains("more than 8388608 bytes"));
}

#[tokio::test]
async fn a_pull_reports_what_the_engine_says_and_never_blocks() {
    // More than a pipe holds, on both outputs.
    let stand_in = StandIn::new(
        "i=0; while [ $i -lt 3000 ]; do echo \"layer $i: pulling pulling pulling pulling\"; \
         echo \"note $i pulling pulling pulling pulling\" >&2; i=$((i+1)); done; printf 'a\\rb'",
    );
    let mut lines = Vec::new();
    let engine = stand_in.engine();
    let pulled = engine.pull("a:1", |line| lines.push(line.to_owned()));
    pulled.await.unwrap();
    assert_eq!(lines.len(), 6002);
    assert_eq!(
        lines.iter().filter(|line| line.starts_with("note")).count(),
        3000
    );
    assert!(lines.contains(&"a".to_owned()) && lines.contains(&"b".to_owned()));
}

#[test]
fn a_save_that_fails_is_an_error_at_its_end() {
    let stand_in = StandIn::new("echo data; echo 'disk broke' >&2; exit 4");
    let mut saving = stand_in.engine().save("a:1").unwrap();
    let mut bytes = Vec::new();
    let error = saving.read_to_end(&mut bytes).unwrap_err();
    assert_eq!(bytes, b"data\n");
    let ProducerFailure(error) = error.downcast().unwrap();
    match *error.downcast::<CommandError>().unwrap() {
        CommandError::Failed(failure) => {
            assert_eq!(failure.status, Some(4));
            assert_eq!(failure.message, "disk broke");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn the_token_stays_here() {
    // Every test process has variables of cargo's, which an engine has no use for either.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let stand_in = StandIn::new("env");
    let printed = |engine: Engine| {
        let mut text = String::new();
        let mut saving = engine.save("a:1").unwrap();
        saving.read_to_string(&mut text).unwrap();
        text
    };
    let text = printed(stand_in.engine());
    assert!(text.contains("PATH=") && text.contains("LANG=C"));
    assert!(
        !text.contains("CARGO") && !text.contains("ARVADOS"),
        "{text}"
    );
    let passed = Passed::parse("CARGO_MANIFEST_*").unwrap();
    let text = printed(stand_in.engine().passing(passed));
    assert!(text.contains("\nCARGO_MANIFEST_DIR="), "{text}");
    assert!(!text.contains("CARGO_PKG_NAME"), "{text}");
}

#[test]
fn a_save_that_is_dropped_ends() {
    let stand_in = StandIn::new("echo $$ > pid; echo started; exec sleep 1000");
    let mut saving = stand_in.engine().save("a:1").unwrap();
    let mut start = [0; 8];
    saving.read_exact(&mut start).unwrap();
    let pid = std::fs::read_to_string(stand_in.path("pid")).unwrap();
    let process = PathBuf::from(format!("/proc/{}", pid.trim()));
    assert!(process.exists());
    drop(saving);
    assert!(!process.exists());
}

/// Waits until a process is gone, or dead and not yet waited for.
#[cfg(target_os = "linux")]
fn assert_ends(pid: &str) {
    let status = PathBuf::from(format!("/proc/{}/stat", pid.trim()));
    let start = Instant::now();
    while std::fs::read_to_string(&status).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(start.elapsed() < Duration::from_secs(10), "{pid} lives");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_wrapper_started_ends_with_it() {
    let wrapper = "sleep 1000 & echo $! > child; echo started; wait";
    let stand_in = StandIn::new(wrapper);
    let mut saving = stand_in.engine().save("a:1").unwrap();
    saving.read_exact(&mut [0; 8]).unwrap();
    drop(saving);
    assert_ends(&std::fs::read_to_string(stand_in.path("child")).unwrap());

    let stand_in = StandIn::new(wrapper);
    let loading = stand_in.engine().load().unwrap();
    let started = Instant::now();
    let child = loop {
        let child = std::fs::read_to_string(stand_in.path("child")).unwrap_or_default();
        if child.ends_with('\n') {
            break child;
        }
        assert!(started.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(5));
    };
    drop(loading);
    assert_ends(&child);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_a_wrapper_started_ends_with_a_command_that_is_no_longer_waited_for() {
    let stand_in = StandIn::new("sleep 1000 & echo $! > child; echo started; wait");
    let engine = stand_in.engine();
    let pulled = engine.pull("a:1", |_| {});
    let waited = tokio::time::timeout(Duration::from_millis(500), pulled);
    assert!(waited.await.is_err());
    assert_ends(&std::fs::read_to_string(stand_in.path("child")).unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_command_that_succeeded_left_running_runs_on() {
    // As Podman's process that keeps its namespaces.
    let stand_in = StandIn::new("sleep 1000 >/dev/null 2>&1 & echo $!");
    let mut text = String::new();
    let mut saving = stand_in.engine().save("a:1").unwrap();
    saving.read_to_string(&mut text).unwrap();
    drop(saving);
    let pid = text.trim();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    assert!(!stat.contains(") Z "), "{stat}");
    let ended = std::process::Command::new("kill").arg(pid).status();
    assert!(ended.unwrap().success());
}

#[cfg(target_os = "linux")]
#[test]
fn a_save_ends_with_the_thread_that_reads_it() {
    let stand_in = StandIn::new("echo $$ > pid; echo started; exec sleep 1000");
    let engine = stand_in.engine();
    let reader = std::thread::spawn(move || {
        let mut saving = engine.save("a:1").unwrap();
        saving.read_exact(&mut [0; 8]).unwrap();
        // As if the program were killed: nothing is dropped.
        std::mem::forget(saving);
    });
    reader.join().unwrap();
    let pid = std::fs::read_to_string(stand_in.path("pid")).unwrap();
    // A dead child that nobody waits for is a zombie.
    assert_ends(&pid);
}
