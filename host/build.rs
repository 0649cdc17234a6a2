//! Builds the components and embeds them: as WebAssembly for auditors and pages, as machine code for running.

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
        "guest/planner",
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

    let target = env::var("TARGET")?;
    // The program says it to the compiler again when it checks the machine code.
    println!("cargo::rustc-env=KEEPDOCKER_TARGET={target}");
    let engine = wasmtime::Engine::new(&keepdocker_runtime::embedding(&target)?)?;
    for (package, name) in [
        ("keepdocker-guest", "keepdocker"),
        ("keepdocker-planner", "keepdocker-planner"),
    ] {
        let component = keepdocker_build::build(workspace, package, &out_dir.join("guest"))?;
        let machine_code = engine.precompile_component(&component)?;
        fs::write(out_dir.join(name).with_extension("wasm"), &component)?;
        fs::write(out_dir.join(name).with_extension("cwasm"), machine_code)?;
    }
    Ok(())
}
