//! What the terminals on standard output and standard error can show.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal as _, Read as _};
use std::sync::{Mutex, PoisonError};

use keepdocker_console::{Console, Line, Stream, fit};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

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

/// A secret that is longer is none.
const LONGEST_SECRET: u64 = 16 << 10;

/// How the terminal on standard input was before it hid what is typed.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Reads a line from standard input. On a terminal it is asked for, and what is typed is not shown.
///
/// # Errors
/// If standard input cannot be read, or what is there is not text.
pub(crate) fn read_secret(console: Console, prompt: &str) -> io::Result<String> {
    let stdin = io::stdin();
    let is_typed = stdin.is_terminal() && hide_typing();
    if is_typed {
        console.draw(prompt, Line::Lasting);
    }
    let mut line = Vec::new();
    let mut taken = stdin.lock().take(LONGEST_SECRET);
    let read = io::BufRead::read_until(&mut taken, b'\n', &mut line);
    if is_typed {
        show_typing();
        console.end_line();
    }
    read?;
    String::from_utf8(line).map_err(|_| io::Error::other("it is not UTF-8"))
}

/// Has the terminal not show what is typed; tells whether that is so.
fn hide_typing() -> bool {
    let Ok(before) = tcgetattr(io::stdin()) else {
        return false;
    };
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
    tcsetattr(io::stdin(), OptionalActions::Flush, &hidden).is_ok()
}

/// Has the terminal show again what is typed, also where a signal ends the program meanwhile.
pub(crate) fn show_typing() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = before {
        // There is nobody to tell that the terminal is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &before);
    }
}
