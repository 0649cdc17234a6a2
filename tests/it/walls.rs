//! The walls between the rooms: no source file is compiled in two places, no circle of folders, no dependency
//! that nothing uses, nothing public that nobody else wants, no cluster in the drop-in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn no_source_file_is_compiled_in_two_places() {
    let including: Vec<String> = sources_without(&["guest", "host", "tests"], &[])
        .into_iter()
        .filter(|(_, text)| {
            text.lines()
                .any(|line| line.trim_start().starts_with("#[path"))
        })
        .map(|(file, _)| file)
        .collect();
    assert!(
        including.is_empty(),
        "make a crate of what both need, rather than to include a file with #[path]: {including:?}"
    );
}

#[test]
fn no_folder_of_the_host_uses_one_that_uses_it() {
    let uses = uses();
    assert!(uses["cli"].contains("run"), "imports are not understood");
    for folder in uses.keys() {
        for used in &uses[folder] {
            assert!(
                !reached(&uses, used).contains(folder),
                "`{folder}` uses `{used}`, which uses `{folder}`, perhaps by way of others"
            );
        }
    }
}

#[test]
fn every_dependency_is_used() {
    let mut manifests = Vec::new();
    for folder in ["guest", "host", "tests"] {
        walk(&root().join(folder), &mut |file| {
            if file.file_name().is_some_and(|name| name == "Cargo.toml") {
                manifests.push(file.to_owned());
            }
        });
    }
    assert!(manifests.len() > 15, "{manifests:?}");
    let mut unused = Vec::new();
    for manifest in manifests {
        let text = fs::read_to_string(&manifest).unwrap();
        let manifest = manifest.strip_prefix(root()).unwrap();
        let code = code_beside(manifest, &text);
        for dependency in dependencies(&text, |table| !table.starts_with("workspace")) {
            // The only one whose library is called otherwise.
            let name = match dependency.as_str() {
                "md-5" => "md5".to_owned(),
                other => other.replace('-', "_"),
            };
            if !is_named(&code, &name) {
                unused.push(format!("{}: {dependency}", manifest.display()));
            }
        }
    }
    // The tables of the workspaces, too.
    for (manifest, members) in [("Cargo.toml", ""), ("host/wasi/Cargo.toml", "host/wasi")] {
        let text = fs::read_to_string(root().join(manifest)).unwrap();
        let inherited = inherited(members);
        unused.extend(
            dependencies(&text, |table| table.starts_with("workspace"))
                .difference(&inherited)
                .map(|name| format!("{manifest}: {name}")),
        );
    }
    assert!(unused.is_empty(), "nothing uses these: {unused:#?}");
}

#[test]
fn nothing_is_public_that_no_other_crate_names() {
    let mut all = Vec::new();
    for folder in ["guest", "host", "tests"] {
        walk(&root().join(folder), &mut |file| {
            if file.extension().is_some_and(|extension| extension == "rs") {
                let name = file.strip_prefix(root()).unwrap().display().to_string();
                all.push((name, without_comments(&fs::read_to_string(file).unwrap())));
            }
        });
    }
    let crate_of = |file: &str| {
        file.split_once("/src/")
            .map(|(folder, _)| folder.to_owned())
    };
    let mut words_of: BTreeMap<Option<String>, BTreeSet<&str>> = BTreeMap::new();
    for (file, text) in &all {
        // What a macro names is named wherever it is expanded.
        let is_expanded_elsewhere = text.contains("#[macro_export]");
        let of = crate_of(file).filter(|_| !is_expanded_elsewhere);
        words_of.entry(of).or_default().extend(words(text));
    }
    let mut alone = Vec::new();
    for (file, text) in &all {
        let of = crate_of(file);
        if of.as_deref().is_none_or(|of| of == "host") {
            continue;
        }
        for name in public_names(text) {
            let is_named = words_of
                .iter()
                .any(|(other, words)| *other != of && words.contains(name));
            if !is_named {
                alone.push(format!("{file}: {name}"));
            }
        }
    }
    assert!(
        alone.is_empty(),
        "only their own crates name these: {alone:#?}"
    );
}

/// The way in which Cargo puts features together is its own, so it is asked.
#[test]
fn no_program_that_is_released_has_what_only_tests_do() {
    let features = |scope: &[&str]| {
        let output = Command::new(env!("CARGO"))
            .current_dir(root())
            .args(["tree", "--locked", "--offline", "--edges", "features"])
            .args(["--invert", "keepdocker-sandbox"])
            .args(scope)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    };
    let of_tests = "keepdocker-sandbox feature \"testing\"";
    assert!(features(&["--workspace"]).contains(of_tests));
    let released = features(&["--package", "keepdocker"]);
    assert!(released.contains("feature \"sandbox\""), "{released}");
    assert!(!released.contains("\"testing\""), "{released}");
}

#[test]
fn the_drop_in_has_no_cluster_inside() {
    // With these words every database of SQLite begins, and only what makes one has them.
    const DATABASE: &[u8] = b"SQLite format 3";
    let holds = |program: &str| {
        let bytes = fs::read(program).unwrap();
        bytes.windows(DATABASE.len()).any(|words| words == DATABASE)
    };
    assert!(holds(env!("CARGO_BIN_EXE_keepdocker")));
    assert!(!holds(env!("CARGO_BIN_EXE_arv-keepdocker")));
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// Returns the functions and constants that a source file makes public.
fn public_names(code: &str) -> impl Iterator<Item = &str> {
    code.lines().filter_map(|line| {
        let mut words = line.trim_start().strip_prefix("pub ")?.split_whitespace();
        let kind = words.find(|word| !["async", "unsafe"].contains(word))?;
        let kinds = ["fn", "const", "static"];
        let name = words.find(|word| !kinds.contains(word))?;
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        kinds
            .contains(&kind)
            .then(|| name.split(|c: char| !is_part(c)).next())?
    })
}

/// Returns which folders and files of `host/src` use which others, apart from unit tests.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in sources(&["host/src"]) {
        let inside = file.strip_prefix("host/src/").unwrap();
        let folder = inside.split('/').next().unwrap().trim_end_matches(".rs");
        if ["bin", "lib"].contains(&folder) || inside.contains("tests") {
            continue;
        }
        let used = uses.entry(folder.to_owned()).or_default();
        let code = without_comments(&text);
        let code = code.split("#[cfg(test)]").next().unwrap();
        used.extend(named_of_crate(code).filter(|name| name != folder));
    }
    // What the library only hands on from other packages is no folder.
    let folders: BTreeSet<String> = uses.keys().cloned().collect();
    for used in uses.values_mut() {
        used.retain(|name| folders.contains(name));
    }
    uses
}

/// Returns the names right behind `crate::`, those of a list in braces included.
fn named_of_crate(code: &str) -> impl Iterator<Item = String> + '_ {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    code.split("crate::").skip(1).flat_map(move |rest| {
        let Some(list) = rest.strip_prefix('{') else {
            return vec![rest.chars().take_while(|c| is_name(*c)).collect()];
        };
        let list = list.split(';').next().unwrap();
        let mut depth = 0;
        let mut names = vec![String::new()];
        for c in list.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => names.push(String::new()),
                c if depth == 0 => names.last_mut().unwrap().push(c),
                _ => {}
            }
        }
        let first = |path: String| path.trim().chars().take_while(|c| is_name(*c)).collect();
        names.into_iter().map(first).collect::<Vec<String>>()
    })
}

/// Returns what is used by a folder, and by what that uses.
fn reached(uses: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut left = vec![from.to_owned()];
    while let Some(folder) = left.pop() {
        for used in &uses[&folder] {
            if reached.insert(used.clone()) {
                left.push(used.clone());
            }
        }
    }
    reached
}

/// Returns the dependencies in some tables of a manifest, by the names of the tables.
fn dependencies(manifest: &str, is_meant: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut is_inside = false;
    for line in manifest.lines() {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_matches(['[', ']']);
            is_inside = table.ends_with("dependencies") && is_meant(table);
        } else if is_inside && line.starts_with(|c: char| c.is_alphanumeric()) {
            names.insert(line.split(['.', ' ', '=']).next().unwrap().to_owned());
        }
    }
    names
}

/// Returns the code of a package, with its tests and what its manifest names besides.
fn code_beside(manifest: &Path, text: &str) -> String {
    let folder = root().join(manifest.parent().unwrap());
    let mut code = String::new();
    let mut add = |file: &Path| {
        if file.extension().is_some_and(|extension| extension == "rs") {
            code.push_str(&without_comments(&fs::read_to_string(file).unwrap()));
        }
    };
    for inside in ["src", "tests", "benches", "examples", "fuzz_targets"] {
        if folder.join(inside).is_dir() {
            walk(&folder.join(inside), &mut add);
        }
    }
    if folder.join("build.rs").is_file() {
        add(&folder.join("build.rs"));
    }
    let elsewhere = text
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix('"'));
    for file in elsewhere.filter(|path| path.starts_with("..")) {
        walk(folder.join(file).parent().unwrap(), &mut add);
    }
    code
}

/// Tells whether code names a package: as the beginning of a path, or on its own.
fn is_named(code: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        let begins = before.is_none_or(|c| !is_part(c) && c != '.');
        begins
            && ["::", ";", " as ", ",", "}"]
                .iter()
                .any(|end| after.starts_with(end))
    })
}

/// Returns the dependencies that the members of a workspace, those below a folder, take from its table.
fn inherited(below: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    walk(&root().join(below), &mut |file| {
        let is_wasi = file.starts_with(root().join("host/wasi"));
        if file.file_name().is_none_or(|name| name != "Cargo.toml")
            || is_wasi != (below == "host/wasi")
        {
            return;
        }
        for line in fs::read_to_string(file).unwrap().lines() {
            let name = line.split(['.', ' ']).next().unwrap_or_default();
            if line.contains("workspace = true") {
                names.insert(name.to_owned());
            }
        }
    });
    names
}

fn without_comments(text: &str) -> String {
    let code = |line: &str| match line.split_once("//") {
        // An address in a text is no comment.
        Some((before, _)) if !before.ends_with(':') => before.to_owned() + "\n",
        _ => line.to_owned() + "\n",
    };
    text.lines().map(code).collect()
}

/// Returns the source files below folders, by their names, apart from tests and benches.
fn sources(folders: &[&str]) -> BTreeMap<String, String> {
    sources_without(folders, &["tests", "benches", "fuzz", "fuzz_targets"])
}

/// Returns the source files below some folders, by their paths, apart from those below folders of these names.
fn sources_without(folders: &[&str], left_out: &[&str]) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    for folder in folders {
        walk(&root().join(folder), &mut |file| {
            let name = file.strip_prefix(root()).unwrap();
            let is_left_out = name
                .components()
                .any(|part| left_out.contains(&part.as_os_str().to_str().unwrap()));
            if !is_left_out && file.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(file).unwrap();
                sources.insert(name.display().to_string(), text);
            }
        });
    }
    sources
}

/// Visits the files below a folder, apart from what was built or installed.
fn walk(folder: &Path, visit: &mut impl FnMut(&Path)) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap();
        if !path.is_dir() {
            visit(&path);
        } else if !is_built(&path) && name != "node_modules" && !name.starts_with('.') {
            walk(&path, visit);
        }
    }
}

/// Tells whether a folder is Cargo's; one of that name in the host is not.
fn is_built(folder: &Path) -> bool {
    folder.join("CACHEDIR.TAG").exists()
}
