//! Where the finished blocks of an archive go.

use keepdocker_terms::layering::Layer;

/// Takes the blocks of an archive, from a thread that may wait.
///
/// The reader of an archive knows where blocks end, and nothing of hashes, services or replicas;
/// the other side knows nothing of images.
pub trait BlockSink: Send {
    /// Returns a buffer with room for one block, waiting while all are in use. What it holds is of no meaning.
    ///
    /// # Errors
    /// If the other side has given up; it holds the reason.
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed>;

    /// Hands over a block of 1 byte to 64 MiB and returns its number, counting from 0.
    ///
    /// # Errors
    /// If the other side has given up; it holds the reason.
    fn submit(&mut self, block: Vec<u8>) -> Result<usize, SinkClosed>;

    /// Returns what takes blocks of the same archive, too, so that two threads fill blocks side by side; none where one
    /// thread is to do all.
    ///
    /// Both number the blocks in one row. There must be at least three buffers for the two together: each may keep one back
    /// while it waits for another.
    fn second(&mut self) -> Option<Second> {
        None
    }

    /// Learns that the archive cannot be read whole: whoever waits for a buffer, here or at what else takes its blocks,
    /// goes without.
    fn give_up(&mut self) {}

    /// Learns that these blocks, by their numbers and in order, are a layer: its digest was verified.
    ///
    /// Only large layers in the canonical form with layered blocks are told of.
    fn verified(&mut self, layer: Layer, blocks: &[usize]) {
        let _ = (layer, blocks);
    }
}

impl<S: BlockSink + ?Sized> BlockSink for &mut S {
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed> {
        (**self).buffer()
    }

    fn submit(&mut self, block: Vec<u8>) -> Result<usize, SinkClosed> {
        (**self).submit(block)
    }

    fn second(&mut self) -> Option<Second> {
        (**self).second()
    }

    fn give_up(&mut self) {
        (**self).give_up();
    }

    fn verified(&mut self, layer: Layer, blocks: &[usize]) {
        (**self).verified(layer, blocks);
    }
}

/// What takes blocks beside another sink.
pub struct Second {
    /// It itself.
    pub sink: Box<dyn BlockSink>,
    /// How many full blocks may be kept back for their headers in buffers while both are in use. Others are set aside in
    /// files.
    pub kept_in_memory: usize,
}

/// The sink takes no more blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the archive's blocks are no longer wanted")]
pub struct SinkClosed;
