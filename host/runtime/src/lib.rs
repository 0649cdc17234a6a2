//! How the WebAssembly engine is configured, for the build script that compiles the component and the program
//! that runs it.
//!
//! Machine code made under one configuration is refused under another, hence one home for it.

/// Address space for a memory, in bytes.
const RESERVATION: u64 = 64 << 20;

/// Address space behind it, so that an access near a checked one needs no check of its own.
const GUARD: u64 = 1 << 20;

/// Returns the configuration under which the component is compiled and run.
#[must_use]
pub fn engine() -> wasmtime::Config {
    let mut config = wasmtime::Config::new();
    config.wasm_component_model(true);
    // Fuel bounds how much the guest computes, whatever the speed of the machine.
    config.consume_fuel(true);
    // Batch systems bound the address space (`ulimit -v`), of which the runtime would reserve 4 GiB and
    // more for each memory. The component has less than this at the start, and rarely more later; then
    // its memory moves.
    config.memory_reservation(RESERVATION);
    config.memory_reservation_for_growth(RESERVATION);
    config.memory_guard_size(GUARD);
    // What a memory begins with is copied, a few hundred KiB: the runtime would make a file of it, which
    // `ulimit -f` may forbid and which costs descriptors.
    config.memory_init_cow(false);
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
pub fn embedding(target: &str) -> wasmtime::Result<wasmtime::Config> {
    let mut config = engine();
    config.target(target)?;
    Ok(config)
}
