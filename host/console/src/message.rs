//! Messages in lines, as people see them.

use std::sync::atomic::{AtomicBool, Ordering};

use keepdocker_wording::harmless::{escape, escape_lines};

use crate::console::{Level, concealed};
use crate::report::{Page, Report};
use crate::wrap::wrapped;

/// The most of a message that is shown, in bytes. The rest would only push the beginning out of sight,
/// and what the component says can have any length.
const LONGEST_MESSAGE: usize = 32 << 10;

/// Whether words that begin messages have colours. Only `keepdocker` on a terminal has them: scripts know every
/// byte that the drop-in writes.
static IS_COLORED: AtomicBool = AtomicBool::new(false);

/// Has the words from now on be coloured, or not; at first they are not.
pub fn color(is_colored: bool) {
    IS_COLORED.store(is_colored, Ordering::Relaxed);
}

impl Report {
    /// Returns the lines that say it, for a terminal of this width or, without one, for whoever reads lines.
    #[must_use]
    pub fn in_lines(&self, width: Option<usize>) -> String {
        let mut lines = vec![plain(Level::Error, &presentable(&self.message), width)];
        for detail in &self.details {
            let indented = indent(detail);
            lines.extend(indented.lines().map(|line| fitted(line, width, 0, 4)));
        }
        lines.extend(self.advice.as_deref().map(|advice| hint(advice, width)));
        // A line of its own: what goes before is often a command, to be copied.
        lines.extend(self.page.map(|page| see(page, width)));
        lines.push(String::new());
        lines.join("\n")
    }
}

/// Returns what is shown of a message that can be presented.
pub(crate) fn plain(level: Level, text: &str, width: Option<usize>) -> String {
    labelled(label_of(level), text, width)
}

/// Returns what is shown of advice.
pub(crate) fn hint(advice: &str, width: Option<usize>) -> String {
    labelled(
        Some(Label::new("hint:", "1;36")),
        &presentable(advice),
        width,
    )
}

/// Returns what is shown of where more is said.
fn see(page: Page, width: Option<usize>) -> String {
    labelled(Some(Label::new("see:", "1;36")), page.path(), width)
}

/// Returns a message as it is shown. Secrets go first: cut or escaped they would not be recognised.
pub(crate) fn presentable(text: &str) -> String {
    escape(beginning(&concealed(text))).into_owned()
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_MESSAGE)]
}

pub(crate) fn indent(text: &str) -> String {
    escape_lines(beginning(&concealed(text)))
        .lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The word that begins a message, and the colour it has on a terminal.
struct Label {
    word: &'static str,
    look: &'static str,
}

impl Label {
    fn new(word: &'static str, look: &'static str) -> Self {
        Self { word, look }
    }

    fn painted(&self) -> String {
        let Self { word, look } = self;
        match IS_COLORED.load(Ordering::Relaxed) {
            true => format!("\u{1b}[{look}m{word}\u{1b}[0m"),
            false => (*word).to_owned(),
        }
    }
}

/// Returns the word that begins a message of this level; none for one that needs no word.
fn label_of(level: Level) -> Option<Label> {
    // The colours that compilers have for them.
    Some(match level {
        Level::Debug => Label::new("debug:", "2"),
        Level::Info => return None,
        Level::Warning => Label::new("warning:", "1;33"),
        Level::Error => Label::new("error:", "1;31"),
    })
}

/// Returns a message behind its word; the lines that follow on a terminal stand below its text.
fn labelled(label: Option<Label>, text: &str, width: Option<usize>) -> String {
    match label {
        Some(label) => {
            let hang = label.word.len() + 1;
            format!("{} {}", label.painted(), fitted(text, width, hang, hang))
        }
        None => fitted(text, width, 0, 2),
    }
}

/// Breaks a line for a terminal of this width; elsewhere it stays as it is.
fn fitted(line: &str, width: Option<usize>, before: usize, hang: usize) -> String {
    match width {
        Some(width) => wrapped(line, width, before, hang),
        None => line.to_owned(),
    }
}
