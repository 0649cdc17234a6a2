//! The corpus in other runtimes, each loaded from its package registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::published::{folder, workspace};
use crate::{cases, runs};
use keepdocker_skip::skip;

/// Returns the folder where `tests/run` installed the runtimes; without it the test is skipped.
pub(crate) fn runtimes() -> Option<PathBuf> {
    let folder = std::env::var_os("KEEPDOCKER_RUNTIMES").map(PathBuf::from);
    if folder.is_none() {
        skip("wasmtime for Python and jco for Node, which tests/run installs");
    }
    folder
}

/// Returns what the program printed.
pub(crate) fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn assert_same(printed: &str, text: &str) {
    for (printed, recorded) in printed.lines().zip(text.lines()) {
        assert_eq!(printed, recorded);
    }
    assert!(printed == text, "the last lines are missing");
}

pub(crate) fn program(language: &str, name: &str) -> PathBuf {
    workspace()
        .join("tests/embedding")
        .join(language)
        .join(name)
}

/// Has jco make a module for Node of a published component, and returns its folder.
fn transpiled(runtimes: &Path, component: &str) -> PathBuf {
    // Once for all tests, since one may be reading what another would write.
    static MADE: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let target = folder().join("node").join(component);
    if made.iter().any(|made| made == component) {
        return target;
    }
    let jco = runtimes.join("node_modules/.bin/jco");
    printed(
        Command::new(jco)
            .arg("transpile")
            .arg(folder().join(format!("{component}.wasm")))
            .args(["--instantiation", "async", "--quiet", "--out-dir"])
            .arg(&target),
    );
    made.push(component.to_owned());
    target
}

/// Has a program in Python run a component, with further arguments; returns what it printed.
fn in_python(name: &str, component: &str, arguments: &[PathBuf]) -> Option<String> {
    let runtimes = runtimes()?;
    let mut command = Command::new(runtimes.join("python/bin/python"));
    command
        .arg(program("python", name))
        .arg(folder().join(format!("{component}.wasm")))
        .args(arguments);
    Some(printed(&mut command))
}

/// Does the same in Node.
fn in_node(name: &str, component: &str, arguments: &[PathBuf]) -> Option<String> {
    let runtimes = runtimes()?;
    let mut command = Command::new("node");
    command
        .arg(program("node", name))
        .arg(transpiled(&runtimes, component))
        .args(arguments);
    Some(printed(&mut command))
}

#[test]
fn the_corpus_gives_the_same_bytes_in_python() {
    let file = [program("corpus", "planner.jsonl")];
    if let Some(output) = in_python("planner.py", "keepdocker-planner", &file) {
        assert_same(&output, &cases::corpus());
    }
}

#[test]
fn the_corpus_gives_the_same_bytes_in_node() {
    let file = [program("corpus", "planner.jsonl")];
    if let Some(output) = in_node("planner.mjs", "keepdocker-planner", &file) {
        assert_same(&output, &cases::corpus());
    }
}

#[test]
fn the_runs_give_the_same_bytes_in_python() {
    let file = [program("corpus", "runs.jsonl")];
    if let Some(output) = in_python("runs.py", "keepdocker", &file) {
        assert_same(&output, &runs::corpus());
    }
}

#[test]
fn the_runs_give_the_same_bytes_in_node() {
    let file = [program("corpus", "runs.jsonl")];
    if let Some(output) = in_node("runs.mjs", "keepdocker", &file) {
        assert_same(&output, &runs::corpus());
    }
}

/// The program calls one function at each start, and prints the result.
#[test]
fn the_corpus_gives_the_same_values_in_the_program_wasmtime() {
    let Some(wasmtime) = std::env::var_os("KEEPDOCKER_TEST_WASMTIME") else {
        skip("the program wasmtime, which tests/run installs");
        return;
    };
    // Compiled once, since there is a start for each case.
    let place = tempfile::tempdir().unwrap();
    let compiled = place.path().join("planner.cwasm");
    printed(
        Command::new(&wasmtime)
            .arg("compile")
            .arg("-o")
            .arg(&compiled)
            .arg(folder().join("keepdocker-planner.wasm")),
    );
    let calls = cases::calls();
    for (call, result) in &calls {
        let output = printed(
            Command::new(&wasmtime)
                .args(["run", "--allow-precompiled", "--invoke", call])
                .arg(&compiled),
        );
        assert_eq!(output.trim_end_matches('\n'), result, "{call}");
    }
    assert!(calls.len() >= 200, "only {} cases", calls.len());
}

/// An empty cluster, an upload, the same again, and what the name leads to, with every capability
/// in memory.
fn assert_hosted(printed: &str) {
    let recorded = std::fs::read_to_string(program("corpus", "host.jsonl")).unwrap();
    assert_eq!(printed, recorded);
}

#[test]
fn a_host_in_python_lists_uploads_and_resolves() {
    if let Some(output) = in_python("host.py", "keepdocker", &[]) {
        assert_hosted(&output);
    }
}

#[test]
fn a_host_in_node_lists_uploads_and_resolves() {
    if let Some(output) = in_node("host.mjs", "keepdocker", &[]) {
        assert_hosted(&output);
    }
}

/// With `KEEPDOCKER_WRITE_CORPUS` set the script is written, to be committed.
#[test]
fn the_script_of_the_page_is_what_jco_makes_of_the_planner() {
    let Some(runtimes) = runtimes() else {
        return;
    };
    let target = folder().join("page");
    printed(
        Command::new(runtimes.join("node_modules/.bin/jco"))
            .arg("transpile")
            .arg(folder().join("keepdocker-planner.wasm"))
            .args(["--instantiation", "async", "--minify", "--no-typescript"])
            .args(["--quiet", "--out-dir"])
            .arg(&target),
    );
    let made = fs::read_to_string(target.join("keepdocker-planner.js")).unwrap();
    let file = workspace().join("host/src/report/planner.js");
    if std::env::var_os("KEEPDOCKER_WRITE_CORPUS").is_some() {
        fs::write(&file, &made).unwrap();
    }
    assert!(
        made == fs::read_to_string(file).unwrap(),
        "host/src/report/planner.js is out of date; see docs/embedding.md"
    );
}
