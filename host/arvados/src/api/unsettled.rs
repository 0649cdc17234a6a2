//! A create whose answer was lost: looking for it takes its time, and so does repeating it.
//!
//! The component looks several times whether such a create took effect before it repeats it, and once
//! more when it was repeated. A server that is slow, behind one that is not, may take a while longer;
//! so such a look is answered after a pause, which grows with each look.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::http::Retry;

/// The first pause where the connection broke, in units of the first delay of retries: whatever was to
/// happen has most likely happened.
const AFTER_A_BREAK: u32 = 1;

/// The first pause where the server took its time, or one in front of it gave up on it.
const AFTER_A_DELAY: u32 = 15;

/// The longest pause.
const LONGEST: u32 = 60;

/// The create of which nobody knows whether it took effect, if there is one.
#[derive(Debug, Default)]
pub(super) struct Unsettled(Mutex<Option<Matter>>);

#[derive(Debug)]
struct Matter {
    /// What was to be created.
    body: Bytes,
    /// What came in place of the last answer.
    reason: String,
    /// How often it was sent without an answer.
    lost: u32,
    /// How often it was looked for since.
    looks: u32,
    /// The first pause.
    first: u32,
    /// What comes next.
    next: Next,
}

/// What comes after a lost answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Looks, and perhaps the same create again.
    Repetition,
    /// Nothing: it was sent as often as requests are repeated.
    Nothing,
    /// A last look for what the first of several creates may have made after all.
    LastLook,
}

impl Unsettled {
    /// Returns why a create may not be sent, if it was as often as requests are repeated: what came in
    /// place of the last answer.
    pub(super) fn used_up(&self, body: &Bytes, retry: Retry) -> Option<String> {
        let mut matter = self.lock();
        let known = matter.as_mut().filter(|known| known.body == *body);
        if let Some(known) = known {
            if known.lost <= retry.retries {
                return None;
            }
            known.next = Next::Nothing;
            return Some(known.reason.clone());
        }
        // Something else is created: what is left of the other is a last look.
        matter.take_if(|other| other.next != Next::LastLook);
        None
    }

    /// Notes that the answer to a create was lost, and what came in its place.
    pub(super) fn lost(&self, body: &Bytes, reason: &str, was_slow: bool) {
        let mut matter = self.lock();
        let known = matter.as_ref().filter(|matter| matter.body == *body);
        let lost = known.map_or(0, |matter| matter.lost) + 1;
        *matter = Some(Matter {
            body: body.clone(),
            reason: reason.to_owned(),
            lost,
            looks: 0,
            first: if was_slow {
                AFTER_A_DELAY
            } else {
                AFTER_A_BREAK
            },
            next: Next::Repetition,
        });
    }

    /// Notes that a create was answered.
    pub(super) fn answered(&self, body: &Bytes) {
        if let Some(known) = self.lock().as_mut().filter(|known| known.body == *body) {
            known.next = Next::LastLook;
        }
    }

    /// Returns how long to wait before a look; none if nothing is looked for.
    pub(super) fn pause(&self, retry: Retry) -> Option<Duration> {
        let mut matter = self.lock();
        let known = matter.as_mut()?;
        let factor = match known.next {
            // Who wants no repetition wants to know soon.
            Next::Repetition if retry.retries == 0 => {
                known.next = Next::Nothing;
                AFTER_A_BREAK
            }
            Next::Repetition => {
                let doublings = (known.lost - 1 + known.looks).min(8);
                known.looks += 1;
                known.first << doublings
            }
            Next::Nothing => return None,
            Next::LastLook => {
                let first = known.first;
                *matter = None;
                first
            }
        };
        Some(retry.first_delay * factor.min(LONGEST))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Matter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: Bytes = Bytes::from_static(b"{}");
    const OTHER: Bytes = Bytes::from_static(b"[]");

    fn seconds(unsettled: &Unsettled, retry: Retry) -> Option<u64> {
        unsettled.pause(retry).map(|pause| pause.as_secs())
    }

    #[test]
    fn looks_wait_longer_one_after_the_other_and_longest_behind_a_slow_server() {
        let retry = Retry::default();
        for (was_slow, attempts, last) in [
            (false, [[1, 2, 4], [2, 4, 8], [4, 8, 16]], 1),
            (true, [[15, 30, 60], [30, 60, 60], [60, 60, 60]], 15),
        ] {
            let unsettled = Unsettled::default();
            assert_eq!(seconds(&unsettled, retry), None);
            for pauses in attempts {
                assert_eq!(unsettled.used_up(&BODY, retry), None);
                unsettled.lost(&BODY, "lost", was_slow);
                assert_eq!(pauses.map(|_| seconds(&unsettled, retry)), pauses.map(Some));
            }
            // Once it was repeated and answered, the links are made before the last look.
            unsettled.answered(&BODY);
            assert_eq!(unsettled.used_up(&OTHER, retry), None);
            unsettled.answered(&OTHER);
            assert_eq!(seconds(&unsettled, retry), Some(last));
            assert_eq!(seconds(&unsettled, retry), None);
        }
    }

    #[test]
    fn what_was_found_is_not_waited_for_when_something_else_is_created() {
        let retry = Retry::default();
        let unsettled = Unsettled::default();
        unsettled.lost(&BODY, "lost", true);
        assert_eq!(seconds(&unsettled, retry), Some(15));
        assert_eq!(unsettled.used_up(&OTHER, retry), None);
        unsettled.answered(&OTHER);
        assert_eq!(seconds(&unsettled, retry), None);
        // Nor do its losses count for another.
        unsettled.lost(&OTHER, "lost", false);
        assert_eq!(seconds(&unsettled, retry), Some(1));
    }

    #[test]
    fn without_retries_a_look_waits_little_and_nothing_is_sent_again() {
        let unsettled = Unsettled::default();
        let retry = Retry {
            retries: 0,
            ..Retry::default()
        };
        assert_eq!(unsettled.used_up(&BODY, retry), None);
        unsettled.lost(&BODY, "late", true);
        assert_eq!(seconds(&unsettled, retry), Some(1));
        assert_eq!(seconds(&unsettled, retry), None);
        assert_eq!(unsettled.used_up(&BODY, retry).as_deref(), Some("late"));
        // Something else is another matter.
        assert_eq!(unsettled.used_up(&OTHER, retry), None);
        assert_eq!(seconds(&unsettled, retry), None);
    }

    #[test]
    fn retries_that_are_used_up_end_the_waiting() {
        let unsettled = Unsettled::default();
        let retry = Retry {
            retries: 1,
            ..Retry::default()
        };
        for _ in 0..2 {
            assert_eq!(unsettled.used_up(&BODY, retry), None);
            unsettled.lost(&BODY, "late", false);
            assert!(seconds(&unsettled, retry).is_some());
        }
        assert_eq!(unsettled.used_up(&BODY, retry).as_deref(), Some("late"));
        assert_eq!(seconds(&unsettled, retry), None);
    }
}
