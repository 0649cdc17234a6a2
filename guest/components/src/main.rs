//! Writes the published files: `cargo run --locked -p keepdocker-components [FOLDER]`.
//!
//! The folder is `target/component` unless one is named. It gets the components, the contract as
//! text (`wit/`) and as WebAssembly, and the SHA-256 sum of each file in `SHA256SUMS`.
#![expect(clippy::print_stdout, reason = "it says what it wrote")]

use keepdocker_terms::digest::Digest;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// The files that are components, and the packages that they are built from.
const COMPONENTS: [(&str, &str); 2] = [
    ("keepdocker.wasm", "keepdocker-guest"),
    ("keepdocker-planner.wasm", "keepdocker-planner"),
];

/// The contract as WebAssembly.
const CONTRACT: &str = "keepdocker-contract.wasm";

/// The first of the components, composed with what it needs in any WASI 0.2 runtime.
const COMPOSED: &str = "keepdocker-wasi.wasm";

fn main() -> Result<(), Box<dyn Error>> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .ok_or("the package does not lie in its workspace")?;
    let target = workspace.join("target");
    let folder = match env::args_os().nth(1) {
        Some(folder) => PathBuf::from(folder),
        None => target.join("component"),
    };
    fs::create_dir_all(folder.join("wit"))?;

    let contract = workspace.join("wit");
    for entry in fs::read_dir(&contract)? {
        let entry = entry?;
        fs::copy(entry.path(), folder.join("wit").join(entry.file_name()))?;
    }
    fs::write(folder.join(CONTRACT), encode_contract(&contract)?)?;
    for (file, package) in COMPONENTS {
        // The host embeds what the same code makes of the same sources, so that both are the same bytes.
        let component = keepdocker_build::build(workspace, package, &target)?;
        fs::write(folder.join(file), component)?;
    }
    compose(workspace, &target, &folder)?;

    let mut sums = String::new();
    let components = COMPONENTS.map(|(file, _)| file);
    for name in [CONTRACT].into_iter().chain(components).chain([COMPOSED]) {
        let bytes = fs::read(folder.join(name))?;
        writeln!(sums, "{}  {name}", Digest::of(&bytes).hex())?;
        println!("{} ({} bytes)", folder.join(name).display(), bytes.len());
    }
    fs::write(folder.join("SHA256SUMS"), sums)?;
    Ok(())
}

/// Has the composer write its file: a program of another workspace, whose libraries want features
/// that would have all of this one compiled anew.
fn compose(workspace: &Path, target: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--quiet", "--locked", "--manifest-path"])
        .arg(workspace.join("host/wasi/Cargo.toml"))
        .arg("--target-dir")
        .arg(target)
        .args(["--package", "keepdocker-wasi-compose", "--"])
        .arg(folder.join(COMPONENTS[0].0))
        .arg(folder.join(COMPOSED))
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err(format!("{COMPOSED} was not composed; the errors are above").into());
    }
    Ok(())
}

/// Encodes the WIT package in a folder as WebAssembly, the form in which registries keep it.
fn encode_contract(folder: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(folder)?;
    Ok(wit_component::encode(&resolve, package)?)
}
