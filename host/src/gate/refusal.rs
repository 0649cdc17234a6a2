//! Why a call does not get through.

use crate::policy::Denial;

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
}
