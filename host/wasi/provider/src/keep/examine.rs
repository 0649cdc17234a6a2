//! What an archive in Keep holds: the headers and documents alone, or every byte.

use std::io;

use bytes::Bytes;
use keepdocker_arvados::keep::{Locator, Stretch, Stretched};
use keepdocker_arvados::turn;

use super::ArchiveStore;
use super::store::StoreError;
use crate::archive;
use crate::bindings::archives::Image;
use crate::bindings::keep::{Depth, Error as WitError, StoredArchive};

/// What error texts call the archive.
const SUBJECT: &str = "the archive in Keep";

impl ArchiveStore {
    /// Reads an archive in Keep as far as `depth` says, and tells which image it holds.
    pub(crate) fn examine(&self, stored: &StoredArchive, depth: Depth) -> Result<Image, WitError> {
        let stretches = stretches(stored)
            .ok_or_else(|| WitError::Other("what is named is not part of a block".to_owned()))?;
        let mut failure = None;
        let mut fetch = |locator: &Locator, length: usize| -> io::Result<Bytes> {
            turn::run(self.keep.get_beginning(locator, length)).map_err(|error| {
                let text = error.to_string();
                failure = Some(error);
                io::Error::other(text)
            })
        };
        let source = Stretched::new(stretches, &mut fetch);
        let read = match depth {
            Depth::Config => archive::outline(source, SUBJECT),
            Depth::Content => archive::verified(source, SUBJECT),
        };
        match (read, failure) {
            (Err(_), Some(error)) => Err(error.into()),
            (read, _) => Ok(read.map_err(StoreError::from)?.into()),
        }
    }
}

fn stretches(stored: &StoredArchive) -> Option<Vec<Stretch>> {
    stored
        .extents
        .iter()
        .map(|extent| {
            let block: Locator = extent.block.parse().ok()?;
            let (start, length) = (extent.start as usize, extent.length as usize);
            let end = start.checked_add(length)?;
            (length > 0 && end <= block.block().size as usize).then_some(Stretch {
                block,
                start,
                length,
            })
        })
        .collect()
}
