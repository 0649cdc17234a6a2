//! Standard output and standard error: the only place that writes to them.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use chrono::{DateTime, Local};

use crate::message::{self, indent, presentable};
use crate::report::Report;
use crate::width::{Stream, width_of};

/// How much a message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For those who look for a fault.
    Debug,
    /// What is going on.
    Info,
    /// What may not be what the user wants.
    Warning,
    /// Why the command fails.
    Error,
}

/// How messages look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `warning: …`, with hints.
    Plain,
    /// `2026-11-24 10:00:00 arvados.keepdocker[123] WARNING: …`, which scripts know from the
    /// Python program.
    Python,
}

/// Whether something was written to standard output as an answer.
static ANSWERED: AtomicBool = AtomicBool::new(false);

/// What is made of every text before it gets to standard error.
type Conceal = Box<dyn Fn(&str) -> String + Send + Sync>;

/// One for the whole program: whoever writes, no secret leaves it.
static CONCEAL: RwLock<Option<Conceal>> = RwLock::new(None);

/// Where the cursor stands. All that goes to standard error goes through this lock.
static LINE: Mutex<Line> = Mutex::new(Line::Fresh);

/// What stands on the last line of standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Nothing yet.
    Fresh,
    /// Something that is drawn again and again, and may be erased.
    Erasable,
    /// The same, where it must stay.
    Lasting,
}

/// Has every text that is shown on standard error from now on go through `conceal`, which must give the
/// same for what it has given.
pub fn conceal(conceal: impl Fn(&str) -> String + Send + Sync + 'static) {
    *CONCEAL.write().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(conceal));
}

/// Returns the text without secrets.
pub fn concealed(text: &str) -> Cow<'_, str> {
    match &*CONCEAL.read().unwrap_or_else(PoisonError::into_inner) {
        Some(conceal) => Cow::Owned(conceal(text)),
        None => Cow::Borrowed(text),
    }
}

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
        ANSWERED.store(true, Ordering::Relaxed);
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
        if level < self.least {
            return;
        }
        let text = &*presentable(text);
        let line = match self.style {
            Style::Plain => message::plain(level, text, width_of(Stream::Error)),
            Style::Python => {
                let now = DateTime::<Local>::from(SystemTime::now()).format("%Y-%m-%d %H:%M:%S");
                format!(
                    "{now} arvados.keepdocker[{}] {}: {text}",
                    std::process::id(),
                    python_name(level),
                )
            }
        };
        self.error_line(&line);
    }

    /// Shows why a command failed, and what to do.
    pub fn report(&self, report: &Report) {
        match self.style {
            Style::Plain => {
                self.raw(&report.in_lines(width_of(Stream::Error)));
            }
            Style::Python => {
                for line in &report.python {
                    self.message(Level::Error, line);
                }
                // The old words do not tell which image is meant.
                match report.python.as_slice() {
                    [] => self.message(Level::Error, &report.message),
                    _ => self.error_line(&indent(&report.message)),
                }
                for detail in &report.details {
                    self.error_line(&indent(detail));
                }
                if let Some(advice) = &report.advice {
                    self.message(Level::Info, advice);
                }
            }
        }
    }

    /// Says what may help.
    pub fn hint(&self, advice: &str) {
        self.error_line(&message::hint(advice, width_of(Stream::Error)));
    }

    /// Tells whether an answer was written, whole or in part.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        ANSWERED.load(Ordering::Relaxed)
    }

    /// Writes whole lines to standard error as they are, but for secrets; they must be harmless already.
    pub fn raw(&self, text: &str) {
        self.write(text, Line::Fresh);
    }

    /// Draws a line that is drawn again and again; `text` begins with a carriage return.
    pub fn draw(&self, text: &str, line: Line) {
        self.write(text, line);
    }

    /// Ends a line that was drawn, if nothing was written after it.
    pub fn end_line(&self) {
        let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *line, Line::Fresh) != Line::Fresh {
            put("\n");
        }
    }

    fn write(&self, text: &str, after: Line) {
        let text = concealed(text);
        let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *line, after);
        match before {
            // Carriage return, and erase to the end of the line.
            Line::Erasable if after == Line::Fresh => put(&format!("\r\u{1b}[K{text}")),
            Line::Lasting if after == Line::Fresh => put(&format!("\n{text}")),
            _ => put(&text),
        }
    }

    fn error_line(&self, line: &str) {
        self.raw(&format!("{line}\n"));
    }
}

fn put(text: &str) {
    let mut stderr = io::stderr().lock();
    // There is nowhere to report that standard error is gone.
    let _ = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}

fn python_name(level: Level) -> &'static str {
    match level {
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warning => "WARNING",
        Level::Error => "ERROR",
    }
}
