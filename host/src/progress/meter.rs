//! Counts a transfer's bytes, and has them shown from time to time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use keepdocker_console::Console;

use super::shown::Shown;
use super::{Direction, Progress};
use crate::terminal;

/// How far a transfer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Which way the bytes go.
    pub direction: Direction,
    /// Bytes that there will be in all, where known.
    pub total: Option<u64>,
    /// Bytes read from the source.
    pub read: u64,
    /// Bytes sent to Keep.
    pub sent: u64,
    /// Bytes that Keep had already.
    pub reused: u64,
    /// Since the transfer began.
    pub elapsed: Duration,
    /// Whether this is the end.
    pub finished: bool,
}

impl Counts {
    /// Returns how many bytes are where they should be.
    #[must_use]
    pub(crate) fn done(&self) -> u64 {
        match self.direction {
            Direction::Up => self.sent.saturating_add(self.reused),
            Direction::Down => self.read,
        }
    }

    /// Returns how many thousandths are done, where that is known.
    pub(super) fn per_mille(&self) -> Option<u64> {
        let total = self.total.filter(|total| *total > 0)?;
        if self.finished {
            return Some(1000);
        }
        let done = u128::from(self.done().min(total));
        u64::try_from(done * 1000 / u128::from(total)).ok()
    }

    /// Returns how many bytes are done in a second.
    pub(super) fn speed(&self) -> f64 {
        self.done() as f64 / self.elapsed.as_secs_f64().max(0.001)
    }

    /// Returns how long it will still take, where that is known.
    pub(super) fn left(&self) -> Option<Duration> {
        let speed = self.speed();
        let total = self.total.filter(|_| !self.finished && speed > 0.0)?;
        let left = total.saturating_sub(self.done()) as f64 / speed;
        // A speed of next to nothing gives more than any clock shows.
        Some(Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX))
    }
}

/// Counts, and has a thread show the counts.
pub(super) struct Meter {
    state: Arc<State>,
    painter: Mutex<Option<JoinHandle<()>>>,
}

struct State {
    direction: Direction,
    /// One more than the total; 0 while it is not known.
    total: AtomicU64,
    read: AtomicU64,
    sent: AtomicU64,
    reused: AtomicU64,
    finished: AtomicBool,
    ended: Mutex<bool>,
    end: Condvar,
    start: Instant,
}

impl State {
    fn counts(&self) -> Counts {
        Counts {
            direction: self.direction,
            total: self.total.load(Ordering::Relaxed).checked_sub(1),
            read: self.read.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            reused: self.reused.load(Ordering::Relaxed),
            elapsed: self.start.elapsed(),
            finished: self.finished.load(Ordering::Relaxed),
        }
    }
}

impl Meter {
    pub(super) fn new(direction: Direction, shown: impl Shown, console: Console) -> Self {
        let state = Arc::new(State {
            direction,
            total: AtomicU64::new(0),
            read: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            reused: AtomicU64::new(0),
            finished: AtomicBool::new(false),
            ended: Mutex::new(false),
            end: Condvar::new(),
            start: Instant::now(),
        });
        let of_painter = state.clone();
        let painter = thread::Builder::new()
            .name("progress".into())
            .spawn(move || paint(&of_painter, &shown, console))
            .ok();
        Self {
            state,
            painter: Mutex::new(painter),
        }
    }

    fn end(&self) {
        *self
            .state
            .ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = true;
        self.state.end.notify_all();
        let painter = self
            .painter
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(painter) = painter {
            // A painter that broke off has shown what it could.
            let _ = painter.join();
        }
    }
}

fn paint(state: &State, shown: &impl Shown, console: Console) {
    let mut wait = shown.first_interval();
    let mut begun = false;
    loop {
        let ended = state.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let (ended, _) = state
            .end
            .wait_timeout_while(ended, wait, |ended| !*ended)
            .unwrap_or_else(PoisonError::into_inner);
        let ended = *ended;
        let counts = state.counts();
        // Nothing is shown for a command that transfers nothing.
        if counts.read > 0 {
            begun = true;
            console.draw(&shown.text(&counts, terminal::width()), shown.line());
        }
        if ended {
            if begun {
                console.end_line();
            }
            return;
        }
        wait = shown.interval();
    }
}

impl Progress for Meter {
    fn total(&self, bytes: Option<u64>) {
        self.state.total.store(
            bytes.map_or(0, |bytes| bytes.saturating_add(1)),
            Ordering::Relaxed,
        );
    }

    fn read(&self, bytes: u64) {
        self.state.read.fetch_add(bytes, Ordering::Relaxed);
    }

    fn sent(&self, bytes: u64) {
        self.state.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    fn reused(&self, bytes: u64) {
        self.state.reused.fetch_add(bytes, Ordering::Relaxed);
    }

    fn finish(&self) {
        self.state.finished.store(true, Ordering::Relaxed);
        self.end();
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.end();
    }
}
