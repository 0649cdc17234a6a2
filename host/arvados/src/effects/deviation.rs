//! Where a run leaves its plan.

/// The component does something else than was planned. It was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plan does not provide for this: {asked}; planned is: {planned}")]
pub struct Deviation {
    /// What the component asked for.
    pub asked: String,
    /// What the plan has in this place.
    pub planned: String,
}
