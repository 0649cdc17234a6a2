//! Signals: those that were ignored from the start stay ignored, and the others always end a program.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use keepdocker_sandbox::faults::{Action, Fault};
use serde_json::Value;

use super::{ARV_KEEPDOCKER, IMAGE, KEEPDOCKER, place, preload, tasks, uploads};
use crate::support::Cluster;

/// A program has a second; a busy machine needs some time of its own.
const SOON: Duration = Duration::from_millis(2500);

#[test]
fn what_was_ignored_at_the_start_does_not_end_an_upload() {
    // `nohup` ignores the hang-up, a shell both others for what it runs in the background.
    let starts: [(&[&str], &[&str]); 2] = [
        (&["nohup"], &["HUP"]),
        (
            &["sh", "-c", "trap '' INT QUIT; exec \"$@\"", "sh"],
            &["INT", "QUIT"],
        ),
    ];
    for (program, arguments) in tasks() {
        if !uploads(&arguments) {
            continue;
        }
        for (start, signals) in starts {
            let (cluster, environment) = place();
            let slow = Fault::on("", Action::Delay(Duration::from_secs(2))).method("PUT");
            cluster.faults().plan(slow);
            let mut words: Vec<&str> = start[1..].to_vec();
            words.push(program);
            words.extend(arguments.iter().map(String::as_str));
            let mut child = environment.start(start[0], &words, Stdio::null());
            await_fault(&cluster, &mut child);
            for signal in signals {
                send(&child, signal);
            }
            assert!(
                ended(&mut child, Duration::from_secs(60)).success(),
                "{start:?}"
            );
            let _ = cluster.only_collection();
        }
    }
}

#[test]
fn a_signal_ends_a_program_that_waits_for_the_cluster() {
    for (program, arguments) in tasks() {
        for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
            let (cluster, environment) = place();
            cluster.faults().plan(Fault::on(
                "/arvados/v1/links",
                Action::Delay(Duration::from_secs(600)),
            ));
            let mut child = environment.start(program, &arguments, Stdio::null());
            await_fault(&cluster, &mut child);
            assert_ends(&mut child, name, code(program, &arguments, number));
            // The log of such a run is whole: its end is there, and the chain of all runs knows it.
            let verified = environment.keepdocker(&["audit", "verify"]);
            assert!(verified.stdout().contains("1 sound"), "{name}: {verified}");
            let shown = environment.keepdocker(&["audit", "show", "--json"]);
            let shown: Value = serde_json::from_str(&shown.success()).unwrap();
            assert_eq!(shown["runs"][0]["outcome"], "interrupted", "{shown}");
        }
    }
}

#[test]
fn a_signal_ends_a_program_that_waits_for_a_lock_or_a_lock_manager() {
    let hanging = "#include <unistd.h>\nint flock(int fd, int how) { for (;;) pause(); }\n";
    for (program, arguments) in tasks() {
        for (name, number) in [("INT", 2), ("TERM", 15)] {
            let (_cluster, environment) = place();
            let folder = environment.home().join("state/keepdocker/audit");
            std::fs::create_dir_all(&folder).unwrap();
            let heads = File::create(folder.join("heads")).unwrap();
            heads.lock().unwrap();
            let mut child = environment.start(program, &arguments, Stdio::null());
            std::thread::sleep(Duration::from_millis(1200));
            assert_ends(&mut child, name, code(program, &arguments, number));
            // Nothing is left of a log that could not be begun, and so nothing looks forged.
            heads.unlock().unwrap();
            let verified = environment.keepdocker(&["audit", "verify"]);
            assert!(!verified.stderr.contains("altered"), "{name}: {verified}");

            let (_cluster, mut environment) = place();
            preload(&mut environment, hanging);
            let mut child = environment.start(program, &arguments, Stdio::null());
            std::thread::sleep(Duration::from_millis(1200));
            assert_ends(&mut child, name, code(program, &arguments, number));
        }
    }
}

#[test]
fn a_signal_ends_a_look_at_a_cache_whose_locks_hang() {
    let hanging = "#include <unistd.h>\nint flock(int fd, int how) { for (;;) pause(); }\n";
    for verb in ["list", "clean"] {
        for (name, number) in [("INT", 2), ("TERM", 15)] {
            let (_cluster, mut environment) = place();
            let folder = environment.home().join("cache/arvados/docker");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("stream.journal"), "text").unwrap();
            preload(&mut environment, hanging);
            let mut child = environment.start(KEEPDOCKER, &["cache", verb], Stdio::null());
            std::thread::sleep(Duration::from_millis(1200));
            assert_ends(&mut child, name, 128 + number);
        }
    }
}

#[test]
fn a_signal_ends_a_program_whose_messages_nobody_reads() {
    let (_cluster, environment) = place();
    // A pipe that is full from the start: the first message hangs.
    let (reader, mut writer) = std::io::pipe().unwrap();
    let filler = writer.try_clone().unwrap();
    std::thread::spawn(move || {
        let mut filler = filler;
        let _ = filler.write_all(&vec![b'.'; 1 << 20]);
    });
    writer.flush().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let mut child = environment
        .prepared(KEEPDOCKER, &["-v", "images"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(writer)
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    assert_ends(&mut child, "TERM", 143);
    drop(reader);
}

#[test]
fn the_log_of_a_run_that_a_signal_ended_has_the_code_of_the_program() {
    let (cluster, environment) = place();
    cluster.faults().plan(Fault::on(
        "/arvados/v1/links",
        Action::Delay(Duration::from_secs(600)),
    ));
    let mut child = environment.start(KEEPDOCKER, &["images"], Stdio::null());
    await_fault(&cluster, &mut child);
    assert_ends(&mut child, "TERM", 143);
    let text = environment
        .keepdocker(&["audit", "export", "last"])
        .success();
    let exported: Value = serde_json::from_str(&text).unwrap();
    assert!(text.contains("interrupted"), "{exported:#}");
    assert!(
        text.contains("\"exit\":143") || text.contains("\"exit\": 143"),
        "{text}"
    );
}

/// The status that tells of a signal: the drop-in's for uploads is the Python program's.
fn code(program: &str, arguments: &[String], signal: i32) -> i32 {
    match program == ARV_KEEPDOCKER && arguments[0] == IMAGE {
        true => 256 - signal,
        false => 128 + signal,
    }
}

/// Waits until the planned fault has happened.
fn await_fault(cluster: &Cluster, child: &mut Child) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while cluster.faults().left() > 0 {
        assert!(Instant::now() < deadline, "the request never came");
        assert_eq!(child.try_wait().unwrap(), None);
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(50));
}

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill")
        .args([format!("-{signal}"), child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Waits for the end of a program; ends it where that takes too long.
fn ended(child: &mut Child, patience: Duration) -> ExitStatus {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            return child.wait().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[track_caller]
fn assert_ends(child: &mut Child, signal: &str, code: i32) {
    assert_eq!(
        child.try_wait().unwrap(),
        None,
        "it ended before the signal"
    );
    send(child, signal);
    let status = ended(child, SOON);
    assert_eq!(status.signal(), None, "SIG{signal} did not end it");
    assert_eq!(status.code(), Some(code), "SIG{signal}");
}
