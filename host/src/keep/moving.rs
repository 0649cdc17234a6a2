//! How far one block has been sent, told to people while it moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::http::Watcher;
use crate::progress::Progress;

/// A block on its way.
///
/// Several services may get it at the same time, and some of them more than once; its bytes count
/// once, by the request that has come farthest.
pub(super) struct Moving {
    progress: Arc<dyn Progress>,
    told: Arc<AtomicU64>,
}

impl Moving {
    pub(super) fn new(progress: Arc<dyn Progress>) -> Self {
        Self {
            progress,
            told: Arc::default(),
        }
    }

    /// Returns what is to be told how far each request has come.
    pub(super) fn watcher(&self) -> Watcher {
        let (progress, told) = (self.progress.clone(), self.told.clone());
        Arc::new(move |bytes| tell(&*progress, &told, bytes))
    }

    /// Says that all of the block's `size` bytes are stored.
    pub(super) fn finish(self, size: u64) {
        tell(&*self.progress, &self.told, size);
    }
}

fn tell(progress: &dyn Progress, told: &AtomicU64, bytes: u64) {
    let before = told.fetch_max(bytes, Ordering::Relaxed);
    if bytes > before {
        progress.sent(bytes - before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Sum(AtomicU64);

    impl Progress for Sum {
        fn total(&self, _: Option<u64>) {}
        fn read(&self, _: u64) {}
        fn sent(&self, bytes: u64) {
            self.0.fetch_add(bytes, Ordering::Relaxed);
        }
        fn reused(&self, _: u64) {}
    }

    #[test]
    fn a_byte_counts_once_however_often_it_is_sent() {
        let sum = Arc::new(Sum::default());
        let moving = Moving::new(sum.clone());
        let (one, other) = (moving.watcher(), moving.watcher());
        one(10);
        other(5);
        other(30);
        one(20);
        assert_eq!(sum.0.load(Ordering::Relaxed), 30);
        // A further attempt begins anew.
        moving.watcher()(10);
        moving.finish(64);
        assert_eq!(sum.0.load(Ordering::Relaxed), 64);
    }
}
