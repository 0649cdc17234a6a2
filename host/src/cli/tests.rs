//! The values of every option and argument of both programs, and of every variable that they read.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt as _;

use clap::{Arg, Command, CommandFactory as _};

use std::path::Path;

use super::{arv_keepdocker, keepdocker};
use crate::settings::VARIABLES;
use keepdocker_console::values::{check, name, takes_paths};

const TABLE: &str = include_str!("../../../docs/compatibility.md");

/// Every argument of a program that takes a value, with the words that lead to it.
fn values(command: &Command, path: &[String], found: &mut Vec<(Vec<String>, Arg)>) {
    for argument in command.get_arguments() {
        if argument.get_action().takes_values() {
            found.push((path.to_vec(), argument.clone()));
        }
    }
    for command in command.get_subcommands() {
        let path = [path, &[command.get_name().to_owned()]].concat();
        values(command, &path, found);
    }
}

/// Returns the command line that gives a value to one argument.
fn words(path: &[String], argument: &Arg, siblings: usize, value: &OsStr) -> Vec<OsString> {
    let mut words: Vec<OsString> = path.iter().map(OsString::from).collect();
    match argument.get_long() {
        Some(long) => {
            let mut word = OsString::from(format!("--{long}="));
            word.push(value);
            words.push(word);
        }
        None => {
            words.extend(std::iter::repeat_n(OsString::from("x"), siblings));
            words.push(value.to_owned());
        }
    }
    words
}

#[test]
fn an_empty_value_is_not_given_or_refused_as_the_table_says() {
    let programs = [
        keepdocker::Arguments::command(),
        arv_keepdocker::Arguments::command(),
    ];
    let mut number = 0;
    for program in programs {
        let mut found = Vec::new();
        let start = [program.get_name().to_owned()];
        values(&program, &start, &mut found);
        for (path, argument) in &found {
            let before = found
                .iter()
                .filter(|(at, other)| at == path && other.is_positional())
                .take_while(|(_, other)| other.get_id() != argument.get_id())
                .count();
            let called = name(argument);
            let is_optional = TABLE.contains(&format!("\n| `{called}` | not given |"));
            for value in ["", "  "] {
                let words = words(path, argument, before, OsStr::new(value));
                let told = check(&program, &words).map_err(|error| error.to_string());
                match told {
                    Ok(()) => assert!(is_optional, "{words:?} is taken"),
                    Err(text) => {
                        assert!(!is_optional, "{words:?}: {text}");
                        assert!(text.contains(&format!("`{called}` is empty")), "{text}");
                    }
                }
            }
            let broken = OsString::from_vec(b"caf\xe9".to_vec());
            let words = words(path, argument, before, &broken);
            match check(&program, &words).map_err(|error| error.to_string()) {
                Ok(()) => assert!(takes_paths(argument), "{words:?}"),
                Err(text) => {
                    let expected = format!("`{called}` is not UTF-8: caf\u{fffd}");
                    assert!(text.contains(&expected), "{text}");
                }
            }
            number += 1;
        }
    }
    assert!(number > 60, "{number} are too few to be all");
}

#[test]
fn what_is_given_after_an_empty_value_counts() {
    let command = arv_keepdocker::Arguments::command();
    let words = ["arv-keepdocker", "--retries=", "--retries=3", "img"].map(OsString::from);
    assert!(check(&command, &words).is_ok());
    let words = ["arv-keepdocker", "--retries=3", "--retries", "", "img"].map(OsString::from);
    assert!(check(&command, &words).is_err());
    let words = ["arv-keepdocker", "--help", "--retries="].map(OsString::from);
    assert!(check(&command, &words).is_ok(), "help is help");
}

#[test]
fn every_variable_that_is_read_has_a_row() {
    let (_, table) = TABLE.split_once("## Empty values").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let named = |variable: &str| {
        let rows = table.lines().filter(|line| line.starts_with("| `"));
        let is_named = |row: &&str| {
            let options = row.split(" | ").next().unwrap_or_default();
            options.contains(&format!("`{variable}`"))
        };
        rows.filter(is_named).count()
    };
    for variable in VARIABLES {
        assert_eq!(named(variable), 1, "{variable}");
    }
    for program in [
        keepdocker::Arguments::command(),
        arv_keepdocker::Arguments::command(),
    ] {
        let mut found = Vec::new();
        values(&program, &[], &mut found);
        for variable in found.iter().filter_map(|(_, argument)| argument.get_env()) {
            let variable = variable.to_str().unwrap();
            assert!(VARIABLES.contains(&variable), "{variable}");
        }
    }
    // Whatever is read elsewhere goes past the list.
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    search(&source, &mut wrong);
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Finds the files that read variables of the process, but for those that know the list.
fn search(folder: &Path, wrong: &mut Vec<String>) {
    const KNOWN: [&str; 3] = [
        "settings/environment.rs",
        "settings/variables.rs",
        // It hands on what is not read.
        "engine/environment.rs",
    ];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, wrong);
            continue;
        }
        let is_test = path.ends_with("tests.rs") || path.iter().any(|part| part == "tests");
        let is_known = KNOWN.iter().any(|known| path.ends_with(known));
        let text = std::fs::read_to_string(&path).unwrap();
        let reads = ["env::var", "env::vars", "env::temp_dir", "env::home_dir"];
        if !is_test && !is_known && reads.iter().any(|read| text.contains(read)) {
            wrong.push(path.display().to_string());
        }
    }
}
