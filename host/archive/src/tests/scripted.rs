//! Layers from afar, with what happens where they are read.

use std::collections::{HashMap, HashSet};
use std::io::{self, Cursor, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::{Digest, Ending, RemoteLayers};

use super::afar::Afar;

/// After so long nothing moves any more.
pub(super) const FOR_EVER: Duration = Duration::from_secs(60);

/// Something that threads wait for.
#[derive(Default)]
struct Gate {
    passed: Mutex<usize>,
    changed: Condvar,
}

impl Gate {
    /// Passes, once so many have come.
    fn pass(&self, count: usize) {
        *self.passed.lock().unwrap() += 1;
        self.changed.notify_all();
        self.wait(count);
    }

    fn wait(&self, count: usize) {
        let passed = self.passed.lock().unwrap();
        let waited = self
            .changed
            .wait_timeout_while(passed, FOR_EVER, |it| *it < count);
        assert!(!waited.unwrap().1.timed_out(), "nobody comes");
    }
}

type Event = Arc<dyn Fn() -> io::Result<()> + Send + Sync>;

/// Layers, with what happens where they are read.
pub(super) struct Script {
    pub(super) blobs: HashMap<Digest, Vec<u8>>,
    events: HashMap<Digest, (usize, Event)>,
    /// Is passed when nobody wants any more.
    given_up: Arc<Gate>,
    /// What is said of the end of a layer, if that is said.
    ending: Option<Told>,
    /// What was opened, in order.
    opened: Arc<Mutex<Vec<Digest>>>,
}

pub(super) type Told = fn(&[u8]) -> Option<Ending>;

impl Script {
    pub(super) fn new(afar: &Afar) -> Self {
        let blobs = afar.blobs.iter();
        Self {
            blobs: blobs.map(|blob| (Digest::of(blob), blob.clone())).collect(),
            events: HashMap::new(),
            given_up: Arc::default(),
            ending: None,
            opened: Arc::default(),
        }
    }

    /// Says this of the ends of layers.
    pub(super) fn ending(mut self, told: Told) -> Self {
        self.ending = Some(told);
        self
    }

    /// Returns where it is noted what was opened, in order.
    pub(super) fn opened(&self) -> Arc<Mutex<Vec<Digest>>> {
        self.opened.clone()
    }

    /// Has something happen where so many bytes of a layer were read.
    pub(super) fn at(
        mut self,
        digest: Digest,
        position: usize,
        event: impl Fn() -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.events.insert(digest, (position, Arc::new(event)));
        self
    }

    /// Has these layers go on beyond this position only together.
    pub(super) fn together(mut self, digests: &[Digest], position: usize) -> Self {
        let (gate, count) = (Arc::new(Gate::default()), digests.len());
        for digest in digests {
            let gate = gate.clone();
            let pass = move || {
                gate.pass(count);
                Ok(())
            };
            self = self.at(*digest, position, pass);
        }
        self
    }

    /// Has nothing come of a layer from there on until nobody wants it.
    pub(super) fn stalling(self, digest: Digest, position: usize) -> Self {
        let given_up = self.given_up.clone();
        self.at(digest, position, move || {
            given_up.wait(1);
            Err(io::Error::other("it was given up"))
        })
    }
}

impl RemoteLayers for Script {
    fn open(&self, digest: &Digest) -> Option<(Box<dyn Read + Send>, u64)> {
        let bytes = self.blobs.get(digest)?.clone();
        self.opened.lock().unwrap().push(*digest);
        let length = bytes.len() as u64;
        let reader = Scripted {
            bytes: Cursor::new(bytes),
            event: self.events.get(digest).cloned(),
        };
        Some((Box::new(reader), length))
    }

    fn ending(&self, digest: &Digest) -> Option<Box<dyn FnOnce() -> Option<Ending> + Send>> {
        let (told, bytes) = (self.ending?, self.blobs.get(digest)?.clone());
        Some(Box::new(move || told(&bytes)))
    }

    fn leave_out(&self, _: HashSet<Digest>) {}

    fn give_up(&self) {
        self.given_up.pass(1);
    }

    fn length(&self) -> u64 {
        0
    }
}

struct Scripted {
    bytes: Cursor<Vec<u8>>,
    event: Option<(usize, Event)>,
}

impl Read for Scripted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let at = self.bytes.position();
        if let Some((_, event)) = self.event.take_if(|(position, _)| at >= *position as u64) {
            event()?;
        }
        self.bytes.read(buffer)
    }
}
