//! What is generated from `wit/`.
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
        "keepdocker:contract/engine.error" => crate::bindings::fault::EngineFault,
        "keepdocker:contract/archives.error" => crate::bindings::fault::ArchiveFault,
        "keepdocker:contract/locks.error" => crate::bindings::fault::LockFault,
        "keepdocker:contract/keep.error" => crate::bindings::fault::KeepFault,
        "keepdocker:contract/api.error" => crate::bindings::fault::ApiFault,
    },
    additional_derives: [PartialEq, serde::Serialize],
});
