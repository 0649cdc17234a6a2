//! What can be wrong with a plan.

use std::path::PathBuf;

/// The component does something else than was planned. It was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plan does not provide for this: {asked}; planned is: {planned}")]
pub struct Deviation {
    /// What the component asked for.
    pub asked: String,
    /// What the plan has in this place.
    pub planned: String,
}

/// Why a plan cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file cannot be read.
    #[error("the plan {} cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said, or what is wrong with it.
        reason: String,
    },
    /// The file is no plan, or one of another version of the program.
    #[error("{} is no plan that this program understands: {reason}", file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file cannot be written.
    #[error("the plan cannot be written to {}: {reason}", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        reason: String,
    },
}
