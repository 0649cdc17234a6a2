//! Layers that are fetched as they are read, where everything happens in turn.

pub(crate) mod layers;

/// Where a registry without encryption is used: no `registries.conf` is read.
pub(crate) const WITHOUT_ENCRYPTION: &str = "on this machine";
