//! Where the finished blocks of an archive go.

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
}

impl<S: BlockSink + ?Sized> BlockSink for &mut S {
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed> {
        (**self).buffer()
    }

    fn submit(&mut self, block: Vec<u8>) -> Result<usize, SinkClosed> {
        (**self).submit(block)
    }
}

/// The sink takes no more blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the archive's blocks are no longer wanted")]
pub struct SinkClosed;
