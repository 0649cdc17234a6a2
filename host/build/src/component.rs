//! From a package to a component.
//!
//! The guest is compiled for `wasm32-unknown-unknown` and then wrapped as a component, because
//! std for the WASI targets would import thirteen interfaces that the guest never calls.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::toolchain;

const TARGET: &str = "wasm32-unknown-unknown";

/// Builds the package in a target folder of its own and returns the component's bytes.
///
/// # Errors
/// If the toolchain lacks the target and cannot get it, the package does not compile, or is no component.
#[expect(
    clippy::print_stdout,
    reason = "a build script talks to cargo by standard output"
)]
pub fn build(
    workspace: &Path,
    package: &str,
    target_dir: &Path,
) -> Result<Vec<u8>, Box<dyn Error>> {
    toolchain::add_target(TARGET, |text| println!("cargo::warning={text}"))?;
    let module = fs::read(compile(workspace, package, target_dir)?)?;
    Ok(wit_component::ComponentEncoder::default()
        .module(&module)?
        .validate(true)
        .encode()?)
}

/// Compiles the package to a core module and returns the file.
fn compile(workspace: &Path, package: &str, target_dir: &Path) -> Result<PathBuf, Box<dyn Error>> {
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
            package,
            "--lib",
            "--release",
            "--locked",
        ])
        .args(["--target", TARGET, "--target-dir"])
        .arg(target_dir)
        .args(["--config", "profile.release.opt-level='z'"])
        // A listing reads tens of thousands of times; this costs no byte.
        .args(["--config", "profile.release.package.chrono.opt-level=2"])
        // So do tens of thousands of links; more than this, or the same for the guest, costs 100 kB.
        .args([
            "--config",
            "profile.release.package.keepdocker-decisions.opt-level='s'",
        ])
        .args(["--config", "profile.release.lto='fat'"])
        .args(["--config", "profile.release.codegen-units=1"])
        .args(["--config", "profile.release.panic='abort'"])
        .args(["--config", "profile.release.strip=true"])
        .args(["--config", &toolchain::flags(TARGET, workspace)])
        .status()?;
    if !status.success() {
        return Err(format!("`{package}` did not compile; its errors are above").into());
    }
    Ok(target_dir
        .join(TARGET)
        .join("release")
        .join(format!("{}.wasm", package.replace('-', "_"))))
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
