//! The temporary copy of a stream, which there is no place for here.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::Error;

/// Says that no copy can be made.
pub(crate) fn copy(_: impl Read, _: &str, _: &Path) -> Result<File, Error> {
    Err(Error::Unsupported(
        "a stream cannot be stored densely in canonical form here, as that needs a temporary file; \
         name a file without compression"
            .to_owned(),
    ))
}
