//! What the terminals on standard output and standard error can show.

use std::ffi::{OsStr, OsString};
use std::io;

use keepdocker_console::{Stream, fit};

use crate::settings::process_variable;

/// The width where the terminal does not tell its own.
const USUAL: usize = 80;

/// The systems that run jobs on a terminal which nobody looks at, and whose log keeps every line.
const UNWATCHED: [&str; 6] = [
    "CI",
    "TF_BUILD",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "BUILDKITE",
    "GITHUB_ACTIONS",
];

/// Has messages and tables from now on fit the terminal that they are written to, if it is one.
pub(crate) fn fit_terminals() {
    fit(|stream| match stream {
        Stream::Output => told_by_output(),
        Stream::Error => told(),
    });
}

/// Returns how many characters a line of standard error has room for, now: people change it while a command runs.
pub(crate) fn width() -> usize {
    told().unwrap_or_else(|| {
        let given = process_variable("COLUMNS").and_then(|text| text.into_string().ok());
        given.and_then(|text| text.parse().ok()).unwrap_or(USUAL)
    })
}

/// Tells whether a line can be drawn again and again. The environment tells of terminals that cannot move the
/// cursor, and of those that nobody looks at; one without a width is none at which somebody sits.
#[must_use]
pub(crate) fn takes_drawing() -> bool {
    let is = |name: &str, word: &str| {
        process_variable(name).map(|value: OsString| value == OsStr::new(word))
    };
    let is_dumb = is("TERM", "dumb") == Some(true);
    let is_unwatched = UNWATCHED
        .iter()
        .any(|name| is(name, "false") == Some(false));
    !is_dumb && !is_unwatched && told().is_some()
}

/// Returns the width that the terminal on standard error tells.
fn told() -> Option<usize> {
    useful(terminal_size::terminal_size_of(io::stderr()))
}

/// Returns the width that the terminal on standard output tells.
fn told_by_output() -> Option<usize> {
    useful(terminal_size::terminal_size_of(io::stdout()))
}

fn useful(size: Option<(terminal_size::Width, terminal_size::Height)>) -> Option<usize> {
    size.map(|(width, _)| usize::from(width.0))
        .filter(|width| *width > 0)
}
