//! What is generated from `wit/`.

wasmtime::component::bindgen!({
    path: "wit",
    world: "keepdocker",
    imports: { default: async | trappable },
    exports: { default: async },
    trappable_error_type: {
        "keepdocker:contract/engine.error" => super::fault::EngineFault,
        "keepdocker:contract/archives.error" => super::fault::ArchiveFault,
        "keepdocker:contract/locks.error" => super::fault::LockFault,
        "keepdocker:contract/keep.error" => super::fault::KeepFault,
        "keepdocker:contract/api.error" => super::fault::ApiFault,
    },
    additional_derives: [PartialEq, serde::Serialize],
});
