//! What this program was built as.

/// The program's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that the program was built from, where the build said so.
pub(crate) const COMMIT: Option<&str> = option_env!("KEEPDOCKER_COMMIT");
