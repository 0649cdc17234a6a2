//! What `wit/` means in Rust: the records that both sides share, and the traits of each import.
#![expect(missing_docs, reason = "generated; the documentation is in wit/")]
#![expect(clippy::all, reason = "generated")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "keepdocker",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "keepdocker:contract/archives.archive": crate::archive::Archive,
        "keepdocker:contract/locks.guard": crate::locks::Guard,
    },
    additional_derives: [PartialEq],
});

pub use exports::keepdocker::contract::commands;
pub use keepdocker::contract::{
    api, archives, cluster, collections, engine, keep, links, locks, log, types, users,
};
