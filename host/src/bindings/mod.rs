//! What `wit/` means in Rust: the records that both sides share, and the traits of each import.
//!
//! A binding is the implementation of such a trait by a capability, in the file `host.rs` of the
//! capability's own module. It works on a [`View`], and fails with a [`Fault`].

mod contract;
mod fault;
mod view;

pub use contract::exports::keepdocker::contract::commands;
pub use contract::keepdocker::contract::{
    api, archives, cluster, collections, engine, keep, links, locks, log, projects, registry,
    types, users,
};
pub use contract::{Keepdocker, KeepdockerPre};
pub use fault::{ApiFault, ArchiveFault, EngineFault, Fault, KeepFault, LockFault};
pub use view::{View, Viewing};
