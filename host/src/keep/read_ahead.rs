//! Reads stretches of blocks one after the other, fetching the next ones meanwhile.
//!
//! A file that was written in pieces names one block in many stretches, and one that somebody made up
//! may do so in any order. A block that is needed again is held, within a bound.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes, BytesMut};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::{BlockId, Error, Keep, MAXIMUM_SIZE, Stretch};

/// How many stretches are looked at ahead of the one that is read: many may lie in one block.
const MOST_COMING: usize = 1024;

/// The bytes of some stretches, in order. At most one block more than are fetched ahead is held, and
/// [`Held::MOST_BYTES`] of blocks that are needed again.
pub(super) struct ReadAhead {
    keep: Arc<Keep>,
    runtime: Handle,
    left: VecDeque<Stretch>,
    coming: VecDeque<(Source, Stretch)>,
    /// How many of what is coming is on its way.
    on_its_way: usize,
    most: usize,
    held: Held,
    current: Bytes,
    /// The memory of the block that was read last.
    spare: BytesMut,
    failure: Arc<Mutex<Option<Error>>>,
}

/// Where the block of a stretch comes from.
enum Source {
    Keep(Fetching),
    /// A stretch before needs it too.
    Before,
}

/// A block on its way. Dropping it ends the request.
struct Fetching(JoinHandle<Result<Bytes, Error>>);

impl Drop for Fetching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl ReadAhead {
    /// Begins to fetch up to `most` blocks at a time. Must be called on the runtime.
    pub(super) fn start(keep: Arc<Keep>, stretches: Vec<Stretch>, most: usize) -> Self {
        let mut reader = Self {
            keep,
            runtime: Handle::current(),
            held: Held::new(stretches.iter().map(|stretch| stretch.block.block())),
            left: stretches.into(),
            coming: VecDeque::new(),
            on_its_way: 0,
            most: most.max(1),
            current: Bytes::new(),
            spare: BytesMut::new(),
            failure: Arc::default(),
        };
        reader.fetch_ahead();
        reader
    }

    /// Returns where Keep's own error will be found once reading has failed.
    pub(super) fn failure(&self) -> Arc<Mutex<Option<Error>>> {
        self.failure.clone()
    }

    fn fetch_ahead(&mut self) {
        while self.on_its_way < self.most
            && self.coming.len() < MOST_COMING
            && let Some(stretch) = self.left.pop_front()
        {
            let source = match self.held.awaits(stretch.block.block()) {
                true => Source::Before,
                false => Source::Keep(self.fetch(&stretch)),
            };
            self.coming.push_back((source, stretch));
        }
    }

    fn fetch(&mut self, stretch: &Stretch) -> Fetching {
        let (keep, block) = (self.keep.clone(), stretch.block.clone());
        let room = std::mem::take(&mut self.spare);
        self.on_its_way += 1;
        Fetching(
            self.runtime
                .spawn(async move { keep.get_into(&block, room).await }),
        )
    }

    /// Waits for the next stretch; none at the end.
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let Some((source, stretch)) = self.coming.pop_front() else {
            return Ok(None);
        };
        let id = stretch.block.block();
        let held = match source {
            Source::Before => self.held.get(id),
            Source::Keep(_) => None,
        };
        let block = match held {
            Some(block) => block,
            None => {
                let mut fetching = match source {
                    Source::Keep(fetching) => fetching,
                    // There was too much to be held.
                    Source::Before => self.fetch(&stretch),
                };
                self.on_its_way -= 1;
                match self.runtime.block_on(&mut fetching.0) {
                    Ok(block) => block?,
                    Err(_) => return Err(Error::Cancelled),
                }
            }
        };
        // `get` has made sure that the block is as long as its locator says.
        let stretch = block.slice(stretch.start..stretch.start + stretch.length);
        self.held.was_read(id, block);
        self.fetch_ahead();
        Ok(Some(stretch))
    }
}

/// Blocks that are needed again.
struct Held {
    /// How many stretches of a block are still to be read, of those that several stretches need.
    uses: HashMap<BlockId, Uses>,
    blocks: HashMap<BlockId, Bytes>,
    /// In which order they came; some may have gone since.
    order: VecDeque<BlockId>,
    bytes: usize,
}

#[derive(Default)]
struct Uses {
    left: usize,
    /// Whether it was asked for, and is on its way or held.
    is_awaited: bool,
}

impl Held {
    /// How much is held: a block of the largest size, or many small ones.
    const MOST_BYTES: usize = MAXIMUM_SIZE;

    /// Counts how often each block is needed.
    fn new(blocks: impl Iterator<Item = BlockId>) -> Self {
        let mut uses: HashMap<BlockId, Uses> = HashMap::new();
        for block in blocks {
            uses.entry(block).or_default().left += 1;
        }
        uses.retain(|_, uses| uses.left > 1);
        Self {
            uses,
            blocks: HashMap::new(),
            order: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Tells whether a block will be held when it is needed; from now on it is.
    fn awaits(&mut self, block: BlockId) -> bool {
        let uses = self.uses.get_mut(&block);
        uses.is_some_and(|uses| std::mem::replace(&mut uses.is_awaited, true))
    }

    fn get(&self, block: BlockId) -> Option<Bytes> {
        self.blocks.get(&block).cloned()
    }

    /// Notes that a stretch of a block was read; holds the block as long as it is needed again.
    fn was_read(&mut self, id: BlockId, block: Bytes) {
        let Some(uses) = self.uses.get_mut(&id) else {
            return;
        };
        uses.left -= 1;
        if uses.left == 0 {
            self.drop(id);
        } else if !self.blocks.contains_key(&id) {
            self.bytes += block.len();
            self.blocks.insert(id, block);
            self.order.push_back(id);
        }
        while self.bytes > Self::MOST_BYTES
            && let Some(oldest) = self.order.pop_front()
        {
            self.drop(oldest);
        }
    }

    fn drop(&mut self, id: BlockId) {
        if let Some(block) = self.blocks.remove(&id) {
            self.bytes -= block.len();
        }
        if let Some(uses) = self.uses.get_mut(&id) {
            uses.is_awaited = false;
        }
    }
}

/// Waits for blocks, so it belongs on a thread that may.
impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            // Nobody else holds the block any longer, unless it is needed again.
            let read = std::mem::take(&mut self.current);
            self.spare = read.try_into_mut().unwrap_or_default();
            match self.next() {
                Ok(Some(bytes)) => self.current = bytes,
                Ok(None) => return Ok(0),
                Err(error) => {
                    let text = error.to_string();
                    *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    return Err(io::Error::other(text));
                }
            }
        }
        let count = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}
