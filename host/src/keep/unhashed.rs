//! Full blocks that wait to be hashed.
//!
//! Several are hashed in less time than one after the other, so a block waits for others to come
//! along, unless none will: the source has ended, or can go on only once a block has been stored. Where
//! two threads fill blocks, two hash them: when both layers end, there is nothing else to do.

use std::time::Duration;

use tokio::time::Instant;

use super::buffers::Filled;

/// How many blocks are worth hashing at once. More at once take less of the processor, and more of
/// the four buffers of an upload, so that reading and sending wait: `docs/notes/performance.md`.
const ENOUGH: usize = 2;

/// How long a block waits for others: as long as two processors with all else to do take to fill another one. A source
/// that is slower than this is the slowest part anyway.
const PATIENCE: Duration = Duration::from_millis(600);

/// The blocks of one upload that are full and not hashed.
#[derive(Debug, Default)]
pub(super) struct Unhashed {
    blocks: Vec<(usize, Filled)>,
    /// When the first of them came.
    since: Option<Instant>,
    /// Whether it is of no use to wait for more.
    pub(super) more_will_not_come: bool,
    /// How many threads hash others.
    pub(super) hashing: usize,
    /// How many may.
    threads: usize,
}

impl Unhashed {
    /// Begins with none. So many threads may hash at a time.
    pub(super) fn new(threads: usize) -> Self {
        Self {
            threads,
            ..Self::default()
        }
    }

    /// Tells whether no more can be hashed for now.
    fn is_busy(&self) -> bool {
        self.hashing >= self.threads
    }

    /// Adds a block.
    pub(super) fn add(&mut self, number: usize, data: Filled) {
        self.more_will_not_come = false;
        self.since.get_or_insert_with(Instant::now);
        self.blocks.push((number, data));
    }

    /// Tells whether blocks wait for others.
    pub(super) fn is_waiting(&self) -> bool {
        !self.blocks.is_empty() && !self.is_busy()
    }

    /// Ends when the blocks have waited long enough.
    pub(super) fn patience(&self) -> impl Future<Output = ()> + use<> {
        tokio::time::sleep_until(self.since.unwrap_or_else(Instant::now) + PATIENCE)
    }

    /// Returns what is to be hashed now, if that is something.
    pub(super) fn take(&mut self) -> Option<Vec<(usize, Filled)>> {
        let is_time =
            self.blocks.len() >= ENOUGH || self.more_will_not_come && !self.blocks.is_empty();
        if self.is_busy() || !is_time {
            return None;
        }
        self.hashing += 1;
        self.since = None;
        Some(std::mem::take(&mut self.blocks))
    }
}

#[cfg(test)]
mod tests {
    use super::super::buffers::Buffers;
    use super::*;

    fn add(unhashed: &mut Unhashed, number: usize) {
        unhashed.add(number, Filled::new(vec![1], Buffers::new(0)));
    }

    #[test]
    fn blocks_are_hashed_together_or_when_no_more_will_come() {
        let mut unhashed = Unhashed::new(1);
        assert!(unhashed.take().is_none());
        add(&mut unhashed, 0);
        assert!(unhashed.take().is_none() && unhashed.is_waiting());
        unhashed.more_will_not_come = true;
        assert_eq!(unhashed.take().unwrap().len(), 1);

        // Meanwhile more may come than are enough.
        for number in 1..=4 {
            add(&mut unhashed, number);
        }
        assert!(unhashed.take().is_none() && !unhashed.is_waiting());
        unhashed.hashing -= 1;
        assert_eq!(unhashed.take().unwrap().len(), 4);
    }

    #[test]
    fn as_many_threads_hash_as_may() {
        let mut unhashed = Unhashed::new(2);
        for number in 0..6 {
            add(&mut unhashed, number);
            let is_first_of_two = number % 2 == 0;
            assert_eq!(unhashed.take().is_none(), is_first_of_two || number > 3);
        }
        assert!(!unhashed.is_waiting());
        unhashed.hashing -= 1;
        assert_eq!(unhashed.take().unwrap().len(), 2);
    }
}
