//! What the contract means in Rust, seen from the side that provides it.
#![expect(
    unsafe_code,
    unreachable_pub,
    reason = "generated; the documentation is in wit/"
)]

wit_bindgen::generate!({
    path: ["../../../wit", "../wit"],
    world: "keepdocker:wasi/provider",
    additional_derives: [PartialEq],
});

pub use exports::keepdocker::contract::{
    api, archives, cluster, collections, containers, engine, keep, links, locks, log, permissions,
    projects, registry, types, users,
};
pub use exports::keepdocker::wasi::session;

export!(Provider with_types_in self);

/// Provides all interfaces; `capabilities` says how.
pub(crate) struct Provider;
