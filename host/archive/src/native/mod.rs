//! What needs threads, files without a name, or libraries in C.

pub(crate) mod aside;
pub(crate) mod copy;
pub(crate) mod hasher;
pub(crate) mod spool;
pub(crate) mod store;
pub(crate) mod xz;
pub(crate) mod zstandard;

use std::path::Path;

use crate::error::{Error, quoted};

/// Says that an image is not in an archive but in the engine's store.
pub(crate) fn not_in_engine(name: &str) -> String {
    format!(
        "`{}` is in the engine's store, not in an archive",
        quoted(name)
    )
}

/// Fails where the program can reach no files at all.
pub(crate) fn check_access(_: &Path) -> Result<(), Error> {
    Ok(())
}
