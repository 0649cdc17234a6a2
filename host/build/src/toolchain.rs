//! The targets of the toolchain that compiles what is embedded.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::{env, io};

/// Returns the setting for Cargo that has the linker write its numbers in as few bytes as they take, for a WebAssembly target.
///
/// It takes five for each unless it is told not to: 31 kB of the component, and the code is the same.
#[must_use]
pub fn dense_linking(target: &str) -> String {
    format!(r#"target.{target}.rustflags=["-Clink-arg=--compress-relocations"]"#)
}

/// Adds a target to the toolchain if it is not there yet, after telling so.
///
/// rustup may be set not to install anything by itself, and there are toolchains without it.
///
/// # Errors
/// If it is not there, and cannot be added.
pub fn add_target(target: &str, tell: impl FnOnce(&str)) -> Result<(), Box<dyn Error>> {
    if has_target(target)? {
        return Ok(());
    }
    tell(&format!("adding the target {target} to the toolchain"));
    let added = Command::new("rustup")
        .args(["target", "add", target])
        .status();
    // The compiler may be another than rustup's.
    if has_target(target)? {
        return Ok(());
    }
    let why = match added {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            "there is no rustup to add it; install it as you installed the toolchain".to_owned()
        }
        _ => format!(
            "rustup could not add it; its errors are above, and the command is: rustup target add {target}"
        ),
    };
    Err(format!("the toolchain has no target {target}, and {why}").into())
}

/// Tells whether the toolchain has the standard library for the target.
fn has_target(target: &str) -> io::Result<bool> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .output()?;
    let folder = String::from_utf8_lossy(&output.stdout);
    Ok(output.status.success() && Path::new(folder.trim()).is_dir())
}
