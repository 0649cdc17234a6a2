//! Builds the component and embeds it: as WebAssembly for auditors, as machine code for running.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let manifest_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let workspace = manifest_dir
        .parent()
        .ok_or("the host package has no parent folder")?;
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    for input in [
        "guest/src",
        "guest/decisions",
        "guest/terms",
        "guest/Cargo.toml",
        "wit",
        "Cargo.toml",
        "Cargo.lock",
    ] {
        println!(
            "cargo::rerun-if-changed={}",
            workspace.join(input).display()
        );
    }
    println!("cargo::rerun-if-changed=build");

    let component = keepdocker_build::build(workspace, "keepdocker-guest", &out_dir.join("guest"))?;
    fs::write(out_dir.join("keepdocker.wasm"), &component)?;

    let target = env::var("TARGET")?;
    // The program says it to the compiler again when it checks the machine code.
    println!("cargo::rustc-env=KEEPDOCKER_TARGET={target}");
    let config = keepdocker_runtime::embedding(&target)?;
    let machine_code = wasmtime::Engine::new(&config)?.precompile_component(&component)?;
    fs::write(out_dir.join("keepdocker.cwasm"), machine_code)?;
    Ok(())
}
