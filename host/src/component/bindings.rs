//! What `wit/` means in Rust: the records that both sides share, and the traits of each import.
#![expect(missing_docs, reason = "generated; the documentation is in wit/")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "keepdocker",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "keepdocker:contract/archives.archive": crate::archive::Opened,
        "keepdocker:contract/locks.guard": crate::locks::Guard,
    },
    trappable_error_type: {
        "keepdocker:contract/engine.error" => crate::engine::host::Fault,
        "keepdocker:contract/archives.error" => crate::archive::host::Fault,
        "keepdocker:contract/locks.error" => crate::locks::host::Fault,
        "keepdocker:contract/keep.error" => crate::keep::host::Fault,
        "keepdocker:contract/api.error" => crate::api::host::Fault,
    },
    additional_derives: [PartialEq, serde::Serialize],
});

pub use exports::keepdocker::contract::commands;
pub use keepdocker::contract::{
    api, archives, cluster, collections, engine, keep, links, locks, log, types, users,
};
