//! Whose policy it is.

use std::fmt;

/// Whose policy a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// This program's own.
    BuiltIn,
    /// The machine's, set by its administrator.
    System,
    /// The user's.
    User,
    /// One named on the command line.
    Given,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BuiltIn => "built-in",
            Self::System => "system",
            Self::User => "user",
            Self::Given => "given",
        })
    }
}
