//! What stands in the native host between the component and its capabilities.

/// Why a call does not get through. Nothing is withheld here: what the runtime grants is the policy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {}
