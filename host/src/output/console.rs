//! Standard output and standard error: the only place that writes to them.

use std::io::{self, IsTerminal, Write};

use super::report::Report;
use crate::bindings::log::Level;
use crate::harmless::{escape, escape_lines};

/// How messages look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `warning: …`, with hints.
    Plain,
    /// `2026-11-24 10:00:00 arvados.keepdocker[123] WARNING: …`, which scripts know from the
    /// Python program.
    Python,
}

/// The most of a message that is shown, in bytes. The rest would only push the beginning out of sight,
/// and what the component says can have any length.
const LONGEST_MESSAGE: usize = 32 << 10;

/// Where a program's answers and messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Console {
    style: Style,
    least: Level,
}

impl Console {
    /// Creates a console that shows messages of level `least` and above.
    #[must_use]
    pub fn new(style: Style, least: Level) -> Self {
        Self { style, least }
    }

    /// Returns the console for a run whose settings ask for debugging, which the Python program heeds.
    #[must_use]
    pub fn debugging(self) -> Self {
        match self.style {
            Style::Python => Self {
                least: Level::Debug,
                ..self
            },
            Style::Plain => self,
        }
    }

    /// Tells whether standard error is a terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Writes an answer to standard output.
    ///
    /// A reader that has gone (`| head`) is not an error: it has seen what it wanted.
    ///
    /// # Errors
    /// If the answer cannot be written for another reason, such as a full disk.
    pub fn answer(&self, text: impl AsRef<[u8]>) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout
            .write_all(text.as_ref())
            .and_then(|()| stdout.flush())
        {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    /// Shows a message on standard error, if its level is high enough.
    pub fn message(&self, level: Level, text: &str) {
        if rank(level) < rank(self.least) {
            return;
        }
        let text = beginning(text);
        let line = match self.style {
            Style::Plain => match level {
                Level::Debug => format!("debug: {}", escape(text)),
                Level::Info => escape(text).into_owned(),
                Level::Warning => format!("warning: {}", escape(text)),
                Level::Error => format!("error: {}", escape(text)),
            },
            Style::Python => {
                let now = chrono::Local::now().format("%Y-%m-%d %H:%M:%S");
                format!(
                    "{now} arvados.keepdocker[{}] {}: {}",
                    std::process::id(),
                    python_name(level),
                    escape(text)
                )
            }
        };
        self.error_line(&line);
    }

    /// Shows why a command failed, and what to do.
    pub fn report(&self, report: &Report) {
        match self.style {
            Style::Plain => {
                self.message(Level::Error, &report.message);
                for detail in &report.details {
                    self.error_line(&indent(&escape_lines(beginning(detail))));
                }
                if let Some(advice) = &report.advice {
                    self.error_line(&format!("hint: {}", escape(advice)));
                }
            }
            Style::Python => {
                for line in &report.python {
                    self.message(Level::Error, line);
                }
                // The old words do not tell which image is meant.
                match report.python.as_slice() {
                    [] => self.message(Level::Error, &report.message),
                    _ => self.error_line(&indent(&escape_lines(beginning(&report.message)))),
                }
                for detail in &report.details {
                    self.error_line(&indent(&escape_lines(beginning(detail))));
                }
                if let Some(advice) = &report.advice {
                    self.message(Level::Info, advice);
                }
            }
        }
    }

    /// Writes text to standard error as it is; it must be harmless already.
    pub fn raw(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        // There is nowhere to report that standard error is gone.
        let _ = stderr
            .write_all(text.as_bytes())
            .and_then(|()| stderr.flush());
    }

    fn error_line(&self, line: &str) {
        self.raw(&format!("{line}\n"));
    }
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_MESSAGE)]
}

fn indent(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn rank(level: Level) -> u8 {
    match level {
        Level::Debug => 0,
        Level::Info => 1,
        Level::Warning => 2,
        Level::Error => 3,
    }
}

fn python_name(level: Level) -> &'static str {
    match level {
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warning => "WARNING",
        Level::Error => "ERROR",
    }
}
