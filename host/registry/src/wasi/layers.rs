//! Layers, each fetched as it is read.

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf as _, Bytes};
use keepdocker_archive::{Digest, ProducerFailure, RemoteLayers};
use keepdocker_arvados::turn;

use crate::blob::Blob;
use crate::client::{Image, Layer};
use crate::place::Place;
use crate::requests::Requests;

/// The layers of one image.
pub struct Layers {
    requests: Arc<Requests>,
    places: Arc<[Place]>,
    layers: Vec<Layer>,
    left_out: Mutex<HashSet<Digest>>,
}

impl Layers {
    /// Makes the layers of an image readable.
    pub(crate) fn new(requests: Arc<Requests>, image: &Image) -> Self {
        Self {
            requests,
            places: image.places.clone(),
            layers: image.layers.clone(),
            left_out: Mutex::default(),
        }
    }

    fn left_out(&self) -> MutexGuard<'_, HashSet<Digest>> {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RemoteLayers for Layers {
    fn open(&self, digest: &Digest) -> Option<(Box<dyn Read + Send>, u64)> {
        let layer = self.layers.iter().find(|layer| layer.digest == *digest)?;
        let blob = Blob::new(self.requests.clone(), self.places.clone(), layer.clone());
        let current = Bytes::new();
        Some((Box::new(Reader { blob, current }), layer.size))
    }

    fn leave_out(&self, digests: HashSet<Digest>) {
        *self.left_out() = digests;
    }

    fn length(&self) -> u64 {
        let mut seen = self.left_out().clone();
        let wanted = self.layers.iter();
        let wanted = wanted.filter(|layer| seen.insert(layer.digest));
        wanted.fold(0, |sum, layer| sum.saturating_add(layer.size))
    }
}

/// Reads a layer; each read waits until something has come.
struct Reader {
    blob: Blob,
    current: Bytes,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !buffer.is_empty() {
            match turn::run(self.blob.next()) {
                Ok(Some(bytes)) => self.current = bytes,
                Ok(None) => return Ok(0),
                Err(error) => return Err(ProducerFailure::wrap(error)),
            }
        }
        let count = self.current.len().min(buffer.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}
