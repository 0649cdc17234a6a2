//! Layers that are fetched as they are read, where everything happens in turn.

pub(crate) mod layers;
