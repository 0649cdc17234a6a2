//! Blocks that are taken and not kept: so a test does not fill the disk, and a benchmark does not measure it.

use bytes::Bytes;
use md5::{Digest, Md5};
use tokio::sync::mpsc;

use super::blocks::{Blocks, Received, lock};
use crate::signature::hex;

/// Hashes what arrives, unless the hash is known already. Blocks.
pub(super) fn receive(pieces: &mut mpsc::Receiver<Bytes>, believed: Option<String>) -> Received {
    let mut digest = Md5::new();
    let mut size = 0;
    while let Some(piece) = pieces.blocking_recv() {
        if believed.is_none() {
            digest.update(&piece);
        }
        size += piece.len() as u64;
    }
    Received {
        hash: believed.unwrap_or_else(|| hex(&digest.finalize())),
        size,
        file: None,
    }
}

impl Blocks {
    /// Notes a block that is not kept.
    pub(super) fn discard(&self, block: &Received) {
        lock(&self.discarded).insert(block.hash.clone(), block.size);
    }

    /// Returns the size of a block that was taken and not kept.
    pub(super) fn discarded(&self, hash: &str) -> Option<u64> {
        lock(&self.discarded).get(hash).copied()
    }
}
