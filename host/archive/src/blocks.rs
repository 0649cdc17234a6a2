//! Cuts bytes into blocks, with headers that become known only after what they describe.
//!
//! A layer's header holds its name and size, and both are known once its last byte has been
//! read. So the block with the header's place is kept back (`held.rs`), later blocks go out as they fill,
//! and the header is written when the layer ends. Where the archive promises what the layer is, the
//! header is written at once, and no block is kept back. A promise of which only the length is a hint
//! (`length_hint.rs`) is asked when the block is full. Whether what was written is true shows in the end.
//! Everything a member consists of is a multiple
//! of 512 bytes, and so is a block: no header lies across two blocks.

use keepdocker_terms::layering::Layer;

use super::cutting::Cutting;
use super::error::Error;
use super::held::{Held, Keeper};
use super::sink::{BlockSink, Second};
use crate::machine::hasher::CHUNK;

/// The unit of a tar.
pub(crate) const TAR_UNIT: usize = 512;

/// A member's header.
pub(crate) type Header = [u8; TAR_UNIT];

/// When a member's header is written.
pub(crate) enum Heading {
    /// At once.
    Now(Box<Header>),
    /// When its block is full, if this tells it then; else at the end.
    Soon(Box<dyn FnOnce() -> Option<Header> + Send>),
    /// At the end.
    Last,
}

/// The place of a header that is not written yet.
struct Open {
    /// Where it lies in its block.
    at: usize,
    /// What may tell it once the block is full.
    soon: Option<Box<dyn FnOnce() -> Option<Header> + Send>>,
}

/// A run of blocks under construction.
pub(crate) struct Blocks<'a> {
    sink: Box<dyn BlockSink + 'a>,
    block: usize,
    /// The buffer of the block being filled. It may be longer than what it holds.
    current: Option<Vec<u8>>,
    /// How many bytes of that block there are.
    filled: usize,
    keeper: Keeper,
    /// The block with a header's place, once it is full, and its index in the order.
    held: Option<(usize, Held)>,
    /// The header's place, while one is open.
    open: Option<Open>,
    /// The header of the member begun last, if it was written before the member's end.
    written: Option<Header>,
    /// The numbers of the blocks so far, in order.
    order: Vec<usize>,
    length: u64,
}

impl<'a> Blocks<'a> {
    /// Begins with no block.
    pub(crate) fn new(sink: Box<dyn BlockSink + 'a>, cutting: Cutting) -> Self {
        debug_assert!(cutting.block.is_multiple_of(TAR_UNIT) && cutting.block >= 2 * TAR_UNIT);
        Blocks {
            sink,
            block: cutting.block,
            current: None,
            filled: 0,
            keeper: Keeper::default(),
            held: None,
            open: None,
            written: None,
            order: Vec::new(),
            length: 0,
        }
    }

    /// Has blocks kept back by this keeper from now on, while none is.
    pub(crate) fn kept_by(&mut self, keeper: Keeper) {
        debug_assert!(self.held.is_none());
        self.keeper = keeper;
    }

    /// Returns what else takes blocks of the same archive, if the sink lets two fill them side by side.
    pub(crate) fn second_sink(&mut self) -> Option<Second> {
        self.sink.second()
    }

    /// Tells the sink that no more blocks are to come.
    pub(crate) fn give_up(&mut self) {
        self.sink.give_up();
    }

    /// Adds bytes.
    pub(crate) fn append(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        self.length += bytes.len() as u64;
        while !bytes.is_empty() {
            let (limit, filled) = (self.block, self.filled);
            let current = self.current()?;
            let room = limit - filled;
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            let (over, beyond) = now.split_at(now.len().min(current.len() - filled));
            current[filled..filled + over.len()].copy_from_slice(over);
            current.extend_from_slice(beyond);
            bytes = later;
            self.fill(now.len())?;
        }
        Ok(())
    }

    /// Returns where the next bytes can be put, as many as are read at a time or as the block has room for. What is there
    /// is of no meaning.
    pub(crate) fn space(&mut self) -> Result<&mut [u8], Error> {
        let filled = self.filled;
        let end = self.block.min(filled + CHUNK);
        let current = self.current()?;
        if current.len() < end {
            current.resize(end, 0);
        }
        Ok(&mut current[filled..end])
    }

    /// Takes so many bytes, which were put into the space.
    pub(crate) fn put(&mut self, count: usize) -> Result<(), Error> {
        self.length += count as u64;
        self.fill(count)
    }

    /// Counts bytes of the block being filled, and ends it if it is full.
    fn fill(&mut self, count: usize) -> Result<(), Error> {
        self.filled += count;
        match self.filled == self.block {
            true => self.close(),
            false => Ok(()),
        }
    }

    /// Begins a member with its header, or with room for it.
    pub(crate) fn begin_member(&mut self, heading: Heading) -> Result<(), Error> {
        debug_assert!(self.open.is_none(), "one member at a time");
        self.written = None;
        let soon = match heading {
            Heading::Now(header) => {
                self.written = Some(*header);
                return self.append(&*header);
            }
            Heading::Soon(soon) => Some(soon),
            Heading::Last => None,
        };
        let at = self.filled;
        self.open = Some(Open { at, soon });
        self.append(&[0; TAR_UNIT])
    }

    /// Fills the last unit of the member begun last, and writes its header if that was not done. Returns whether that is
    /// the header that it has now.
    pub(crate) fn end_member(&mut self, header: &Header) -> Result<bool, Error> {
        let rest = (self.length % TAR_UNIT as u64) as usize;
        if rest > 0 {
            self.append(&[0; TAR_UNIT][rest..])?;
        }
        let Some(Open { at, .. }) = self.open.take() else {
            return Ok(self.written.as_ref() == Some(header));
        };
        let Some((place, held)) = self.held.take() else {
            let current = self.current()?;
            current[at..at + TAR_UNIT].copy_from_slice(header);
            return Ok(true);
        };
        let mut block = match held {
            Held::Memory { block, .. } => block,
            Held::Aside => {
                // Nobody waits for a buffer with another one in hand.
                self.cut()?;
                let mut buffer = match self.current.take() {
                    Some(empty) => empty,
                    None => self.sink.buffer()?,
                };
                buffer.clear();
                self.keeper.read(&mut buffer)?;
                buffer
            }
        };
        block[at..at + TAR_UNIT].copy_from_slice(header);
        self.order[place] = self.sink.submit(block)?;
        Ok(true)
    }

    /// Ends the current block, so that what follows begins a new one.
    pub(crate) fn cut(&mut self) -> Result<(), Error> {
        debug_assert!(self.open.is_none(), "no cut inside a member");
        match self.filled {
            0 => Ok(()),
            _ => self.close(),
        }
    }

    /// Ends the run and returns the numbers of its blocks in order, and its length.
    pub(crate) fn take(&mut self) -> Result<(Vec<usize>, u64), Error> {
        self.cut()?;
        Ok((
            std::mem::take(&mut self.order),
            std::mem::take(&mut self.length),
        ))
    }

    /// Tells the sink that these blocks are a layer.
    pub(crate) fn verified(&mut self, layer: Layer, blocks: &[usize]) {
        self.sink.verified(layer, blocks);
    }

    fn current(&mut self) -> Result<&mut Vec<u8>, Error> {
        if self.current.is_none() {
            self.current = Some(self.sink.buffer()?);
        }
        Ok(self.current.as_mut().expect("it was made above"))
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(mut block) = self.current.take() else {
            return Ok(());
        };
        block.truncate(std::mem::take(&mut self.filled));
        if self.is_to_wait(&mut block) {
            let place = self.order.len();
            // The number is not known yet; `end_member` puts it here.
            self.order.push(usize::MAX);
            let (held, empty) = self.keeper.keep(block);
            self.held = Some((place, held));
            self.current = empty;
        } else {
            let number = self.sink.submit(block)?;
            self.order.push(number);
        }
        Ok(())
    }

    /// Tells whether a full block must be kept back for its header, which is written if it can be told now.
    fn is_to_wait(&mut self, block: &mut [u8]) -> bool {
        let Some(open) = self.open.as_mut().filter(|_| self.held.is_none()) else {
            return false;
        };
        let Some(header) = open.soon.take().and_then(|soon| soon()) else {
            return true;
        };
        block[open.at..open.at + TAR_UNIT].copy_from_slice(&header);
        self.written = Some(header);
        self.open = None;
        false
    }
}
