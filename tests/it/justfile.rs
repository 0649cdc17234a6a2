//! The words of `just`: each runs what is there, and CONTRIBUTING.md tells of each.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// Returns the commands of each recipe that is listed.
fn recipes() -> BTreeMap<String, Vec<String>> {
    let mut recipes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current = None;
    let text = read("justfile");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(command) = line.strip_prefix("    ") {
            let recipe: &String = current.as_ref().unwrap();
            let commands = recipes.get_mut(recipe).unwrap();
            commands.push(command.trim_start_matches('@').to_owned());
        } else if let Some((head, "")) = line.rsplit_once(':') {
            let name = head.split(' ').next().unwrap().to_owned();
            recipes.insert(name.clone(), Vec::new());
            current = Some(name);
        }
    }
    recipes
}

/// Returns what follows an option of a command, each time that it stands there.
fn values<'a>(words: &'a [&str], option: &str) -> Vec<&'a str> {
    let pairs = words.windows(2).filter(|pair| pair[0] == option);
    pairs.map(|pair| pair[1]).collect()
}

/// Says what is wrong with a command; nothing if it can be run.
fn fault(command: &str, packages: &[String]) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let is_setting = |word: &&&str| **word == "env" || word.contains('=');
    let at = words.iter().take_while(is_setting).count();
    let (program, rest) = words[at..].split_first()?;
    match *program {
        "just" | "mkdir" => None,
        "cargo" => {
            for package in values(rest, "-p") {
                if !packages.iter().any(|found| found == package) {
                    return Some(format!("there is no package {package}"));
                }
            }
            let host = read("host/Cargo.toml");
            let named = values(rest, "--bench");
            if let Some(bench) = named
                .iter()
                .find(|name| !host.contains(&format!("[[bench]]\nname = \"{name}\"")))
            {
                return Some(format!("there is no benchmark {bench}"));
            }
            let manifests = values(rest, "--manifest-path");
            let missing = manifests.iter().find(|path| !root().join(path).is_file());
            missing.map(|path| format!("there is no {path}"))
        }
        script => {
            let is_script = fs::metadata(root().join(script))
                .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o100 != 0);
            (!is_script).then(|| format!("{script} is no script"))
        }
    }
}

/// Returns the names of all packages of the workspace.
fn packages() -> Vec<String> {
    let workspace = read("Cargo.toml");
    let members = workspace.split("members = [").nth(1).unwrap();
    let members = members.split(']').next().unwrap();
    let folders = members.split('"').skip(1).step_by(2);
    folders
        .map(|folder| {
            let manifest = read(&format!("{folder}/Cargo.toml"));
            let name = manifest.lines().find_map(|line| {
                let name = line.strip_prefix("name = \"")?;
                name.strip_suffix('"')
            });
            name.unwrap().to_owned()
        })
        .collect()
}

#[test]
fn every_recipe_runs_what_is_there() {
    let packages = packages();
    assert!(packages.iter().any(|name| name == "keepdocker-terms"));
    let recipes = recipes();
    assert!(recipes.len() > 10, "{recipes:?}");
    let mut faults = Vec::new();
    for (recipe, commands) in &recipes {
        assert!(!commands.is_empty(), "{recipe} does nothing");
        for command in commands {
            faults.extend(fault(command, &packages).map(|fault| format!("{recipe}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    // It would find them.
    for wrong in [
        "cargo test -p keepdocker-nowhere",
        "cargo bench --bench nowhere",
        "cargo fmt --manifest-path nowhere/Cargo.toml",
        "tests/nowhere --quick",
        "env A=B tests/readings",
    ] {
        assert!(fault(wrong, &packages).is_some(), "{wrong}");
    }
}

#[test]
fn every_recipe_is_told_of_and_no_other() {
    let page = read("CONTRIBUTING.md");
    let told: Vec<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.strip_prefix("just ")?.split(' ').next())
        .collect();
    let recipes = recipes();
    let untold: Vec<&String> = recipes
        .keys()
        .filter(|name| *name != "default" && !told.contains(&name.as_str()))
        .collect();
    assert!(
        untold.is_empty(),
        "CONTRIBUTING.md does not tell of {untold:?}"
    );
    let lacking: Vec<&&str> = told
        .iter()
        .filter(|name| !recipes.contains_key(**name) && !name.starts_with('-'))
        .collect();
    assert!(lacking.is_empty(), "the justfile lacks {lacking:?}");
}
