//! A fixed number of block buffers, used over and over.
//!
//! They bound the memory of an upload, and by that the speed of its source: who wants to fill the
//! next block waits until one has been stored.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::MAXIMUM_SIZE;

/// The buffers of one upload.
#[derive(Debug)]
pub(super) struct Buffers {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    free: Vec<Vec<u8>>,
    /// How many may still be made; memory is taken only when needed.
    unmade: usize,
    closed: bool,
}

impl Buffers {
    pub(super) fn new(count: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                free: Vec::new(),
                unmade: count,
                closed: false,
            }),
            changed: Condvar::new(),
        })
    }

    /// Takes a buffer, waiting for one if need be; none once closed. What it holds is of no meaning. Before it waits, it
    /// says so by `waits`.
    pub(super) fn take(&self, waits: impl FnOnce()) -> Option<Vec<u8>> {
        let mut waits = Some(waits);
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(buffer) = state.free.pop() {
                return Some(buffer);
            }
            if state.unmade > 0 {
                state.unmade -= 1;
                drop(state);
                return Some(Vec::with_capacity(MAXIMUM_SIZE));
            }
            if let Some(waits) = waits.take() {
                waits();
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives a buffer back.
    fn give(&self, buffer: Vec<u8>) {
        let mut state = self.lock();
        if buffer.capacity() == MAXIMUM_SIZE {
            state.free.push(buffer);
        } else {
            // It is another one than was taken.
            state.unmade += 1;
        }
        self.changed.notify_one();
    }

    /// Makes everyone who waits, or will, go without.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is sound after each statement, so a panic elsewhere does not matter.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A filled buffer, which finds its way back when dropped.
#[derive(Debug)]
pub(super) struct Filled {
    data: Vec<u8>,
    home: Arc<Buffers>,
}

impl Filled {
    pub(super) fn new(data: Vec<u8>, home: Arc<Buffers>) -> Self {
        Self { data, home }
    }
}

impl AsRef<[u8]> for Filled {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        self.home.give(std::mem::take(&mut self.data));
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_buffer_comes_back_when_the_last_user_is_done() {
        let buffers = Buffers::new(1);
        let mut buffer = buffers.take(|| {}).unwrap();
        buffer.extend_from_slice(b"block");
        let address = buffer.as_ptr();
        let data = Bytes::from_owner(Filled::new(buffer, buffers.clone()));
        let copy = data.clone();
        drop(data);
        assert!(buffers.lock().free.is_empty());
        let waiting = std::thread::spawn({
            let buffers = buffers.clone();
            move || buffers.take(|| {})
        });
        drop(copy);
        let buffer = waiting.join().unwrap().unwrap();
        assert_eq!(buffer.as_ptr(), address);
    }

    #[test]
    fn closing_wakes_whoever_waits() {
        let buffers = Buffers::new(0);
        let waiting = std::thread::spawn({
            let buffers = buffers.clone();
            move || buffers.take(|| {})
        });
        buffers.close();
        assert_eq!(waiting.join().unwrap(), None);
    }
}
