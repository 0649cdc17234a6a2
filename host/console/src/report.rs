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
    /// The page of the documentation that explains it.
    pub page: Option<Page>,
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
            page: None,
            exit,
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Adds where more is said about it.
    #[must_use]
    pub fn page(mut self, page: Page) -> Self {
        self.page = Some(page);
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

/// A page of the documentation that explains why commands fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Tokens, clusters and `config.toml`.
    Configuration,
    /// What engines are asked for, and what they get to see.
    Engines,
    /// Images that are in Keep already, and projects.
    InKeep,
    /// Proxies and certificates.
    Network,
    /// What commands may do.
    Policy,
}

impl Page {
    /// All pages that there are.
    pub const ALL: [Self; 5] = [
        Self::Configuration,
        Self::Engines,
        Self::InKeep,
        Self::Network,
        Self::Policy,
    ];

    /// Returns its path in the sources. Packages have the file under the same name.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Configuration => "docs/configuration.md",
            Self::Engines => "docs/engines.md",
            Self::InKeep => "docs/in-keep.md",
            Self::Network => "docs/network.md",
            Self::Policy => "docs/policy.md",
        }
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
