//! What a component's file says of it, before it has run.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use keepdocker_terms::digest::Digest;
use wasmtime::Engine;

use super::error::Error;
use super::interface::{self, Interface};
use crate::policy::Guest;

/// A component as its file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description {
    /// The SHA-256 digest of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// How many bytes it has.
    pub size: usize,
    /// Everything that it can ever ask for.
    pub imports: Vec<Interface>,
    /// Everything that it can be asked.
    pub exports: Vec<Interface>,
}

impl Description {
    pub(super) fn new(code: &wasmtime::component::Component, engine: &Engine, wasm: &[u8]) -> Self {
        let types = code.component_type();
        Self {
            sha256: Digest::of(wasm).hex(),
            size: wasm.len(),
            imports: interface::imports(&types, engine),
            exports: interface::exports(&types, engine),
        }
    }

    /// Returns what it imports beyond the contract: interfaces, and functions of known ones.
    #[must_use]
    pub(crate) fn excess(&self) -> Vec<String> {
        self.imports.iter().flat_map(Interface::excess).collect()
    }

    /// Returns what a policy can judge the component by.
    #[must_use]
    pub(crate) fn guest(&self) -> Guest {
        Guest {
            sha256: self.sha256.clone(),
            imports: self
                .imports
                .iter()
                .map(|import| import.name.clone())
                .collect(),
        }
    }
}

/// Reads a component's file, if it is not too long to be one.
pub(super) fn read(file: &Path, longest: u64) -> Result<Vec<u8>, Error> {
    let unreadable = |reason: String| Error::Unreadable {
        file: file.to_owned(),
        reason,
    };
    let mut wasm = Vec::new();
    File::open(file)
        .and_then(|opened| opened.take(longest + 1).read_to_end(&mut wasm))
        .map_err(|error| unreadable(error.to_string()))?;
    if wasm.len() as u64 > longest {
        return Err(unreadable(format!(
            "it has more than {} MiB",
            longest >> 20
        )));
    }
    Ok(wasm)
}
