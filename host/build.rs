//! Embeds the components: as WebAssembly for auditors and pages, as machine code for running.
//!
//! They are built from the guest's sources where these lie beside this package, and taken from the package where they do not.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

// Only its feature is needed here: the compiler for another architecture than this one.
#[cfg(feature = "arm64")]
use cranelift_codegen as _;

/// The packages that become components, and how their files are called.
const COMPONENTS: [(&str, &str); 2] = [
    ("keepdocker-guest", "keepdocker"),
    ("keepdocker-planner", "keepdocker-planner"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let manifest_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let workspace = manifest_dir
        .parent()
        .ok_or("the host package has no parent folder")?;
    let is_packaged = !workspace.join("guest/planner/Cargo.toml").is_file();
    rerun_if_changed(workspace, is_packaged);

    let target = env::var("TARGET")?;
    // The program says it to the compiler again when it checks the machine code.
    println!("cargo::rustc-env=KEEPDOCKER_TARGET={target}");
    let engine = wasmtime::Engine::new(&keepdocker_runtime::embedding(&target)?)?;
    for (package, name) in COMPONENTS {
        let component = if is_packaged {
            let file = manifest_dir.join("component").join(name);
            let file = file.with_extension("wasm");
            fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?
        } else {
            keepdocker_build::build(workspace, package, &out_dir.join("guest"))?
        };
        let machine_code = engine.precompile_component(&component)?;
        fs::write(out_dir.join(name).with_extension("wasm"), &component)?;
        fs::write(out_dir.join(name).with_extension("cwasm"), machine_code)?;
    }
    Ok(())
}

/// Tells Cargo what the components are made of.
fn rerun_if_changed(workspace: &Path, is_packaged: bool) {
    if is_packaged {
        println!("cargo::rerun-if-changed=component");
    } else {
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
    }
    println!("cargo::rerun-if-changed=build.rs");
}
