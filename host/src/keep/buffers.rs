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

    /// Takes an empty buffer, waiting for one if need be; none once closed. Before it waits, it says
    /// so by `waits`.
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
                return Some(made());
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
    fn give(&self, mut buffer: Vec<u8>) {
        buffer.clear();
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

/// Makes a buffer. Memory is taken as it is filled, in large pages where the system has some: with small ones, every 4 KiB
/// of each buffer interrupt the program once.
fn made() -> Vec<u8> {
    let mut buffer = Vec::with_capacity(MAXIMUM_SIZE);
    #[cfg(target_os = "linux")]
    prefer_large_pages(buffer.spare_capacity_mut());
    buffer
}

/// Asks for large pages behind this memory, as far as it covers whole ones. That it is refused does no harm.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the standard library has no such call")]
fn prefer_large_pages(memory: &mut [std::mem::MaybeUninit<u8>]) {
    const PAGE: usize = 2 << 20;
    let unaligned = memory.as_ptr().align_offset(PAGE).min(memory.len());
    let aligned = &mut memory[unaligned..];
    let length = aligned.len() / PAGE * PAGE;
    // SAFETY: the range lies within memory that is borrowed for itself, and the advice changes nothing of what is in it.
    unsafe { libc::madvise(aligned.as_mut_ptr().cast(), length, libc::MADV_HUGEPAGE) };
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
        assert!(buffer.is_empty());
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
