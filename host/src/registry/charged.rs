//! Layers of a registry that are counted before they are fetched.

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use keepdocker_archive::{Ending, ProducerFailure, RemoteLayers};
use keepdocker_registry::Layers;
use keepdocker_terms::digest::Digest;

use crate::gate::{Confirmed, Refusal};

/// The layers of an image, of which none is asked for before the gate has counted all that are wanted.
///
/// Which ones those are is known only once somebody begins to read: some are in Keep.
pub(super) struct Charged {
    layers: Layers,
    confirmed: Confirmed,
    counted: Mutex<Counted>,
}

/// What was counted so far.
#[derive(Default)]
struct Counted {
    /// How many bytes of what is wanted.
    bytes: u64,
    /// What was opened since: each once is among those bytes.
    opened: HashSet<Digest>,
}

impl Charged {
    pub(super) fn new(layers: Layers, confirmed: Confirmed) -> Self {
        Self {
            layers,
            confirmed,
            counted: Mutex::default(),
        }
    }

    /// Counts what is wanted beyond what was counted already: after a setback, more may be, and a layer that is read once
    /// more is fetched once more.
    fn charge(&self, digest: &Digest) -> Result<(), Refusal> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = self.layers.length();
        self.confirmed
            .charge(wanted.saturating_sub(counted.bytes))?;
        counted.bytes = wanted.max(counted.bytes);
        if !counted.opened.insert(*digest) {
            self.confirmed
                .charge(self.layers.size(digest).unwrap_or(0))?;
        }
        Ok(())
    }
}

impl RemoteLayers for Charged {
    fn open(&self, digest: &Digest) -> Option<(Box<dyn Read + Send>, u64)> {
        match self.charge(digest) {
            Ok(()) => self.layers.open(digest),
            Err(refusal) => {
                let size = self.layers.size(digest)?;
                Some((Box::new(Withheld(refusal)), size))
            }
        }
    }

    fn ending(&self, digest: &Digest) -> Option<Box<dyn FnOnce() -> Option<Ending> + Send>> {
        self.layers.ending(digest)
    }

    fn leave_out(&self, digests: HashSet<Digest>) {
        self.layers.leave_out(digests);
    }

    fn give_up(&self) {
        self.layers.give_up();
    }

    fn length(&self) -> u64 {
        self.layers.length()
    }
}

/// What is read in place of a layer that must not be fetched.
struct Withheld(Refusal);

impl Read for Withheld {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(ProducerFailure::wrap(self.0.clone()))
    }
}
