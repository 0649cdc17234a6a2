//! Layers, each fetched some way ahead of where it is read.
//!
//! Those that are read and the next ones are on their way at a time, in the order of the manifest. What has come and
//! is not read yet is bounded; a connection that waits too long for room is given up and taken up again later.
//!
//! Two may be read at a time, unless the registry asked to be left alone: then the next one is not opened before nobody
//! reads any more.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use keepdocker_archive::{Digest, Ending, ProducerFailure};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinHandle};

use crate::blob::Blob;
use crate::client::{Image, Layer};
use crate::error::Error;
use crate::place::Place;
use crate::requests::Requests;

/// How many layers are on their way at a time.
const STREAMS: usize = 3;
/// How much of each may wait to be read, in units of [`UNIT`].
const WAITING: u32 = 4 << 10;
const UNIT: usize = 1 << 10;
/// How many pieces that may be, however small they are.
const PIECES: usize = 4096;

/// How long the end of a layer is waited for once it is wanted. By then a block of the layer has come.
const PATIENCE: Duration = Duration::from_millis(500);

/// The layers of one image.
pub struct Layers {
    requests: Arc<Requests>,
    places: Arc<[Place]>,
    /// Each once, lowest first.
    order: Vec<Layer>,
    running: Mutex<Running>,
    readers: Arc<Readers>,
    left_out: Mutex<HashSet<Digest>>,
    runtime: Handle,
}

/// What is on its way, and was not opened yet.
#[derive(Default)]
struct Running {
    /// By the numbers of the layers.
    streams: HashMap<usize, Stream>,
    /// The first layer after all that were opened.
    next: usize,
}

/// A layer on its way. Dropping it ends the request.
struct Stream {
    pieces: mpsc::Receiver<Result<Piece, Error>>,
    room: Arc<Semaphore>,
    task: Task,
}

struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The layers that are being read.
#[derive(Default)]
struct Readers {
    /// By their numbers.
    open: Mutex<HashMap<usize, AbortHandle>>,
    closed: Condvar,
}

impl Readers {
    /// Waits until nobody reads a layer.
    fn wait(&self) {
        let open = self.lock();
        let waited = self.closed.wait_while(open, |open| !open.is_empty());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, AbortHandle>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What comes of a layer. Only the last piece says that there is nothing more.
enum Piece {
    Bytes(Bytes),
    End,
}

impl Layers {
    /// Makes the layers of an image readable. Must be called on the runtime.
    pub(crate) fn new(requests: Arc<Requests>, image: &Image) -> Self {
        let mut order: Vec<Layer> = Vec::new();
        for layer in &image.layers {
            if !order.iter().any(|known| known.digest == layer.digest) {
                order.push(layer.clone());
            }
        }
        Self {
            requests,
            places: image.places.clone(),
            order,
            running: Mutex::default(),
            readers: Arc::default(),
            left_out: Mutex::default(),
            runtime: Handle::current(),
        }
    }

    /// Returns how many bytes a layer has by the manifest; none if the image has no such layer.
    #[must_use]
    pub fn size(&self, digest: &Digest) -> Option<u64> {
        let layer = self.order.iter().find(|layer| layer.digest == *digest)?;
        Some(layer.size)
    }

    fn left_out(&self) -> MutexGuard<'_, HashSet<Digest>> {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn blob(&self, layer: &Layer) -> Blob {
        Blob::new(self.requests.clone(), self.places.clone(), layer.clone())
    }

    fn start(&self, layer: &Layer) -> Stream {
        let room = Arc::new(Semaphore::new(WAITING as usize));
        let (sender, pieces) = mpsc::channel(PIECES);
        let blob = self.blob(layer);
        let unread = self.requests.transport.timing.unread;
        let task = self
            .runtime
            .spawn(fetch(blob, sender, room.clone(), unread));
        Stream {
            pieces,
            room,
            task: Task(task),
        }
    }
}

/// Fetches a layer to its end, as far as there is room.
async fn fetch(
    mut blob: Blob,
    sender: mpsc::Sender<Result<Piece, Error>>,
    room: Arc<Semaphore>,
    unread: Duration,
) {
    loop {
        let (piece, units) = match blob.next().await {
            Ok(Some(bytes)) => {
                let units = units(&bytes);
                (Ok(Piece::Bytes(bytes)), units)
            }
            Ok(None) => (Ok(Piece::End), 0),
            Err(error) => (Err(error), 0),
        };
        let is_last = !matches!(piece, Ok(Piece::Bytes(_)));
        let permit = match tokio::time::timeout(unread, room.acquire_many(units)).await {
            Ok(permit) => permit,
            Err(_) => {
                // Servers cut off who reads slowly; better so than in the middle.
                blob.let_go();
                room.acquire_many(units).await
            }
        };
        let Ok(permit) = permit else { return };
        permit.forget();
        if sender.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

fn units(bytes: &Bytes) -> u32 {
    u32::try_from(bytes.len().div_ceil(UNIT)).map_or(WAITING, |units| units.min(WAITING))
}

impl keepdocker_archive::RemoteLayers for Layers {
    fn open(&self, digest: &Digest) -> Option<(Box<dyn Read + Send>, u64)> {
        let at = self
            .order
            .iter()
            .position(|layer| layer.digest == *digest)?;
        let streams = if self.requests.is_throttled() {
            self.readers.wait();
            1
        } else {
            STREAMS.saturating_sub(self.readers.lock().len()).max(1)
        };
        let mut running = self.running();
        // What was passed over is not needed any more, and what is being read is not begun again.
        running.next = running.next.max(at + 1);
        let next = running.next;
        running
            .streams
            .retain(|number, _| *number == at || *number >= next);
        let left_out = self.left_out();
        let wanted = std::iter::once(at).chain(next..self.order.len());
        let wanted = wanted.filter(|number| !left_out.contains(&self.order[*number].digest));
        for number in wanted.take(streams) {
            let started = || self.start(&self.order[number]);
            running.streams.entry(number).or_insert_with(started);
        }
        let stream = running.streams.remove(&at)?;
        let handle = stream.task.0.abort_handle();
        self.readers.lock().insert(at, handle);
        let reader = Reader {
            stream,
            current: Bytes::new(),
            has_ended: false,
            readers: self.readers.clone(),
            number: at,
        };
        Some((Box::new(reader), self.order[at].size))
    }

    fn ending(&self, digest: &Digest) -> Option<Box<dyn FnOnce() -> Option<Ending> + Send>> {
        let layer = self.order.iter().find(|layer| layer.digest == *digest)?;
        if self.requests.is_throttled() {
            return None;
        }
        let ending = self.blob(layer).ending();
        let (sender, answer) = std::sync::mpsc::channel();
        let task = Task(self.runtime.spawn(async move {
            if let Some(ending) = ending.await {
                // Whoever asked may have given up.
                let _ = sender.send(ending);
            }
        }));
        Some(Box::new(move || {
            let _asked = task;
            answer.recv_timeout(PATIENCE).ok()
        }))
    }

    fn give_up(&self) {
        self.running().streams.clear();
        self.readers.lock().values().for_each(AbortHandle::abort);
    }

    fn leave_out(&self, digests: HashSet<Digest>) {
        *self.left_out() = digests;
    }

    fn length(&self) -> u64 {
        let left_out = self.left_out();
        let wanted = |layer: &&Layer| !left_out.contains(&layer.digest);
        let sizes = self.order.iter().filter(wanted).map(|layer| layer.size);
        sizes.fold(0, u64::saturating_add)
    }
}

/// Reads a layer, on a thread that may wait.
struct Reader {
    stream: Stream,
    current: Bytes,
    has_ended: bool,
    readers: Arc<Readers>,
    number: usize,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.readers.lock().remove(&self.number);
        self.readers.closed.notify_all();
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.has_ended && !buffer.is_empty() {
            match self.stream.pieces.blocking_recv() {
                Some(Ok(Piece::Bytes(bytes))) => {
                    self.stream.room.add_permits(units(&bytes) as usize);
                    self.current = bytes;
                }
                Some(Ok(Piece::End)) => self.has_ended = true,
                Some(Err(error)) => return Err(ProducerFailure::wrap(error)),
                None => {
                    let is_finished = self.stream.task.0.is_finished();
                    let reason = if is_finished {
                        "it broke off"
                    } else {
                        "it was given up"
                    };
                    return Err(io::Error::other(format!(
                        "the layer is not whole: {reason}"
                    )));
                }
            }
        }
        let count = self.current.len().min(buffer.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}
