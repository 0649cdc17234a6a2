//! Locks that others hold, that the file system does not have, and that never answer.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::{KEEPDOCKER, place, preload, tasks, uploads};
use crate::support::{Cluster, Environment, Made, StandIn};

const FAILING: &str =
    "#include <errno.h>\nint flock(int fd, int how) { errno = ENOLCK; return -1; }\n";
const UNSUPPORTED: &str =
    "#include <errno.h>\nint flock(int fd, int how) { errno = ENOTSUP; return -1; }\n";
const HANGING: &str = "#include <unistd.h>\nint flock(int fd, int how) { for (;;) pause(); }\n";

/// The folder of the audit logs, with `heads` locked by this process.
fn locked_heads(environment: &Environment) -> File {
    let folder = environment.home().join("state/keepdocker/audit");
    fs::create_dir_all(&folder).unwrap();
    let heads = File::create(folder.join("heads")).unwrap();
    heads.lock().unwrap();
    heads
}

#[test]
fn a_held_lock_of_the_audit_log_is_told_and_given_up() {
    for (program, arguments) in tasks() {
        let (cluster, environment) = place();
        let heads = locked_heads(&environment);
        let start = Instant::now();
        let output = environment.run(program, &arguments);
        let _ = output.success();
        assert!(start.elapsed() < Duration::from_secs(30), "{output}");
        for words in [
            "waiting for another process that holds the lock on the audit log's `",
            "there is no audit log of this run: another process holds the lock on `",
        ] {
            assert!(output.stderr.contains(words), "{words}: {output}");
        }
        assert_eq!(
            cluster.collections().len(),
            usize::from(uploads(&arguments))
        );
        // Nothing is left that looks like an altered log.
        drop(heads);
        let _ = environment.keepdocker(&["audit", "verify"]).success();
    }
}

#[test]
fn a_policy_that_demands_the_log_refuses_where_its_lock_is_not_to_be_had() {
    let (cluster, environment) = place();
    let policy = environment.home().join("policy.toml");
    fs::write(
        &policy,
        "schema = \"keepdocker.policy/1\"\n[audit]\nrequired = true\n",
    )
    .unwrap();
    let _heads = locked_heads(&environment);
    let output = environment.keepdocker(&[
        "--policy",
        policy.to_str().unwrap(),
        "upload",
        "hello-world",
    ]);
    let told = output.failure(1);
    for words in [
        "waiting for another process",
        "the audit log cannot be kept, so nothing was done",
        "holds the lock on `",
    ] {
        assert!(told.contains(words), "{words}: {output}");
    }
    assert!(cluster.collections().is_empty());
}

#[test]
fn a_lock_that_is_given_back_in_time_costs_a_line_and_no_log() {
    let (_cluster, environment) = place();
    let heads = locked_heads(&environment);
    let holder = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(2000));
        drop(heads);
    });
    let output = environment.keepdocker(&["images"]);
    holder.join().unwrap();
    let _ = output.success();
    assert!(!output.stderr.contains("no audit log"), "{output}");
    let _ = environment.keepdocker(&["audit", "verify"]).success();
    let _ = environment.keepdocker(&["audit", "show", "last"]).success();
}

#[test]
fn without_locks_lists_and_uploads_go_on_with_a_warning() {
    for shim in [FAILING, UNSUPPORTED, HANGING] {
        for (program, arguments) in tasks() {
            let (cluster, mut environment) = place();
            preload(&mut environment, shim);
            let start = Instant::now();
            let output = environment.run(program, &arguments);
            let _ = output.success();
            assert!(start.elapsed() < Duration::from_secs(60), "{output}");
            assert!(
                output
                    .stderr
                    .contains("there is no audit log of this run: "),
                "{output}"
            );
            let goes_on = "this run goes on without a lock on its image: ";
            assert_eq!(
                output.stderr.matches(goes_on).count(),
                usize::from(uploads(&arguments)),
                "{output}"
            );
            assert_eq!(
                cluster.collections().len(),
                usize::from(uploads(&arguments))
            );
        }
    }
}

/// Leaves in the cache what runs leave there: an archive and two journals.
fn filled_cache(environment: &Environment) -> Vec<String> {
    let folder = environment.home().join("cache/arvados/docker");
    fs::create_dir_all(&folder).unwrap();
    let names = ["tar", "journal"].map(|end| format!("{}.{end}", StandIn::ID));
    let names = [&names[..], &["stream.journal".to_owned()]].concat();
    for name in &names {
        fs::write(folder.join(name), "text").unwrap();
    }
    names
}

#[test]
fn a_cache_whose_locks_nobody_can_ask_about_is_listed_and_not_cleaned() {
    for shim in [FAILING, HANGING] {
        for verb in ["list", "clean"] {
            let (_cluster, mut environment) = place();
            let names = filled_cache(&environment);
            preload(&mut environment, shim);
            let start = Instant::now();
            let output = environment.keepdocker(&["cache", verb]);
            let printed = output.success();
            assert!(start.elapsed() < Duration::from_secs(20), "{output}");
            let unknown = "warning: it is not known which files of the cache are in use: ";
            assert_eq!(output.stderr.matches(unknown).count(), 1, "{output}");
            let told = match verb {
                "list" => "unknown",
                _ => "nobody can tell whether it is in use",
            };
            // Only a run that stores an archive uses it, and holds its lock: a list does not ask.
            let expected = if verb == "list" { 2 } else { 3 };
            assert_eq!(printed.matches(told).count(), expected, "{output}");
            for name in &names {
                let file = environment.home().join("cache/arvados/docker").join(name);
                assert!(file.exists(), "{name} is gone: {output}");
            }
        }
    }
}

#[test]
fn a_lock_that_somebody_holds_is_waited_for_all_the_same() {
    let (cluster, environment) = place();
    let folder = environment.home().join("cache/arvados/docker");
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join(format!("{}.tar.lock", StandIn::ID))).unwrap();
    lock.lock().unwrap();
    let output = environment.keepdocker(&["upload", "--lock-timeout", "2s", "hello-world"]);
    let told = output.failure(6);
    assert!(told.contains("waiting for another process"), "{output}");
    assert!(cluster.collections().is_empty());
}

#[test]
fn two_uploads_without_locks_leave_one_image() {
    let (cluster, mut environment) = place();
    preload(&mut environment, FAILING);
    let mut children: Vec<_> = (0..2)
        .map(|_| {
            environment
                .prepared(KEEPDOCKER, &["upload", "hello-world"])
                .stdin(std::process::Stdio::null())
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    // Each may have made a collection of its own, but a name leads to a whole image.
    let named = cluster.links_of("docker_image_repo+tag");
    assert!(!named.is_empty());
    for link in named {
        let known = cluster.collections();
        assert!(
            known
                .iter()
                .any(|collection| collection["uuid"] == link["head_uuid"])
        );
    }
}

#[test]
fn what_stands_in_the_place_of_a_file_of_the_cache_loses_nothing_and_holds_nobody_up() {
    let image = Made::of(&[(5, 50_000)]);
    type Trap = fn(&Path, &Path);
    let traps: [(&str, Trap); 4] = [
        ("tar.lock", |place, kept| {
            fs::hard_link(kept, place).unwrap()
        }),
        ("tar.lock", |place, kept| symlink(kept, place).unwrap()),
        ("journal", |place, kept| symlink(kept, place).unwrap()),
        // Nobody reads at its other end.
        ("journal", |place, _| {
            assert!(
                Command::new("mkfifo")
                    .arg(place)
                    .status()
                    .unwrap()
                    .success()
            );
        }),
    ];
    for (end, trap) in traps {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let file = environment.home().join("image.tar");
        fs::write(&file, image.saved(&["lab/tool:1"])).unwrap();
        let cache = environment.home().join("cache/arvados/docker");
        fs::create_dir_all(&cache).unwrap();
        let kept = environment.home().join("kept");
        fs::write(&kept, "what somebody needs").unwrap();
        trap(&cache.join(format!("{}.{end}", image.id())), &kept);

        let source = format!("docker-archive:{}", file.display());
        let start = Instant::now();
        let output = environment.keepdocker(&["upload", "--from", &source]);

        let _ = output.success();
        assert!(start.elapsed() < Duration::from_secs(40), "{end}: {output}");
        assert_eq!(cluster.collections().len(), 1, "{end}: {output}");
        assert_eq!(
            fs::read_to_string(&kept).unwrap(),
            "what somebody needs",
            "{end}: {output}"
        );
    }
}
