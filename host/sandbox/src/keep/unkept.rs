//! Blocks that are taken and not kept: so a test does not fill the disk, and a benchmark does not measure it.

use std::io;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use md5::{Digest, Md5};
use tokio::sync::mpsc;

use super::blocks::{Blocks, MAX_SIZE, Received, lock};
use crate::signature::hex;

/// Hashes what arrives. Blocks.
pub(super) fn receive(pieces: &mut mpsc::Receiver<Bytes>) -> Received {
    let mut digest = Md5::new();
    let mut size = 0;
    while let Some(piece) = pieces.blocking_recv() {
        digest.update(&piece);
        size += piece.len() as u64;
    }
    Received {
        hash: hex(&digest.finalize()),
        size,
        file: None,
    }
}

/// Counts what arrives and believes the hash: no thread is woken for it, as that would be work that no service far away
/// takes from the machine of its client.
pub(super) async fn count(mut body: Incoming, hash: String) -> io::Result<Received> {
    let mut size: u64 = 0;
    while let Some(frame) = body.frame().await {
        if let Ok(piece) = frame.map_err(io::Error::other)?.into_data() {
            size += piece.len() as u64;
        }
        if size > MAX_SIZE {
            break;
        }
    }
    Ok(Received {
        hash,
        size,
        file: None,
    })
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
