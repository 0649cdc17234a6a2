//! The programs where people run them: what the system, the account, the shell and the terminal around
//! them are like, with the real thing each time.

mod account; // no home, a foreign user, nothing to write to
mod clock; // a machine that does not know the time
mod crowd; // many runs at the same time
mod limits; // what `ulimit` allows
mod locks; // locks that are held, that fail, that hang
mod secrets; // what leaves the programs
mod signals; // what ends them, and what does not
mod streams; // standard streams that are closed
mod terminal; // progress on terminals of any width

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{Cluster, Environment, Output, StandIn, data};

/// Our programs.
const KEEPDOCKER: &str = env!("CARGO_BIN_EXE_keepdocker");
const ARV_KEEPDOCKER: &str = env!("CARGO_BIN_EXE_arv-keepdocker");

/// The image of the archives and of the program in the engine's place.
const IMAGE: &str = "hello-world";

/// Makes a cluster and an environment with a program in the engine's place.
fn place() -> (Cluster, Environment) {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    StandIn::new().install(&mut environment);
    (cluster, environment)
}

/// The command lines of both programs that list, and that upload.
fn tasks() -> [(&'static str, Vec<String>); 4] {
    let archive = format!(
        "docker-archive:{}",
        data("hello-world-ManifestV2.tar").display()
    );
    [
        (KEEPDOCKER, vec!["images".into()]),
        (ARV_KEEPDOCKER, vec!["images".into()]),
        (KEEPDOCKER, vec!["upload".into(), "--from".into(), archive]),
        (ARV_KEEPDOCKER, vec![IMAGE.into()]),
    ]
}

/// Tells whether a command line of [`tasks`] uploads.
fn uploads(arguments: &[String]) -> bool {
    arguments[0] != "images"
}

/// Runs a program in a shell that does something first.
fn after(
    environment: &Environment,
    preparation: &str,
    program: &str,
    arguments: &[String],
) -> Output {
    let script = format!("{preparation} && exec \"$@\"");
    let mut words = vec!["-c".to_owned(), script, "bash".into(), program.into()];
    words.extend(arguments.iter().cloned());
    environment.run("/bin/bash", &words)
}

/// Has the programs call functions of this C source in place of the system's.
fn preload(environment: &mut Environment, source: &str) {
    let folder = environment.home().to_owned();
    let (text, library): (PathBuf, PathBuf) = (folder.join("shim.c"), folder.join("shim.so"));
    fs::write(&text, source).unwrap();
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &text])
        .status()
        .expect("a C compiler, without which the programs are not built either");
    assert!(compiled.success());
    environment.set("LD_PRELOAD", OsString::from(library));
}

/// Asserts that a run ended as a program should that can do no more: with a sentence and a code.
#[track_caller]
fn assert_ended_in_words(output: &Output) {
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 1 | 7 | 10)), "{output}");
    for noise in [
        "panicked",
        "RUST_BACKTRACE",
        "stack backtrace",
        "overflowed",
    ] {
        assert!(!output.stderr.contains(noise), "`{noise}` in {output}");
    }
    if code != Some(0) {
        let lower = output.stderr.to_lowercase();
        assert!(lower.contains("error: "), "{output}");
    }
}
