//! Where the finished blocks of an archive go.

use keepdocker_terms::layering::Layer;

/// Takes the blocks of an archive, from a thread that may wait.
///
/// The reader of an archive knows where blocks end, and nothing of hashes, services or replicas;
/// the other side knows nothing of images.
pub trait BlockSink: Send {
    /// Returns an empty buffer with room for one block, waiting while all are in use.
    ///
    /// # Errors
    /// If the other side has given up; it holds the reason.
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed>;

    /// Hands over a block of 1 byte to 64 MiB and returns its number, counting from 0.
    ///
    /// # Errors
    /// If the other side has given up; it holds the reason.
    fn submit(&mut self, block: Vec<u8>) -> Result<usize, SinkClosed>;

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

    fn verified(&mut self, layer: Layer, blocks: &[usize]) {
        (**self).verified(layer, blocks);
    }
}

/// The sink takes no more blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the archive's blocks are no longer wanted")]
pub struct SinkClosed;
