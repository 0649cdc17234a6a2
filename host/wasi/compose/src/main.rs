//! Writes the component that runs in any WASI 0.2 runtime: the keepdocker component, composed with
//! what it needs there.
//!
//! ```text
//!  wasi:http, wasi:filesystem, …            wasi:cli/run
//!          │                                     ▲
//!      provider ── capabilities ─▶ guest ── commands ─▶ command
//!          └────────────── session ──────────────────────▲
//! ```
//!
//! The arguments are the file of the keepdocker component and the file to write.
#![expect(clippy::print_stdout, reason = "it says what it wrote")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

mod composition;

use keepdocker_build::toolchain;

use composition::{Parts, compose};

/// The parts are made for runtimes, so they may use std's own way to WASI.
const TARGET: &str = "wasm32-wasip2";

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [guest, file] = &files[..] else {
        return Err("give the file of the keepdocker component, and the file to write".into());
    };
    let built = compile()?;
    let component = compose(Parts {
        guest: fs::read(guest)?,
        provider: fs::read(built.join("keepdocker_wasi_provider.wasm"))?,
        command: fs::read(built.join("keepdocker-wasi-command.wasm"))?,
    })?;
    fs::write(file, &component)?;
    println!("{} ({} bytes)", file.display(), component.len());
    Ok(())
}

/// Compiles the parts and returns the folder that holds them.
fn compile() -> Result<PathBuf, Box<dyn Error>> {
    // rustup says itself what it does.
    toolchain::add_target(TARGET, |_| ())?;
    let folder = |up| Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(up);
    let workspace = folder(1).ok_or("the package does not lie in its workspace")?;
    let repository = folder(3).ok_or("the workspace does not lie in the repository")?;
    let target_dir = repository.join("target/wasi");
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(workspace)
        .args(["build", "--release", "--locked", "--target", TARGET])
        .args(["--config", &toolchain::flags(TARGET, repository)])
        .args(["--package", "keepdocker-wasi-provider"])
        .args(["--package", "keepdocker-wasi-command"])
        .arg("--target-dir")
        .arg(&target_dir)
        .status()?;
    if !status.success() {
        return Err("the parts did not compile; their errors are above".into());
    }
    Ok(target_dir.join(TARGET).join("release"))
}
