//! The component: the embedded guest, and how it is loaded, bounded and called.

pub mod bindings;
mod configuration;
