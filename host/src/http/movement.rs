//! Whether anything moves between here and the servers; where nothing does, the user is told.

use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After such a silence the user is told for the first time.
const FIRST: Duration = Duration::from_secs(10);
/// Less than this in all that time is next to nothing: a server may send a byte now and then.
const LITTLE: usize = 1 << 10;
/// How often somebody who waits looks whether something moved.
const LOOK: Duration = Duration::from_secs(1);

/// The bytes of all connections, and since when there were none.
#[derive(Debug)]
pub(super) struct Movement(Mutex<Silence>);

#[derive(Debug)]
struct Silence {
    since: Instant,
    /// How long it may last until the user is told once more.
    next: Duration,
    /// The bytes that moved since it began.
    bytes: usize,
}

impl Default for Movement {
    fn default() -> Self {
        Self(Mutex::new(Silence {
            since: Instant::now(),
            next: FIRST,
            bytes: 0,
        }))
    }
}

impl Movement {
    /// Notes that so many bytes moved.
    pub(super) fn note(&self, bytes: usize) {
        let mut silence = self.lock();
        silence.bytes += bytes;
        if silence.bytes >= LITTLE {
            *silence = Silence {
                since: Instant::now(),
                next: FIRST,
                bytes: 0,
            };
        }
    }

    /// Returns how long nothing has moved, if it is time to tell the user. Of several who wait, one
    /// gets it.
    fn to_be_told(&self) -> Option<Duration> {
        let mut silence = self.lock();
        let lasts = silence.since.elapsed();
        if lasts < silence.next {
            return None;
        }
        silence.next = lasts * 2;
        Some(lasts)
    }

    /// Waits for an exchange with a server, and has the user told while nothing moves: after 10 s, and
    /// then each time that it has lasted twice as long.
    pub(super) async fn watch<T>(
        &self,
        exchange: impl Future<Output = T>,
        tell: impl Fn(Duration),
    ) -> T {
        let mut exchange = pin!(exchange);
        // What was before is nobody's wait.
        self.note(LITTLE);
        loop {
            match tokio::time::timeout(LOOK, &mut exchange).await {
                Ok(outcome) => return outcome,
                Err(_) => self.to_be_told().into_iter().for_each(&tell),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Silence> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn after(lasts: Duration, next: Duration) -> Movement {
        Movement(Mutex::new(Silence {
            since: Instant::now() - lasts,
            next,
            bytes: 0,
        }))
    }

    #[test]
    fn a_silence_is_told_at_growing_distances_and_ends_when_bytes_come() {
        let movement = after(Duration::from_secs(9), FIRST);
        assert_eq!(movement.to_be_told(), None);
        let movement = after(Duration::from_secs(11), FIRST);
        assert_eq!(movement.to_be_told().map(|lasts| lasts.as_secs()), Some(11));
        assert_eq!(movement.to_be_told(), None);
        let movement = after(Duration::from_secs(23), Duration::from_secs(22));
        assert_eq!(movement.to_be_told().map(|lasts| lasts.as_secs()), Some(23));
        movement.note(LITTLE);
        assert_eq!(movement.to_be_told(), None);
        let movement = after(Duration::from_secs(23), FIRST);
        movement.note(20);
        assert!(
            movement.to_be_told().is_some(),
            "a few bytes are next to nothing"
        );
    }

    #[tokio::test]
    async fn an_exchange_that_ends_in_time_says_nothing() {
        let told = RefCell::new(Vec::new());
        let movement = Movement::default();
        let answer = movement
            .watch(async { 7 }, |lasts| told.borrow_mut().push(lasts))
            .await;
        assert_eq!((answer, told.into_inner()), (7, Vec::new()));
    }
}
