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

/// Returns the same for making machine code that is to be embedded.
///
/// Naming the target selects its baseline processor, so that the code runs on any machine of the
/// architecture and not only on ones like this. The code depends on nothing else, so compiling the
/// same bytes again gives the same code.
///
/// # Errors
/// If the compiler does not know the target.
pub(crate) fn embedding(target: &str) -> wasmtime::Result<wasmtime::Config> {
    let mut config = engine();
    config.target(target)?;
    Ok(config)
}
