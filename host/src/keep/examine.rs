//! What an archive in Keep holds: the headers and documents alone, or every byte.

use std::io;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use tokio::runtime::Handle;

use super::fetch::{USUAL_CONCURRENCY, stretches};
use super::read_ahead::ReadAhead;
use super::store::{ArchiveStore, StoreError};
use super::{Keep, Locator, Stretch, Stretched};
use crate::archive::{self, Archive, BlockSink, Image, Outline, SinkClosed};
use crate::bindings::keep::{Depth, StoredArchive};

/// What error texts call the archive.
const SUBJECT: &str = "the archive in Keep";

/// How many bytes are verified at a time.
const PIECE: usize = 1 << 20;

impl ArchiveStore {
    /// Reads an archive in Keep as far as `depth` says, and tells which image it holds.
    ///
    /// # Errors
    /// If a block cannot be read, or the archive is not sound or holds not exactly one image.
    pub(crate) async fn examine(
        &self,
        stored: &StoredArchive,
        depth: Depth,
    ) -> Result<Image, StoreError> {
        if depth == Depth::Config {
            return Ok(self.outline(stored).await?.image);
        }
        let stretches = stretches(&stored.extents)?;
        let keep = self.keep.clone();
        let progress = self.progress.clone();
        progress.total(Some(
            stretches.iter().map(|stretch| stretch.length as u64).sum(),
        ));
        let most = self.concurrency.unwrap_or(USUAL_CONCURRENCY);
        let blocks = ReadAhead::start(keep, stretches, most);
        let failure = blocks.failure();
        let mut archive = Archive::stream(
            SUBJECT,
            Box::new(move || Ok(Box::new(blocks))),
            &self.destination.scratch,
        )
        .in_pieces(PIECE);
        let read = spawn(move || {
            let mut seen = 0;
            let image = archive.pass_on(&mut Discarded::default(), &mut |count| {
                progress.read(count - seen);
                seen = count;
            })?;
            progress.finish();
            Ok(image)
        })
        .await;
        let of_keep = failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match (read, of_keep) {
            (Err(_), Some(error)) => Err(error.into()),
            (read, _) => read,
        }
    }

    /// Reads the headers and documents of an archive in Keep.
    ///
    /// # Errors
    /// If a block cannot be read, or the archive is not sound as far as it was read, or holds not exactly one image.
    pub(crate) async fn outline(&self, stored: &StoredArchive) -> Result<Outline, StoreError> {
        let stretches = stretches(&stored.extents)?;
        let keep = self.keep.clone();
        spawn(move || match outline(&keep, stretches.clone(), false) {
            // Nothing holds a beginning against the digest of its block. Whether the archive is at fault, or who
            // gave it, whole blocks tell.
            Err(StoreError::Archive(_)) => outline(&keep, stretches, true),
            read => read,
        })
        .await
    }
}

/// Does something that waits, on a thread that may.
async fn spawn<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await?
}

/// Reads headers and documents, of blocks that are whole and verified if that is wanted.
fn outline(
    keep: &Arc<Keep>,
    stretches: Vec<Stretch>,
    verifies: bool,
) -> Result<Outline, StoreError> {
    let runtime = Handle::current();
    let mut failure = None;
    let mut fetch = |locator: &Locator, length: usize| -> io::Result<Bytes> {
        let got = runtime.block_on(async {
            match verifies {
                true => keep.get(locator).await,
                false => keep.get_beginning(locator, length).await,
            }
        });
        got.map_err(|error| {
            let text = error.to_string();
            failure = Some(error);
            io::Error::other(text)
        })
    };
    let read = archive::look(Stretched::new(stretches, &mut fetch), SUBJECT);
    match (read, failure) {
        (Err(_), Some(error)) => Err(error.into()),
        (read, _) => Ok(read?),
    }
}

/// Takes what was verified, and keeps nothing.
#[derive(Default)]
struct Discarded {
    unused: Vec<u8>,
    count: usize,
}

impl BlockSink for Discarded {
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed> {
        let mut buffer = std::mem::take(&mut self.unused);
        buffer.clear();
        buffer.reserve_exact(PIECE);
        Ok(buffer)
    }

    fn submit(&mut self, block: Vec<u8>) -> Result<usize, SinkClosed> {
        self.unused = block;
        self.count += 1;
        Ok(self.count - 1)
    }
}
