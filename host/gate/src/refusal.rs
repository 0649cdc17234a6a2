//! Why a call does not get through.

use serde::Serialize;

use crate::policy::Denial;

/// The case that all errors of the contract have in common.
#[derive(Debug, Serialize)]
pub(super) enum Withheld {
    Denied(String),
}

/// Why a call does not get through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The policy withholds the operation; the component may handle that.
    #[error("{0}")]
    Denied(Box<Denial>),
    /// The component made more calls than it may; that ends it.
    #[error("the component made more than {limit} calls to the host")]
    TooManyCalls {
        /// How many calls one command may make.
        limit: u64,
    },
    /// What was done cannot be recorded, so nothing more is done; that ends the component.
    #[error("the record cannot be kept, so nothing more is done: {reason}")]
    Unrecorded {
        /// Why not.
        reason: String,
    },
}

impl Refusal {
    /// Tells whether the component must end here: only a denial is something that it can handle.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Denied(_))
    }

    /// Returns what the component gets to see: every error of the contract has a case for this.
    pub(super) fn answer(&self) -> Result<(), Withheld> {
        Err(Withheld::Denied(self.to_string()))
    }
}
