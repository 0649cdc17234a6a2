//! Why an image could not be had from a registry.

use std::time::Duration;

use keepdocker_wording::count;
use keepdocker_wording::harmless::{excerpt, one_line};

/// Of what a registry says, no more than this is shown.
const LONGEST_WORDS: usize = 200;

/// Why an image could not be had from a registry. What is said of a host never holds the query of an address,
/// which is a credential where the address is signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text names no image.
    #[error("`{}` names no image of a registry", excerpt(.0, LONGEST_WORDS))]
    NoName(String),
    /// What is wanted is not what the name was resolved to in this run.
    #[error("the name was not resolved to such an image")]
    NotResolved,
    /// The configuration of the machine forbids the registry (`blocked`).
    #[error("`{place}` is blocked by {file}; whoever looks after this machine knows why")]
    Blocked {
        /// What was asked for.
        place: String,
        /// The file that says so.
        file: String,
    },
    /// Who asks may not go to that address.
    #[error("{host} is not asked: {reason}")]
    Withheld {
        /// The host.
        host: String,
        /// Why not.
        reason: String,
    },
    /// The registry does not let in who asks.
    #[error("{host} refuses access to `{repository}`{}", told(.words))]
    Refused {
        /// The registry's host.
        host: String,
        /// The repository.
        repository: String,
        /// What the registry says.
        words: String,
        /// Whether a login was shown.
        had_login: bool,
    },
    /// There is nothing of that name.
    #[error("{host} has no {what}{}", told(.words))]
    NotFound {
        /// The registry's host.
        host: String,
        /// What is not there.
        what: String,
        /// What the registry says.
        words: String,
    },
    /// A part of an image is not there, though the image is.
    #[error("{host} has no {what}, though the image names it{}", told(.words))]
    Incomplete {
        /// The registry's host.
        host: String,
        /// What is not there.
        what: String,
        /// What the registry says.
        words: String,
    },
    /// The registry answers no more for now.
    #[error("{host} allows no more requests for now{}{}", told(.words), until(*.wait))]
    TooMany {
        /// The registry's host.
        host: String,
        /// What the registry says, and what it says is left.
        words: String,
        /// When to come back.
        wait: Option<Duration>,
    },
    /// The registry cannot be reached, or does not answer.
    #[error("{host}: {reason}")]
    Unreachable {
        /// The host.
        host: String,
        /// What happened.
        reason: String,
    },
    /// The registry answered what makes no sense.
    #[error("{host} answered {what}")]
    Nonsense {
        /// The host.
        host: String,
        /// What it answered.
        what: String,
    },
    /// What came is not what its digest promises, or is no image.
    #[error("{what}: {fault}")]
    Unsound {
        /// The manifest or blob.
        what: String,
        /// What is wrong with it.
        fault: String,
    },
    /// What is there is known, and not supported.
    #[error("{0}")]
    Unsupported(String),
    /// A file of the machine's configuration cannot be used.
    #[error("{file} cannot be used: {reason}")]
    Configuration {
        /// The file, or the variable that has its text.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A program that knows logins failed.
    #[error("`{program}`, which {file} names for {server}, {reason}")]
    Helper {
        /// The helper.
        program: String,
        /// The file that names it.
        file: String,
        /// The registry whose login was wanted.
        server: String,
        /// What happened.
        reason: String,
    },
}

impl Error {
    /// Takes what is not there for a part of an image that is: then the registry is at fault, and not the name.
    pub(crate) fn of_part(self) -> Self {
        match self {
            Self::NotFound { host, what, words } => Self::Incomplete { host, what, words },
            other => other,
        }
    }

    /// Tells whether another place that has the same image may do better.
    pub(crate) fn is_of_place(&self) -> bool {
        !matches!(
            self,
            Self::NoName(_)
                | Self::NotResolved
                | Self::Blocked { .. }
                | Self::Configuration { .. }
                | Self::Unsupported(_)
        )
    }
}

/// Returns what a registry said, as the end of a sentence.
fn told(words: &str) -> String {
    match one_line(words, LONGEST_WORDS) {
        none if none.is_empty() => String::new(),
        words => format!(": {words}"),
    }
}

fn until(wait: Option<Duration>) -> String {
    match wait {
        None => String::new(),
        Some(wait) => format!(
            "; it asks to come back in {}",
            count(wait.as_secs(), "second")
        ),
    }
}
