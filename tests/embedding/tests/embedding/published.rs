//! The files that one command builds.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Returns the folder of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
}

/// Builds the published files once, by the documented command, and returns their folder.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let status = Command::new(env!("CARGO"))
            .args([
                "run",
                "--quiet",
                "--locked",
                "--package",
                "keepdocker-components",
            ])
            .current_dir(workspace())
            .status()
            .unwrap();
        assert!(status.success(), "the published files were not built");
        workspace().join("target/component")
    })
}

fn size(name: &str) -> u64 {
    fs::metadata(folder().join(name)).unwrap().len()
}

/// Where the sources lie on the machine that compiles them is nobody's business, and no reason for other bytes.
#[test]
fn no_file_names_a_folder_of_the_machine_that_built_it() {
    let home = std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME"));
    let folders = [home.unwrap(), workspace().to_str().unwrap().to_owned()];
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "wasm") {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for folder in folders.iter().map(String::as_str).chain(["/.cargo/"]) {
            let is_named = bytes
                .windows(folder.len())
                .any(|some| some == folder.as_bytes());
            assert!(!is_named, "{} names {folder}", path.display());
        }
    }
}

#[test]
fn the_planner_imports_nothing_at_all() {
    let engine = Engine::default();
    let planner = Component::from_file(&engine, folder().join("keepdocker-planner.wasm")).unwrap();
    let ty = planner.component_type();
    let names: Vec<&str> = ty.imports(&engine).map(|(name, _)| name).collect();
    assert_eq!(names, Vec::<&str>::new());
    let exports: Vec<&str> = ty.exports(&engine).map(|(name, _)| name).collect();
    assert_eq!(
        exports,
        [
            "keepdocker:contract/types@0.1.0",
            "keepdocker:contract/planning@0.1.0"
        ]
    );
}

#[test]
fn the_files_stay_small() {
    for (name, most) in [
        ("keepdocker.wasm", 400 << 10),
        ("keepdocker-planner.wasm", 160 << 10),
        ("keepdocker-wasi.wasm", 10 << 18),
    ] {
        let size = size(name);
        assert!(size < most, "{name} has {size} bytes, the limit is {most}");
    }
}

#[test]
fn the_published_component_is_the_embedded_one() {
    let published = fs::read(folder().join("keepdocker.wasm")).unwrap();
    assert!(
        published == keepdocker::testing::COMPONENT,
        "the program has another component than is published"
    );
}

#[test]
fn every_file_has_its_sum() {
    let sums = fs::read_to_string(folder().join("SHA256SUMS")).unwrap();
    let mut named = Vec::new();
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        let mut found = String::new();
        for byte in Sha256::digest(fs::read(folder().join(name)).unwrap()) {
            write!(found, "{byte:02x}").unwrap();
        }
        assert_eq!(found, sum, "{name}");
        named.push(name);
    }
    for name in [
        "keepdocker.wasm",
        "keepdocker-planner.wasm",
        "keepdocker-contract.wasm",
        "keepdocker-wasi.wasm",
    ] {
        assert!(named.contains(&name), "{name} has no sum");
    }
}

#[test]
fn the_contract_is_published_as_a_package_with_both_worlds() {
    let bytes = fs::read(folder().join("keepdocker-contract.wasm")).unwrap();
    let decoded = wit_component::decode(&bytes).unwrap();
    let package = decoded.package();
    let resolve = decoded.resolve();
    let package = &resolve.packages[package];
    assert_eq!(package.name.to_string(), "keepdocker:contract@0.1.0");
    let worlds: Vec<&str> = package.worlds.keys().map(String::as_str).collect();
    for world in ["keepdocker", "planner"] {
        assert!(worlds.contains(&world), "{worlds:?}");
    }
    assert!(folder().join("wit/world.wit").is_file());
}
