//! Why a policy is refused.

use std::fmt;
use std::path::PathBuf;

/// Why a policy cannot be used; nothing runs without one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("the policy {} cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Others than those who may keep it can change the file.
    #[error("the policy {} cannot be trusted: {reason}", file.display())]
    Untrusted {
        /// The file.
        file: PathBuf,
        /// Who can change what.
        reason: String,
        /// What would mend that.
        mend: String,
    },
    /// The file says what a policy cannot say.
    #[error("{}", list(.0))]
    Invalid(Vec<Fault>),
    /// A layer only warns, though one above it forbids that.
    #[error("{file}:{line}: `mode = \"warn\"` is not allowed here, since {locked_by} is locked")]
    Locked {
        /// The layer's file.
        file: String,
        /// The line of its mode.
        line: usize,
        /// The file of the layer that is locked.
        locked_by: String,
    },
    /// A layer asks for another place or key of the audit log than one below it.
    #[error("{file}:{line}: `audit.{key}` cannot be changed here, since {by} sets it")]
    Settled {
        /// The layer's file.
        file: String,
        /// The line of the key.
        line: usize,
        /// The key.
        key: &'static str,
        /// Where it is set.
        by: String,
    },
}

/// One thing that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.file, self.line, self.column, self.message
        )
    }
}

fn list(faults: &[Fault]) -> String {
    faults
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}
