//! Builds the component and embeds it: as WebAssembly for auditors, as machine code for running.
//!
//! The guest is compiled for `wasm32-unknown-unknown` and then wrapped as a component, because
//! std for the WASI targets would import thirteen interfaces that the guest never calls.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

#[path = "src/component/configuration.rs"]
mod configuration;

const GUEST_TARGET: &str = "wasm32-unknown-unknown";

fn main() -> Result<(), Box<dyn Error>> {
    let manifest_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let workspace = manifest_dir
        .parent()
        .ok_or("the host package has no parent folder")?;
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    for input in [
        "guest/src",
        "guest/decisions",
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
    println!("cargo::rerun-if-changed=src/component/configuration.rs");

    install_target()?;
    let module = build_guest(workspace, &out_dir)?;
    let component = wit_component::ComponentEncoder::default()
        .module(&fs::read(module)?)?
        .validate(true)
        .encode()?;
    fs::write(out_dir.join("keepdocker.wasm"), &component)?;

    let mut config = configuration::engine();
    // Naming the target selects its baseline processor, so that the code runs on any machine of
    // the architecture and not only on ones like this.
    config.target(&env::var("TARGET")?)?;
    let machine_code = wasmtime::Engine::new(&config)?.precompile_component(&component)?;
    fs::write(out_dir.join("keepdocker.cwasm"), machine_code)?;
    Ok(())
}

/// Adds the guest's target to the toolchain if it is not there yet.
fn install_target() -> Result<(), Box<dyn Error>> {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", GUEST_TARGET])
        .output()?;
    let folder = String::from_utf8(output.stdout)?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    println!("cargo::warning=adding the target {GUEST_TARGET} to the toolchain");
    let added = Command::new("rustup")
        .args(["target", "add", GUEST_TARGET])
        .status();
    match added {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!("the component needs a target that is not installed; run: rustup target add {GUEST_TARGET}").into()),
    }
}

/// Compiles the guest package to a core module and returns the file.
fn build_guest(workspace: &Path, out_dir: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let target_dir = out_dir.join("guest");
    let mut cargo = Command::new(env::var("CARGO")?);
    for (name, _) in env::vars() {
        if belongs_to_outer_build(&name) {
            cargo.env_remove(name);
        }
    }
    // The settings of a profile are given here, as the workspace's own profiles serve the host.
    let status = cargo
        .current_dir(workspace)
        .args([
            "build",
            "--package",
            "keepdocker-guest",
            "--lib",
            "--release",
            "--locked",
        ])
        .args(["--target", GUEST_TARGET, "--target-dir"])
        .arg(&target_dir)
        .args(["--config", "profile.release.opt-level='s'"])
        .args(["--config", "profile.release.lto='fat'"])
        .args(["--config", "profile.release.codegen-units=1"])
        .args(["--config", "profile.release.panic='abort'"])
        .args(["--config", "profile.release.strip=true"])
        .status()?;
    if !status.success() {
        return Err("the guest did not compile; its errors are above".into());
    }
    Ok(target_dir
        .join(GUEST_TARGET)
        .join("release/keepdocker_guest.wasm"))
}

/// Tells whether cargo or rustc set this variable for the build that runs this script.
fn belongs_to_outer_build(name: &str) -> bool {
    const PREFIXES: [&str; 5] = [
        "CARGO_FEATURE_",
        "CARGO_CFG_",
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "DEP_",
    ];
    const NAMES: [&str; 14] = [
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTFLAGS",
        "RUSTC",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTDOC",
        "TARGET",
        "HOST",
        "OUT_DIR",
        "PROFILE",
        "NUM_JOBS",
        "OPT_LEVEL",
        "DEBUG",
        "CARGO_MAKEFLAGS",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || NAMES.contains(&name)
        || name == "CARGO_TARGET_DIR"
}
