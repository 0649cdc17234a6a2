//! What `--version` says.

use std::sync::OnceLock;

use keepdocker_terms::digest::Digest;

use crate::component::WASM;

/// The commit that the program was built from, where the build said so.
const COMMIT: Option<&str> = option_env!("KEEPDOCKER_COMMIT");

/// Returns the program's version with the commit and the digest of the embedded component, a line each.
///
/// The digest is the one that `guest.sha256` of a policy pins and that the audit log has.
pub(super) fn long() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let commit = COMMIT.map(|commit| format!("\ncommit {commit}"));
        format!(
            "{}{}\ncomponent sha256:{}",
            env!("CARGO_PKG_VERSION"),
            commit.unwrap_or_default(),
            Digest::of(WASM).hex()
        )
    })
}
