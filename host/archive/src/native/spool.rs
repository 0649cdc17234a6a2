//! Where small members wait until their place in the archive is known.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use tempfile::SpooledTempFile;

use crate::error::{Error, Fault};

/// How much is held in memory before a file is used.
const IN_MEMORY: usize = 4 << 20;

/// The most that is held. An image has at most 127 layers that wait here, each below 1 MiB.
pub(crate) const LIMIT: u64 = 256 << 20;

/// Bytes set aside: a little in memory, more in a file without a name, which no crash leaves
/// behind.
pub(crate) struct Spool {
    file: SpooledTempFile,
    length: u64,
}

/// Where bytes lie in a spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) start: u64,
    pub(crate) length: u64,
}

impl Spool {
    /// Makes an empty spool, whose file would be made in `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        Spool {
            file: tempfile::spooled_tempfile_in(IN_MEMORY, folder),
            length: 0,
        }
    }

    /// Adds bytes and returns where they lie.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<Extent, Error> {
        let start = self.length;
        let added = bytes.len() as u64;
        if self.length + added > LIMIT {
            return Err(Error::archive(Fault::TooMuch {
                what: "has more small members than can wait for their order; save it to a file, and name that file",
                limit: LIMIT,
            }));
        }
        self.file
            .seek(SeekFrom::Start(self.length))
            .and_then(|_| self.file.write_all(bytes))
            .map_err(|source| failed("write", source))?;
        self.length += added;
        Ok(Extent {
            start,
            length: added,
        })
    }

    /// Returns the bytes that lie there.
    pub(crate) fn read(&mut self, extent: Extent) -> Result<Vec<u8>, Error> {
        let length = usize::try_from(extent.length).expect("what is spooled is small");
        let mut bytes = vec![0; length];
        self.file
            .seek(SeekFrom::Start(extent.start))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|source| failed("read", source))?;
        Ok(bytes)
    }
}

fn failed(action: &'static str, source: io::Error) -> Error {
    Error::Io {
        action,
        subject: "the temporary file for small members".into(),
        source,
    }
}
