//! A failure in words: what failed, on what, why, and what to do.

use crate::exit::Exit;

/// What the user gets to read when a command fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One sentence: what failed, on what.
    pub message: String,
    /// The same in the Python program's words, where scripts look for them; else empty.
    pub python: Vec<String>,
    /// What another program or server said.
    pub details: Vec<String>,
    /// What to do next.
    pub advice: Option<String>,
    /// How the program ends.
    pub exit: Exit,
}

impl Report {
    /// Creates a report of one sentence.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            python: Vec::new(),
            details: Vec::new(),
            advice: None,
            exit,
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Adds what another program or server said, unless that is nothing.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        if !detail.trim().is_empty() {
            self.details.push(detail);
        }
        self
    }

    /// Adds a line in the Python program's words.
    #[must_use]
    pub(crate) fn python(mut self, line: impl Into<String>) -> Self {
        self.python.push(line.into());
        self
    }
}

impl Report {
    /// Puts a failure in words, in a command that does `purpose`.
    pub fn of(failure: impl Failed, purpose: Purpose) -> Self {
        failure.report(purpose)
    }
}

/// Why a command of the component failed, which can be put in words.
pub trait Failed {
    /// Puts it in words, in a command that does `purpose`.
    fn report(self, purpose: Purpose) -> Report;
}

/// What a command is for: what it does with an image's archive, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It goes from an engine or an archive to Keep.
    Store,
    /// It goes from a registry to Keep.
    Fetch,
    /// It goes from Keep to a file.
    Save,
    /// It goes from Keep to an engine.
    Load,
    /// It stays where it is, and what is said of it changes.
    Change,
    /// The image is only looked up on the cluster.
    Find,
    /// The text is read as the API server would.
    Resolve,
}
