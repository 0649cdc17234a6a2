//! The configuration of the WebAssembly engine, shared by the build script and the program.
//!
//! Machine code made under one configuration is refused under another, hence one home for it.

/// Returns the configuration under which the component is compiled and run.
pub(crate) fn engine() -> wasmtime::Config {
    let mut config = wasmtime::Config::new();
    config.wasm_component_model(true);
    // Fuel bounds how much the guest computes, whatever the speed of the machine.
    config.consume_fuel(true);
    config
}
