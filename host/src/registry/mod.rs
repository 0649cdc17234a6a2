//! Images from container registries, without an engine.
//!
//! ```text
//! component ─▶ registry.resolve ─▶ gate ─▶ which images a name may mean
//!           ─▶ registry.fetch ───▶ gate ─▶ an archive of the one that it chose
//!           ─▶ keep.store ────────▶ the layers are read as they are stored
//! ```
//! How a registry is asked is `keepdocker_registry`'s; here is what it is lent: certificates, proxies, helpers that
//! know logins, and where this machine has what goes for registries.

mod charged;
mod lender;
mod places;
mod registries;

pub(crate) use keepdocker_registry::{Signature, Signatures};
pub(crate) use lender::Lender;
pub(crate) use registries::of_registry;
pub(crate) use registries::{Registries, RegistryError};
