//! Connections of our own, and layers that are fetched ahead of their reader.

mod causes;
mod certificates;
pub(crate) mod layers;
mod resolver;
mod wire;

pub use certificates::Certificates;
pub use wire::{Connections, Network};
