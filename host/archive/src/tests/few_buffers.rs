//! A sink with a few buffers, into which two threads write.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, mpsc};
use std::thread;
use std::time::Duration;

use crate::{BlockSink, Second, SinkClosed};

use super::scripted::FOR_EVER;

/// A few buffers, each of which comes back a little while after its block was handed over.
pub(super) struct Few {
    state: Arc<(Mutex<State>, Condvar)>,
    stored: mpsc::Sender<()>,
    kept_in_memory: usize,
}

pub(super) struct State {
    pub(super) free: usize,
    pub(super) blocks: Vec<Vec<u8>>,
    is_closed: bool,
    /// How many blocks are taken before it closes.
    most: usize,
    /// Whether no buffer comes back.
    hangs: bool,
    /// How many wait for a buffer.
    waiting: usize,
    /// How many blocks were handed over whose buffers have not come back.
    on_their_way: usize,
}

impl Few {
    pub(super) fn new(buffers: usize, kept_in_memory: usize) -> Self {
        let state = State {
            free: buffers,
            blocks: Vec::new(),
            is_closed: false,
            most: usize::MAX,
            hangs: false,
            waiting: 0,
            on_their_way: 0,
        };
        let state = Arc::new((Mutex::new(state), Condvar::new()));
        let (stored, handed_over) = mpsc::channel();
        let given_back = state.clone();
        thread::spawn(move || {
            for () in handed_over {
                thread::sleep(Duration::from_micros(20));
                let mut state = given_back.0.lock().unwrap();
                if !state.hangs {
                    state.free += 1;
                    state.on_their_way -= 1;
                }
                given_back.1.notify_all();
            }
        });
        Self {
            state,
            stored,
            kept_in_memory,
        }
    }

    /// Takes so many blocks and no more.
    pub(super) fn closing_after(self, most: usize) -> Self {
        self.state.0.lock().unwrap().most = most;
        self
    }

    /// Gives no buffer back.
    pub(super) fn hanging(self) -> Self {
        self.state.0.lock().unwrap().hangs = true;
        self
    }

    pub(super) fn again(&self) -> Self {
        Self {
            state: self.state.clone(),
            stored: self.stored.clone(),
            kept_in_memory: self.kept_in_memory,
        }
    }

    /// Waits until somebody waits for a buffer, and none will come back by itself.
    pub(super) fn wait_for_starving(&self) {
        self.wait_while(|state| state.waiting == 0 || state.free > 0 || state.on_their_way > 0);
    }

    fn wait_while(&self, condition: impl FnMut(&mut State) -> bool) {
        let (state, changed) = &*self.state;
        let waited = changed.wait_timeout_while(state.lock().unwrap(), FOR_EVER, condition);
        assert!(!waited.unwrap().1.timed_out(), "nobody starves");
    }

    /// Waits until somebody waits for a buffer.
    pub(super) fn wait_for_all_out(&self) {
        self.wait_while(|state| state.waiting == 0 || state.free > 0);
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap()
    }
}

impl BlockSink for Few {
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed> {
        let wait = |state: &mut State| state.free == 0 && !state.is_closed;
        let mut state = self.state();
        state.waiting += 1;
        self.state.1.notify_all();
        let mut state = self.state.1.wait_while(state, wait).unwrap();
        state.waiting -= 1;
        if state.is_closed {
            return Err(SinkClosed);
        }
        state.free -= 1;
        Ok(Vec::new())
    }

    fn submit(&mut self, block: Vec<u8>) -> Result<usize, SinkClosed> {
        let mut state = self.state();
        if state.blocks.len() >= state.most {
            state.is_closed = true;
            self.state.1.notify_all();
            return Err(SinkClosed);
        }
        state.blocks.push(block);
        state.on_their_way += 1;
        self.stored.send(()).unwrap();
        Ok(state.blocks.len() - 1)
    }

    fn second(&mut self) -> Option<Second> {
        Some(Second {
            sink: Box::new(self.again()),
            kept_in_memory: self.kept_in_memory,
        })
    }

    fn give_up(&mut self) {
        self.state().is_closed = true;
        self.state.1.notify_all();
    }
}
