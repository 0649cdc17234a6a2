//! The targets of the toolchain that compiles what is embedded.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// Returns the setting for Cargo with the flags by which what is embedded is compiled for a WebAssembly target.
///
/// The linker takes five bytes for each number unless it is told not to: 31 kB of the component, and the code is the same. What
/// a panic says of a source would name the folder where this machine keeps it, that of a registry or `repository`: the bytes are to be
/// the same on all, and fewer.
#[must_use]
pub fn flags(target: &str, repository: &Path) -> String {
    let mut flags = vec!["-Clink-arg=--compress-relocations".to_owned()];
    let folders = registries().into_iter().chain([repository.to_owned()]);
    let folders = folders.filter_map(|folder| folder.into_os_string().into_string().ok());
    // What cannot stand in a text of TOML as it is, stays as it is.
    let folders = folders.filter(|folder| !folder.contains(|c: char| c == '\'' || c.is_control()));
    flags.extend(folders.map(|folder| format!("--remap-path-prefix={folder}/=")));
    format!("target.{target}.rustflags=['{}']", flags.join("','"))
}

/// Returns the folders in which Cargo keeps the sources of registries.
fn registries() -> Vec<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let sources = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok());
    let folders = sources.into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = folders.map(|folder| folder.path()).collect();
    folders.sort();
    folders
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
