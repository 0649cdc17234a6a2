//! What `wit/` means in Rust: the records that both sides share, and the traits of each import.
//!
//! A binding is the implementation of such a trait by a capability, in the file `host.rs` of the
//! capability's own module. It works on a [`View`], and fails with a [`Fault`].

mod contract;
mod fault;
mod view;

pub(crate) use contract::exports::keepdocker::contract::commands;
pub(crate) use contract::keepdocker::contract::{
    api, archives, cluster, collections, containers, engine, keep, links, locks, log, permissions,
    projects, registry, types, users,
};
pub(crate) use contract::{Keepdocker, KeepdockerPre};
pub(crate) use fault::{ApiFault, ArchiveFault, EngineFault, KeepFault, LockFault};
pub(crate) use view::{View, Viewing};
