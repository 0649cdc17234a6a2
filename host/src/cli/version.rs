//! What `--version` says.

use std::sync::OnceLock;

use keepdocker_terms::digest::Digest;

use crate::built::{COMMIT, VERSION};
use crate::component::WASM;

/// Returns the program's version with the commit and the digest of the embedded component, a line each.
///
/// The digest is the one that `guest.sha256` of a policy pins and that the audit log has.
pub(super) fn long() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let commit = COMMIT.map(|commit| format!("\ncommit {commit}"));
        format!(
            "{VERSION}{}\ncomponent sha256:{}",
            commit.unwrap_or_default(),
            Digest::of(WASM).hex()
        )
    })
}
