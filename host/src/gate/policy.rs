//! Which operations are allowed.

use super::operation::Operation;

/// The rules by which the gate decides; what no rule allows is denied.
#[derive(Debug, Clone)]
pub struct Policy {
    allowed: Vec<&'static str>,
}

/// What the policy says of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may go on.
    Allow,
    /// It may not.
    Deny {
        /// Which rule says so, for people.
        reason: String,
    },
}

impl Policy {
    /// Returns the built-in policy: every verb of the contract, and nothing else.
    #[must_use]
    pub fn built_in() -> Self {
        Self {
            allowed: Operation::VERBS.to_vec(),
        }
    }

    /// Returns this policy with one verb withheld.
    #[must_use]
    pub fn without(mut self, verb: &str) -> Self {
        self.allowed.retain(|allowed| *allowed != verb);
        self
    }

    /// Decides on an operation.
    #[must_use]
    pub fn decide(&self, operation: &Operation) -> Decision {
        let verb = operation.verb();
        if self.allowed.contains(&verb) {
            Decision::Allow
        } else {
            Decision::Deny {
                reason: format!("no rule allows {verb}"),
            }
        }
    }
}
