//! How sure a match is.

/// Whether an object is one that a condition means.
///
/// Not everything about an object is known when the gate must decide: which names an image ID has,
/// say. To allow, a rule must match for sure; to deny, it is enough that it may match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Match {
    No,
    Maybe,
    Yes,
}

impl From<bool> for Match {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

impl Match {
    /// One of several must match; none of none does.
    pub(super) fn any(matches: impl Iterator<Item = Self>) -> Self {
        matches.max().unwrap_or(Self::No)
    }

    /// All of several must match; all of none do.
    pub(super) fn all(matches: impl Iterator<Item = Self>) -> Self {
        matches.min().unwrap_or(Self::Yes)
    }
}
