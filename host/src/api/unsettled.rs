//! A create whose answer was lost: looking for it takes its time, and so does repeating it.
//!
//! The component looks whether such a create took effect before it repeats it. A server that is
//! slow, behind one that is not, may take a while longer; so such a look is answered after a pause,
//! which grows with each attempt.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::http::Retry;

/// The first pause where the connection broke, in units of the first delay of retries: whatever was to
/// happen has happened.
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
    /// How often it was sent.
    sent: u32,
    /// Whether it was looked for since.
    is_sought: bool,
    /// The first pause.
    first: u32,
}

impl Unsettled {
    /// Returns why a create may not be sent, if it was as often as requests are repeated: what came in
    /// place of the last answer.
    pub(super) fn used_up(&self, body: &Bytes, retry: Retry) -> Option<String> {
        let mut matter = self.lock();
        match &*matter {
            Some(known) if known.body == *body => {
                (known.sent > retry.retries).then(|| known.reason.clone())
            }
            _ => {
                *matter = None;
                None
            }
        }
    }

    /// Notes that the answer to a create was lost, and what came in its place.
    pub(super) fn lost(&self, body: &Bytes, reason: &str, was_slow: bool) {
        let mut matter = self.lock();
        let sent = matter.as_ref().map_or(0, |matter| matter.sent) + 1;
        *matter = Some(Matter {
            body: body.clone(),
            reason: reason.to_owned(),
            sent,
            is_sought: false,
            first: if was_slow {
                AFTER_A_DELAY
            } else {
                AFTER_A_BREAK
            },
        });
    }

    /// Notes that a create was answered.
    pub(super) fn answered(&self) {
        *self.lock() = None;
    }

    /// Returns how long to wait before a look; none if nothing is looked for, or it was already.
    pub(super) fn pause(&self, retry: Retry) -> Option<Duration> {
        let mut matter = self.lock();
        let known = matter.as_mut().filter(|known| !known.is_sought)?;
        known.is_sought = true;
        // Who wants no repetition wants to know soon.
        let first = if retry.retries == 0 {
            AFTER_A_BREAK
        } else {
            known.first
        };
        let factor = first << (known.sent - 1).min(8);
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

    #[test]
    fn looks_wait_longer_with_each_attempt_and_longest_behind_a_slow_server() {
        let retry = Retry::default();
        for (was_slow, pauses) in [(false, [1, 2, 4]), (true, [15, 30, 60])] {
            let unsettled = Unsettled::default();
            assert_eq!(unsettled.pause(retry), None);
            for seconds in pauses {
                unsettled.lost(&BODY, "lost", was_slow);
                assert_eq!(unsettled.pause(retry), Some(Duration::from_secs(seconds)));
                assert_eq!(unsettled.pause(retry), None);
            }
            unsettled.answered();
            assert_eq!(unsettled.pause(retry), None);
        }
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
        assert_eq!(unsettled.pause(retry), Some(Duration::from_secs(1)));
        assert_eq!(unsettled.used_up(&BODY, retry).as_deref(), Some("late"));
        // Something else is another matter.
        assert_eq!(unsettled.used_up(&Bytes::from_static(b"[]"), retry), None);
        assert_eq!(unsettled.pause(retry), None);
    }
}
