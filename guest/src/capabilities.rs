//! What the component may do, and nothing else: the interfaces that its world imports.
//!
//! Tests of the component alone put a cluster in memory in their place.

#[cfg(not(test))]
pub(crate) use crate::bindings::keepdocker::contract::{
    archives, cluster, collections, containers, engine, keep, links, locks, log, permissions,
    projects, registry, users,
};
#[cfg(test)]
pub(crate) use crate::testing::world::{
    archives, cluster, collections, containers, engine, keep, links, locks, log, permissions,
    projects, registry, users,
};
