//! The computation of SHA-256 digests where there is one thread.

use std::cell::RefCell;

use sha2::{Digest as _, Sha256};

use keepdocker_terms::digest::Digest;

/// How many bytes are hashed at once.
pub(crate) const CHUNK: usize = 256 << 10;

/// Which of two digests that run at the same time is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// The bytes as they stand in the archive.
    Raw,
    /// The same without compression.
    Plain,
}

/// Computes digests as the bytes come.
pub(crate) struct Hasher {
    raw: RefCell<Sha256>,
    plain: RefCell<Sha256>,
    spare: RefCell<Vec<u8>>,
}

impl Hasher {
    /// Begins with nothing hashed.
    pub(crate) fn start() -> Self {
        Hasher {
            raw: RefCell::default(),
            plain: RefCell::default(),
            spare: RefCell::default(),
        }
    }

    /// Returns a chunk of [`CHUNK`] bytes to fill; what it holds is of no meaning.
    pub(crate) fn chunk(&self) -> Vec<u8> {
        let mut chunk = self.spare.take();
        chunk.resize(CHUNK, 0);
        chunk
    }

    /// Adds bytes to a digest.
    pub(crate) fn update(&self, lane: Lane, chunk: Vec<u8>) {
        self.lane(lane).borrow_mut().update(&chunk);
        self.spare.replace(chunk);
    }

    /// Adds bytes to a digest. There is no other thread that could.
    pub(crate) fn update_here(&self, lane: Lane, bytes: &[u8]) {
        self.lane(lane).borrow_mut().update(bytes);
    }

    /// Ends a digest, returns it, and begins the lane anew.
    pub(crate) fn finish(&self, lane: Lane) -> Digest {
        let digest = self.lane(lane).borrow_mut().finalize_reset();
        Digest::from(<[u8; 32]>::from(digest))
    }

    fn lane(&self, lane: Lane) -> &RefCell<Sha256> {
        match lane {
            Lane::Raw => &self.raw,
            Lane::Plain => &self.plain,
        }
    }
}
