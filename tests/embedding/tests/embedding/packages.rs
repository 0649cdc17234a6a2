//! The planner as a wheel and as a package of npm: each is made, installed in a clean place, and asked the corpus there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::cases;
use crate::published::{folder, workspace};
use crate::runtimes::{printed, program, runtimes};

/// Makes both packages once, by the command of the release, and returns their folder.
fn packages(runtimes: &Path) -> &'static Path {
    static PACKAGES: OnceLock<tempfile::TempDir> = OnceLock::new();
    let packages = PACKAGES.get_or_init(|| {
        let place = tempfile::tempdir().unwrap();
        printed(
            Command::new(workspace().join(".ci/planner-packages"))
                .arg(folder().join("keepdocker-planner.wasm"))
                .arg(place.path())
                .env("KEEPDOCKER_RUNTIMES", runtimes),
        );
        place
    });
    packages.path()
}

/// Returns the one file of this kind.
fn package(runtimes: &Path, extension: &str) -> PathBuf {
    let files = fs::read_dir(packages(runtimes)).unwrap();
    let mut found = files.map(|entry| entry.unwrap().path());
    found
        .find(|path| path.extension().is_some_and(|found| found == extension))
        .unwrap_or_else(|| panic!("there is no .{extension} file"))
}

fn assert_answers(printed: &str) {
    let cases = cases::corpus().lines().count();
    assert!(cases > 400, "only {cases} cases");
    assert_eq!(printed, format!("{cases} answers\n"));
}

fn component() -> Vec<u8> {
    fs::read(folder().join("keepdocker-planner.wasm")).unwrap()
}

#[test]
fn the_wheel_of_the_planner_answers_the_corpus_in_plain_dictionaries() {
    let Some(runtimes) = runtimes() else { return };
    let wheel = package(&runtimes, "whl");
    let place = tempfile::tempdir().unwrap();
    let venv = place.path().join("venv");
    printed(
        Command::new(runtimes.join("python/bin/python"))
            .args(["-m", "venv"])
            .arg(&venv),
    );
    let python = venv.join("bin/python");
    let site = |python: &Path| {
        let asked = "import sysconfig; print(sysconfig.get_path('purelib'), end='')";
        PathBuf::from(printed(Command::new(python).args(["-c", asked])))
    };
    // What the wheel needs comes from beside, so that no index is asked; pip refuses it where it finds less than that.
    let beside = site(&runtimes.join("python/bin/python"));
    let packages = site(&python);
    fs::write(packages.join("beside.pth"), beside.to_str().unwrap()).unwrap();
    printed(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--no-index"])
            .arg("--disable-pip-version-check")
            .arg(&wheel),
    );
    let held = packages.join("keepdocker_planner/keepdocker-planner.wasm");
    assert!(
        fs::read(held).unwrap() == component(),
        "another component is in it"
    );
    assert_answers(&printed(
        Command::new(&python)
            .arg(program("python", "packaged.py"))
            .arg(program("corpus", "planner.jsonl")),
    ));
}

#[test]
fn the_npm_package_of_the_planner_answers_the_corpus_in_plain_objects() {
    let Some(runtimes) = runtimes() else { return };
    let archive = package(&runtimes, "tgz");
    let place = tempfile::tempdir().unwrap();
    printed(
        Command::new("npm")
            .args(["install", "--offline", "--no-audit", "--no-fund"])
            .args(["--silent", "--prefix"])
            .arg(place.path())
            .arg(&archive)
            .current_dir(&place),
    );
    let installed = place.path().join("node_modules/keepdocker-planner");
    let held = fs::read(installed.join("keepdocker-planner.wasm")).unwrap();
    assert!(held == component(), "another component is in it");
    // What runs is the module inside of it.
    let core = fs::read(installed.join("planner/keepdocker-planner.core.wasm")).unwrap();
    assert!(
        held.windows(core.len()).any(|bytes| bytes == core),
        "what runs is of another component"
    );
    assert_answers(&printed(
        Command::new("node")
            .arg(program("node", "packaged.mjs"))
            .arg(program("corpus", "planner.jsonl"))
            .current_dir(&place),
    ));
}

/// Returns the texts that source files of a folder take in when they are compiled, each with the file; those of tests are left out.
fn taken_in(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if ["tests", "benches", "testing"].contains(&name) {
            continue;
        }
        if path.is_dir() {
            taken_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for include in ["include_str!(\"", "include_bytes!(\""] {
                let names = text.split(include).skip(1);
                let names = names.map(|rest| rest.split('"').next().unwrap());
                found.extend(names.map(|name| path.parent().unwrap().join(name)));
            }
        }
    }
}

/// `.ci/try-crate` compiles them, which takes as long as a release.
#[test]
fn the_crates_hold_the_components_and_all_that_they_take_in() {
    let place = tempfile::tempdir().unwrap();
    printed(
        Command::new(workspace().join(".ci/crate"))
            .arg(folder())
            .arg(place.path()),
    );
    let crates: Vec<PathBuf> = fs::read_dir(&place)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(crates.len() > 10, "{crates:?}");
    for archive in &crates {
        printed(
            Command::new("tar")
                .args(["--extract", "--gzip", "--directory"])
                .arg(place.path())
                .arg("--file")
                .arg(archive),
        );
    }
    let version = env!("CARGO_PKG_VERSION");
    let program = place.path().join(format!("keepdocker-{version}"));
    for name in ["keepdocker.wasm", "keepdocker-planner.wasm"] {
        let held = fs::read(program.join("component").join(name)).unwrap();
        assert!(
            held == fs::read(folder().join(name)).unwrap(),
            "the package has another {name} than is published"
        );
    }
    assert!(program.join("wit/world.wit").is_file());

    let mut taken = 0;
    for archive in &crates {
        let package = archive.with_extension("");
        let manifest = fs::read_to_string(package.join("Cargo.toml")).unwrap();
        for line in manifest.lines() {
            let Some((_, ours)) = line.split_once("dependencies.keepdocker-") else {
                continue;
            };
            let needed = format!("keepdocker-{}-{version}.crate", ours.trim_matches(']'));
            assert!(
                place.path().join(&needed).is_file(),
                "{} needs {needed}, which is not packed",
                package.display()
            );
        }
        let mut files = Vec::new();
        taken_in(&package, &mut files);
        taken += files.len();
        for file in files {
            let found = file.canonicalize().ok();
            assert!(
                found.is_some_and(|found| found.starts_with(package.canonicalize().unwrap())),
                "{} is taken in, and is not in the package",
                file.display()
            );
        }
    }
    assert!(taken > 3, "only {taken} includes were found");
}
