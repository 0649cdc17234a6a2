//! Connections of our own, and layers that are fetched ahead of their reader.

mod causes;
mod certificates;
pub(crate) mod layers;
mod resolver;
mod wire;

/// Where a registry without encryption is used.
pub(crate) const WITHOUT_ENCRYPTION: &str =
    "on this machine, or where `insecure = true` stands for it in registries.conf";

pub use certificates::Certificates;
pub use wire::{Connections, Network};
