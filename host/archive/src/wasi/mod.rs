//! What the native program has threads, files and libraries for, where there are none.

pub(crate) mod aside;
pub(crate) mod copy;
pub(crate) mod hasher;
pub(crate) mod spool;
pub(crate) mod store;
pub(crate) mod xz;
pub(crate) mod zstandard;

use std::path::Path;

use wasip2::filesystem::preopens;

use crate::error::Error;

/// What can be read here.
const SOURCES: &str = "here an image comes from a file, as `docker-archive:FILE` or `oci-archive:FILE`, \
     from a registry, as `docker://IMAGE`, or from standard input, as `-`";

/// Says that no image comes from an engine.
pub(crate) fn not_in_engine(_: &str) -> String {
    SOURCES.to_owned()
}

/// Fails where the runtime opens no folder for the component.
pub(crate) fn check_access(path: &Path) -> Result<(), Error> {
    if !preopens::get_directories().is_empty() {
        return Ok(());
    }
    Err(Error::Unsupported(format!(
        "`{}` cannot be read, as the runtime opens no folder for this component; \
         grant one with `--dir FOLDER::/`, or as your runtime does it",
        path.display()
    )))
}
