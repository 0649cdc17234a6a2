//! Makes a component of a package of this workspace; for the build script, and for tests that need
//! another guest.

#[cfg(feature = "component")]
mod component;
pub mod toolchain;

#[cfg(feature = "component")]
pub use component::build;
