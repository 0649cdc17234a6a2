//! Reads stretches of blocks one after the other, fetching the next ones meanwhile.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes, BytesMut};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::stretched::Stretch;
use super::{Error, Keep};

/// The bytes of some stretches, in order. At most one block more than are fetched ahead is held.
pub(super) struct ReadAhead {
    keep: Arc<Keep>,
    runtime: Handle,
    left: VecDeque<Stretch>,
    coming: VecDeque<(Fetching, Stretch)>,
    most: usize,
    current: Bytes,
    /// The memory of the block that was read last.
    spare: BytesMut,
    failure: Arc<Mutex<Option<Error>>>,
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
            left: stretches.into(),
            coming: VecDeque::new(),
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
        while self.coming.len() < self.most
            && let Some(stretch) = self.left.pop_front()
        {
            let (keep, block) = (self.keep.clone(), stretch.block.clone());
            let room = std::mem::take(&mut self.spare);
            let task = self
                .runtime
                .spawn(async move { keep.get_into(&block, room).await });
            self.coming.push_back((Fetching(task), stretch));
        }
    }

    /// Waits for the next stretch; none at the end.
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let Some((mut fetching, stretch)) = self.coming.pop_front() else {
            return Ok(None);
        };
        let block = match self.runtime.block_on(&mut fetching.0) {
            Ok(block) => block?,
            Err(_) => return Err(Error::Cancelled),
        };
        // `get` has made sure that the block is as long as its locator says.
        let stretch = block.slice(stretch.start..stretch.start + stretch.length);
        drop(block);
        self.fetch_ahead();
        Ok(Some(stretch))
    }
}

/// Waits for blocks, so it belongs on a thread that may.
impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            // Nobody else holds the block any longer, unless several stretches lie in it.
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
