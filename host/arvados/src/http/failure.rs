//! Why a request brought no answer.

use std::time::Duration;

/// Why a request brought no answer; what may be done next differs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There will be none, however often it is tried, and nothing was sent: the server's certificate
    /// is not trusted, or a proxy refuses. The text says what to do.
    #[error("{0}")]
    Final(String),
    /// No connection came about, so nothing was sent.
    #[error("cannot connect: {0}")]
    NotSent(String),
    /// The request was sent at least in part, and no answer came: it may have taken effect.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// The answer began and broke off; the request may have taken effect.
    #[error("no answer: {reason}")]
    BrokenOff {
        /// How many bytes of its body came.
        received: usize,
        /// What ended it.
        reason: String,
    },
    /// Neither body nor answer has moved on for so long; the request may have taken effect.
    #[error("nothing moved for {} s", .0.as_secs())]
    Stalled(Duration),
    /// The answer is larger than any that makes sense.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// How many bytes would do.
        limit: usize,
    },
}

impl Failure {
    /// Returns how many bytes of an answer's body came.
    #[must_use]
    pub fn received(&self) -> usize {
        match self {
            Self::BrokenOff { received, .. } => *received,
            _ => 0,
        }
    }
}
