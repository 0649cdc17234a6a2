//! Components that misbehave: each ends in a clear message and a documented exit code, and leaves
//! nothing on the cluster.
//!
//! The component of `tests/hostile` commits one crime a run; those that ask for what they must not
//! have are written down as text. All run in the real program, by `--component`.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs};

use crate::support::{Cluster, Environment, Output, data};

/// Builds the hostile component once for all tests.
fn hostile() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let out_dir = Path::new(env!("OUT_DIR"));
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        // The folder of the program's own guest has the dependencies of both, compiled.
        let wasm = keepdocker_build::build(workspace, "keepdocker-hostile", &out_dir.join("guest"))
            .unwrap();
        let file = out_dir.join("hostile.wasm");
        fs::write(&file, wasm).unwrap();
        file
    })
}

/// A component that does nothing but import what its text says.
fn written(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), wat::parse_str(text).unwrap()).unwrap();
    file
}

/// Has a component commit a crime under a policy with these limits, on a cluster that must not have
/// anything afterwards.
fn commit(crime: &str, limits: &str) -> Output {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let policy = environment.home().join("policy.toml");
    let text = format!(
        "schema = \"keepdocker.policy/1\"\n[limits]\n{limits}\n\n\
         [[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"test\"\n"
    );
    fs::write(&policy, text).unwrap();
    let archive = format!("docker-archive:{}", data("tiny-docker20.10.tar").display());
    let output = environment.keepdocker(&[
        "--component".as_ref(),
        hostile().as_os_str(),
        "--policy".as_ref(),
        policy.as_os_str(),
        "upload".as_ref(),
        "--from".as_ref(),
        archive.as_ref(),
        crime.as_ref(),
    ]);
    cluster.assert_nothing_registered();
    output
}

/// Demands the exit code of a component at fault, with these words and no others than ours.
fn ends(crime: &str, limits: &str, words: &str) {
    let output = commit(crime, limits);
    let said = output.failure(10);
    assert!(said.contains(words), "{crime}: {said}");
    assert!(!said.contains("panicked at host"), "{crime}: {said}");
}

#[test]
fn a_component_that_computes_for_ever_is_cut_off() {
    ends("loops", "fuel = 50_000_000", "used up its computing budget");
    ends("loops", "deadline = \"1s\"", "was not done after 1 seconds");
    ends("recurses", "", "the component broke off: wasm trap");
}

#[test]
fn a_component_that_eats_memory_is_cut_off() {
    ends(
        "hoards",
        "memory = \"32MiB\"",
        "asked for more than its 32 MiB of memory",
    );
}

#[test]
fn a_component_that_floods_the_host_with_calls_is_cut_off() {
    for crime in ["chatters", "asks", "opens"] {
        ends(crime, "host-calls = 500", "made more than 500 calls");
    }
}

#[test]
fn a_component_that_waits_for_itself_is_given_up() {
    ends(
        "waits-for-itself",
        "deadline = \"2s\"",
        "was not done after 2 seconds",
    );
}

#[test]
fn handles_that_nobody_gave_out_end_the_component() {
    ends("invents-handles", "", "unknown handle index 4242");
    ends("uses-after-drop", "", "unknown handle index");
}

#[test]
fn bytes_that_are_no_text_and_texts_beyond_the_memory_end_the_component() {
    ends("mumbles", "", "utf-8");
    ends("overreaches", "", "out of bounds");
}

#[test]
fn a_text_that_is_named_a_million_times_is_not_copied_a_million_times() {
    ends("multiplies", "memory = \"64MiB\"", "fuel");
}

#[test]
fn a_component_that_dies_once_the_data_are_stored_registers_nothing() {
    for crime in ["dies-after-store", "panics-after-store"] {
        ends(crime, "", "the component broke off");
    }
}

#[test]
fn absurd_names_are_accepted_nowhere() {
    let output = commit("names", "");
    // Nothing stands behind the colon: not one of the names was good for anything.
    let said = output.failure(2);
    assert!(said.ends_with("error: accepted: \n"), "{said}");
}

#[test]
fn data_that_nobody_stored_cannot_be_registered() {
    let said = commit("forges", "").failure(1).to_owned();
    assert!(said.contains("cannot create the collection"), "{said}");
}

#[test]
fn an_answer_to_another_command_is_none() {
    ends(
        "answer-otherwise",
        "",
        "it answers something else than `upload`",
    );
}

#[test]
fn a_message_of_the_component_neither_floods_nor_deceives_the_terminal() {
    let output = commit("shouts", "");
    let said = output.failure(2);
    assert!(
        said.contains("xxx") && said.len() < 100_000,
        "{}",
        said.len()
    );

    let output = commit("deceives", "");
    let printed = output.success();
    for harmful in ['\u{1b}', '\u{7}', '\r'] {
        assert!(!printed.contains(harmful), "{printed:?}");
    }
    assert_eq!(printed.lines().count(), 1, "{printed:?}");
}

/// Refused before it runs: the message lists what is too much.
#[test]
fn a_component_that_asks_for_more_than_the_contract_does_not_load() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    for (text, excess) in [
        (
            r#"(component (import "wasi:cli/environment@0.2.0" (instance
                (export "get-arguments" (func (result (list string)))))))"#,
            "wasi:cli/environment@0.2.0",
        ),
        (
            r#"(component (import "keepdocker:contract/secrets@0.1.0" (instance
                (export "token" (func (result string))))))"#,
            "keepdocker:contract/secrets@0.1.0",
        ),
        (
            r#"(component (import "keepdocker:contract/users@0.1.0" (instance
                (export "token" (func (result string))))))"#,
            "keepdocker:contract/users@0.1.0 token",
        ),
        (
            r#"(component (import "keepdocker:contract/users@9.1.0" (instance
                (export "current" (func (result string))))))"#,
            "keepdocker:contract/users@9.1.0",
        ),
        (r#"(component (import "run" (func)))"#, "run"),
    ] {
        let file = written(text);
        let component = file.path().to_str().unwrap();
        for arguments in [
            &["--component", component, "images"][..],
            &["component", "audit", component],
        ] {
            let refused = environment.keepdocker(arguments);
            let wanted = format!("asks for more than the contract offers: {excess}\n");
            assert!(
                refused.failure(10).contains(&wanted),
                "{}",
                refused.failure(10)
            );
        }
    }
    assert_eq!(cluster.log().api_requests(), 0);
}

#[test]
fn a_file_that_is_no_component_of_the_contract_is_refused() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let nothing = written("(component)");
    let module = written("(module)");
    let other_types = written(
        r#"(component (import "keepdocker:contract/users@0.1.0" (instance
            (export "current" (func (param "as" string) (result u64))))))"#,
    );
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    for (file, code, words) in [
        (nothing.path(), 10, "this is no component for this program"),
        (module.path(), 10, "this is no component for this program"),
        (other_types.path(), 10, "users@0.1.0"),
        (readme.as_path(), 10, "it is not WebAssembly"),
        (Path::new("/nonexistent.wasm"), 1, "cannot be read"),
    ] {
        let refused =
            environment.keepdocker(&["--component".as_ref(), file.as_os_str(), "images".as_ref()]);
        let said = refused.failure(code);
        assert!(said.contains(words), "{}: {said}", file.display());
    }
    assert_eq!(cluster.log().api_requests(), 0);
}
