//! How far a transfer has come.

/// Is told how far a transfer has come. Calls are frequent, and must be cheap.
pub trait Progress: Send + Sync {
    /// Says how many bytes there will be in all, or that it is not known.
    fn total(&self, bytes: Option<u64>);

    /// Says that this many more bytes were read from the source.
    fn read(&self, bytes: u64);

    /// Says that this many more bytes are stored in Keep, having been sent. Replicas count once.
    fn sent(&self, bytes: u64);

    /// Says that this many more bytes did not have to be sent, since Keep has them.
    fn reused(&self, bytes: u64);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn total(&self, _: Option<u64>) {}
    fn read(&self, _: u64) {}
    fn sent(&self, _: u64) {}
    fn reused(&self, _: u64) {}
}
