//! No source file is compiled in two places, but for those that are known. The list may only get shorter.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Source files that another package compiles a second time.
const KNOWN: [&str; 18] = [
    "host/src/api/mod.rs",
    "host/src/cli/values.rs",
    // The build script compiles for the same processors as the program runs on.
    "host/src/component/configuration.rs",
    "host/src/keep/error.rs",
    "host/src/keep/get.rs",
    "host/src/keep/put.rs",
    "host/src/keep/reuse.rs",
    "host/src/keep/services.rs",
    "host/src/output/console.rs",
    "host/src/output/exit.rs",
    "host/src/output/json.rs",
    "host/src/output/report.rs",
    "host/src/output/table.rs",
    "host/src/plan/error.rs",
    "host/src/plan/script.rs",
    "host/src/plan/step.rs",
    "host/src/properties.rs",
    // How all tests say that they were skipped.
    "tests/it/support/skip.rs",
];

#[test]
fn no_more_source_files_are_compiled_twice_than_are_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = BTreeSet::new();
    for folder in ["guest", "host"] {
        collect(root, &root.join(folder), &mut found);
    }
    let known: BTreeSet<String> = KNOWN.into_iter().map(Into::into).collect();
    let more: Vec<&String> = found.difference(&known).collect();
    assert!(
        more.is_empty(),
        "these are compiled in two places; make a crate of what both need: {more:?}"
    );
    let fewer: Vec<&String> = known.difference(&found).collect();
    assert!(fewer.is_empty(), "take these off the list: {fewer:?}");
}

/// Collects what the sources below a folder include with a path, apart from tests and benches.
fn collect(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !["tests", "benches", "fuzz", "target"].contains(&name) {
                collect(root, &path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let paths = text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("#[path = \"")?.strip_suffix("\"]"));
            for included in paths {
                let file = normal(&path.parent().unwrap().join(included));
                found.insert(file.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
}

/// Returns the path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => _ = normal.pop(),
            part => normal.push(part),
        }
    }
    normal
}
