//! Where small members wait until their place in the archive is known: in memory.

use std::path::Path;

use crate::error::{Error, Fault};

/// The most that is held. An image has at most 127 layers that wait here, each below 1 MiB.
const LIMIT: u64 = 256 << 20;

/// Bytes set aside.
pub(crate) struct Spool {
    bytes: Vec<u8>,
}

/// Where bytes lie in a spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) start: u64,
    pub(crate) length: u64,
}

impl Spool {
    /// Makes an empty spool; it needs no folder.
    pub(crate) fn new(_: &Path) -> Self {
        Spool { bytes: Vec::new() }
    }

    /// Adds bytes and returns where they lie.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<Extent, Error> {
        let (start, length) = (self.bytes.len() as u64, bytes.len() as u64);
        if start + length > LIMIT {
            return Err(Error::archive(Fault::TooMuch {
                what: "has more small members than can wait for their order; save it to a file, and name that file",
                limit: LIMIT,
            }));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(Extent { start, length })
    }

    /// Returns the bytes that lie there.
    pub(crate) fn read(&mut self, extent: Extent) -> Result<Vec<u8>, Error> {
        let end = (extent.start + extent.length) as usize;
        Ok(self.bytes[extent.start as usize..end].to_vec())
    }
}
