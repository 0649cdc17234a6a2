//! What is generated from `wit/` for the planner.

wasmtime::component::bindgen!({
    path: "wit",
    world: "planner",
    exports: { default: async },
    additional_derives: [Clone, PartialEq],
});
