//! What a value on a command line cannot be: empty, or no text.
//!
//! An unset variable of a script leaves its option empty. What that means is one rule for all options, so it is
//! looked after before they are read: the values that the Python program takes for not given are so here, and every
//! other one is refused, since going on without it would do something else than what was asked for.

use std::ffi::{OsStr, OsString};

use clap::builder::ValueParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use keepdocker_wording::harmless::escape;

/// The options and arguments that count as not given where they are empty; the table in
/// `docs/compatibility.md` lists them.
const OPTIONAL: [&str; 3] = ["project_uuid", "name", "tag"];

/// Refuses a command line with a value that is empty, or no text where it must be.
///
/// # Errors
/// If there is one, with what to tell the user.
pub fn check(command: &Command, words: &[OsString]) -> Result<(), clap::Error> {
    // Whatever else is wrong with the words is found when they are read.
    let lenient = lenient(command.clone()).ignore_errors(true);
    let Ok(matches) = lenient.try_get_matches_from(words) else {
        return Ok(());
    };
    let root = command;
    let mut path = Vec::new();
    let mut level = Some((command, &matches));
    while let Some((command, matches)) = level {
        for argument in command.get_arguments() {
            if let Some(fault) = fault(argument, matches) {
                return Err(refusal(root, &path, &fault));
            }
        }
        level = matches
            .subcommand()
            .and_then(|(name, matches)| Some((command.find_subcommand(name)?, matches)));
        path.extend(level.map(|(command, _)| command.get_name()));
    }
    Ok(())
}

/// Makes the error of the command that this path of names leads to. Its usage begins with the program's name,
/// which only a command that was built knows.
fn refusal(root: &Command, path: &[&str], fault: &str) -> clap::Error {
    let mut root = root.clone();
    root.build();
    let mut command = &mut root;
    for name in path {
        command = command
            .find_subcommand_mut(name)
            .expect("the path was followed before");
    }
    command.error(ErrorKind::ValueValidation, fault)
}

/// Makes nothing of an optional text that is empty.
pub fn settle(text: &mut Option<String>) {
    if text.as_deref().is_some_and(is_empty) {
        *text = None;
    }
}

/// Tells whether there is nothing in the text but blanks.
#[must_use]
pub fn is_empty(text: &str) -> bool {
    text.trim().is_empty()
}

/// Takes every value as it is, so that none is refused for what it says.
fn lenient(command: Command) -> Command {
    command
        .mut_args(|argument| {
            if argument.get_action().takes_values() {
                argument.value_parser(ValueParser::os_string())
            } else {
                argument
            }
        })
        .mut_subcommands(lenient)
}

fn fault(argument: &Arg, matches: &ArgMatches) -> Option<String> {
    if !argument.get_action().takes_values() {
        return None;
    }
    let id = argument.get_id().as_str();
    let is_from_variable = match matches.value_source(id)? {
        ValueSource::CommandLine => false,
        ValueSource::EnvVariable => true,
        _ => return None,
    };
    let called = match argument.get_env().filter(|_| is_from_variable) {
        Some(variable) => format!("the variable `{}`", variable.to_string_lossy()),
        None => format!("`{}`", name(argument)),
    };
    // A variable that is empty is as good as none.
    let may_be_empty = is_from_variable || OPTIONAL.contains(&id);
    matches.get_raw(id)?.find_map(|value| {
        if !may_be_empty && value.to_str().is_some_and(is_empty) {
            return Some(format!(
                "{called} is empty; was it to be filled by a variable that is not set?"
            ));
        }
        let must_be_text = !takes_paths(argument);
        (must_be_text && value.to_str().is_none()).then(|| not_text(&called, value))
    })
}

fn not_text(called: &str, value: &OsStr) -> String {
    format!(
        "{called} is not UTF-8: {}",
        escape(&value.to_string_lossy())
    )
}

/// Tells whether the value is a path, or anything else that need not be text.
#[must_use]
pub fn takes_paths(argument: &Arg) -> bool {
    let kind = argument.get_value_parser().type_id();
    kind == ValueParser::path_buf().type_id() || kind == ValueParser::os_string().type_id()
}

/// Returns what the user knows an option or argument by.
#[must_use]
pub fn name(argument: &Arg) -> String {
    match (argument.get_long(), argument.get_value_names()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some([name, ..])) => name.to_string(),
        (None, _) => argument.get_id().as_str().to_uppercase(),
    }
}
