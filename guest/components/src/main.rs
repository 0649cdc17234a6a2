//! Writes the published files: `cargo run --locked -p keepdocker-components [FOLDER]`.
//!
//! The folder is `target/component` unless one is named. It gets the components, the contract as
//! text (`wit/`) and as WebAssembly, and the SHA-256 sum of each file in `SHA256SUMS`.
#![expect(clippy::print_stdout, reason = "it says what it wrote")]

// The host embeds what the same code makes of the same sources, so that both are the same bytes.
#[path = "../../../host/build/guest.rs"]
mod guest;

use sha2::{Digest, Sha256};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The files that are components, and the packages that they are built from.
const COMPONENTS: [(&str, &str); 2] = [
    ("keepdocker.wasm", "keepdocker-guest"),
    ("keepdocker-planner.wasm", "keepdocker-planner"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .ok_or("the package does not lie in its workspace")?;
    let target = workspace.join("target");
    let folder = match std::env::args_os().nth(1) {
        Some(folder) => PathBuf::from(folder),
        None => target.join("component"),
    };
    fs::create_dir_all(folder.join("wit"))?;

    let contract = workspace.join("wit");
    for entry in fs::read_dir(&contract)? {
        let entry = entry?;
        fs::copy(entry.path(), folder.join("wit").join(entry.file_name()))?;
    }
    let mut files = vec![("keepdocker-contract.wasm", encode_contract(&contract)?)];
    for (file, package) in COMPONENTS {
        files.push((file, guest::build(workspace, package, &target)?));
    }

    let mut sums = String::new();
    for (name, bytes) in files {
        fs::write(folder.join(name), &bytes)?;
        for byte in Sha256::digest(&bytes) {
            write!(sums, "{byte:02x}")?;
        }
        writeln!(sums, "  {name}")?;
        println!("{} ({} bytes)", folder.join(name).display(), bytes.len());
    }
    fs::write(folder.join("SHA256SUMS"), sums)?;
    Ok(())
}

/// Encodes the WIT package in a folder as WebAssembly, the form in which registries keep it.
fn encode_contract(folder: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(folder)?;
    Ok(wit_component::encode(&resolve, package, false)?)
}
