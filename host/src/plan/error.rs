//! What can be wrong with a plan.

use std::path::PathBuf;

/// Why a plan cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    /// The file cannot be read.
    #[error("the plan {} cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said, or what is wrong with it.
        reason: String,
    },
    /// The file is no plan, or one of another version of the program.
    #[error("{} is not a plan that this program understands: {reason}", file.display())]
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
