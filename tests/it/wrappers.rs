//! Engines behind a wrapper: what it started ends with the program, however that ends, and may ask at
//! the terminal.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Cluster, Environment, StandIn};

/// A wrapper that starts another program, writes its number into a file, and waits for it.
const WRAPPER: &str =
    "sleep 600 & echo $! >\"$HOME/child.new\"; mv \"$HOME/child.new\" \"$HOME/child\"; wait";

#[test]
fn what_a_wrapper_started_ends_with_the_program_whatever_ends_that() {
    for (stand_in, words) in [
        (StandIn::new().saving(WRAPPER), ["--no-pull", "hello-world"]),
        (StandIn::new().pulling(WRAPPER), ["--pull", "hello-world"]),
        (
            StandIn::new().inspecting(WRAPPER),
            ["--no-pull", "hello-world"],
        ),
    ] {
        for signal in ["INT", "TERM", "HUP", "KILL"] {
            let cluster = Cluster::start();
            let mut environment = Environment::on(&cluster);
            stand_in.install(&mut environment);
            // In a session of its own, so that it makes no difference where the tests run.
            let program = env!("CARGO_BIN_EXE_arv-keepdocker");
            let mut running =
                environment.start("setsid", &[&[program], &words[..]].concat(), Stdio::null());
            let child = awaited(&environment.home().join("child"));

            send(signal, &running.id().to_string());
            let _ = running.wait().unwrap();

            assert_ends(&child, signal);
        }
    }
}

#[test]
fn at_a_terminal_too_what_a_wrapper_started_ends_with_the_program() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    StandIn::new()
        .saving(format!("echo $PPID >\"$HOME/program\"; {WRAPPER}"))
        .install(&mut environment);
    let mut running = environment.start(
        "script",
        &at_a_terminal("upload hello-world"),
        Stdio::null(),
    );
    let child = awaited(&environment.home().join("child"));
    let program = awaited(&environment.home().join("program"));

    send("TERM", &program);
    let _ = running.wait().unwrap();

    assert_ends(&child, "TERM");
}

#[test]
fn at_a_terminal_the_engine_may_ask_for_a_password() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    let stand_in = StandIn::new();
    stand_in.install(&mut environment);
    let told = environment.keepdocker(&["upload", "hello-world"]).success();
    // What is asked for when it is to be sent anew.
    stand_in
        .saving(format!(
            "read -r password </dev/tty; test \"$password\" = sesame || exit 9; cat '{}'",
            crate::support::data("hello-world-ManifestV2.tar").display()
        ))
        .install(&mut environment);

    let output = environment.run_on(
        "script",
        &at_a_terminal("upload --force hello-world"),
        &b"sesame\n"[..],
    );

    let _ = output.success();
    assert_eq!(cluster.collections().len(), 2, "{told}{output}");
}

/// The arguments that make `script` run our program at a terminal.
fn at_a_terminal(words: &str) -> [String; 3] {
    let command = format!("{} {words}", env!("CARGO_BIN_EXE_keepdocker"));
    ["-qec".into(), command, "/dev/null".into()]
}

fn send(signal: &str, process: &str) {
    let sent = Command::new("kill").args(["-s", signal, process]).status();
    assert!(sent.unwrap().success());
}

/// What a file says, once it is there.
fn awaited(file: &Path) -> String {
    let start = Instant::now();
    loop {
        match fs::read_to_string(file) {
            Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
            _ => assert!(start.elapsed() < Duration::from_secs(60), "{file:?}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a process is gone, or dead and not yet waited for.
fn assert_ends(process: &str, signal: &str) {
    let start = Instant::now();
    let status = format!("/proc/{process}/stat");
    while fs::read_to_string(&status).is_ok_and(|stat| !stat.contains(") Z ")) {
        let is_late = start.elapsed() > Duration::from_secs(10);
        assert!(!is_late, "the wrapper's child lives after SIG{signal}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
