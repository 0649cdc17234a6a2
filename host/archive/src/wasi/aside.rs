//! A block set aside in a file, which there is no place for here.

use std::io;
use std::path::Path;

use crate::error::Error;

/// Keeps no block.
pub(crate) struct Aside;

impl Aside {
    /// Makes no file.
    pub(crate) fn new(_: &Path) -> Self {
        Aside
    }

    /// Says that a block cannot be written.
    pub(crate) fn write(&mut self, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Says that there is none.
    pub(crate) fn read(&mut self, _: &mut Vec<u8>) -> Result<(), Error> {
        Err(Error::Io {
            action: "read",
            subject: "a block that was set aside".into(),
            source: io::ErrorKind::Unsupported.into(),
        })
    }
}
