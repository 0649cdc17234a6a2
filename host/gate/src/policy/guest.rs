//! What a policy asks of the component before it runs.

use super::layer::Layer;
use crate::Verb;

/// A component, as far as a policy can judge it by its file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guest {
    /// The SHA-256 digest of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// What it imports, such as `keepdocker:contract/engine@0.1.0`.
    pub imports: Vec<String>,
}

/// The contract's interfaces that hold types only, so that importing them grants nothing.
const TYPES: [&str; 2] = ["types", "api"];

/// Why a component is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is none of those that the policy pins.
    #[error(
        "{file}:{line}: the policy accepts other components only: this one has SHA-256 {sha256}"
    )]
    NotPinned {
        /// The layer's file.
        file: String,
        /// The line of the pins.
        line: usize,
        /// The component's digest.
        sha256: String,
    },
    /// It imports more than the policy grants.
    #[error("{file}:{line}: the policy does not grant the component what it imports: {}", imports.join(", "))]
    Imports {
        /// The layer's file.
        file: String,
        /// The line of the grants.
        line: usize,
        /// The imports that are too much.
        imports: Vec<String>,
    },
}

impl Guest {
    /// Checks the component against one layer.
    pub(super) fn fits(&self, layer: &Layer) -> Result<(), Unfit> {
        let file = || layer.file.to_string();
        if let Some(pins) = &layer.guest.sha256
            && !pins
                .values
                .iter()
                .any(|pin| pin.eq_ignore_ascii_case(&self.sha256))
        {
            return Err(Unfit::NotPinned {
                file: file(),
                line: pins.line,
                sha256: self.sha256.clone(),
            });
        }
        if let Some(granted) = &layer.guest.imports {
            let imports: Vec<String> = self
                .imports
                .iter()
                .filter(|import| !is_granted(import, &granted.values))
                .cloned()
                .collect();
            if !imports.is_empty() {
                return Err(Unfit::Imports {
                    file: file(),
                    line: granted.line,
                    imports,
                });
            }
        }
        Ok(())
    }
}

fn is_granted(import: &str, granted: &[&str]) -> bool {
    let Some(interface) = import.strip_prefix("keepdocker:contract/") else {
        return false;
    };
    let interface = interface.split('@').next().unwrap_or(interface);
    TYPES.contains(&interface)
        || (Verb::INTERFACES.contains(&interface) && granted.contains(&interface))
}
