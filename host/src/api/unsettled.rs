//! A create whose answer was lost: looking for it takes its time, and so does repeating it.
//!
//! The component looks whether such a create took effect, several times before it repeats it. A
//! server that is slow, behind one that is not, may take a while longer; so the looks are
//! answered after pauses that grow.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::http::Retry;

/// How many looks wait where the connection broke: whatever was to happen has happened.
const LOOKS_AFTER_A_BREAK: u32 = 4;

/// How many looks wait where the server took its time, or one in front of it gave up on it.
const LOOKS_AFTER_A_DELAY: u32 = 7;

/// The longest pause before a look, in units of the first.
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
    /// How often it was looked for since.
    looks: u32,
    /// How many looks wait.
    patient: u32,
    /// Whether there is an answer in the end, and only an earlier attempt is in doubt.
    is_answered: bool,
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
            looks: 0,
            patient: if was_slow {
                LOOKS_AFTER_A_DELAY
            } else {
                LOOKS_AFTER_A_BREAK
            },
            is_answered: false,
        });
    }

    /// Notes that a create was answered. If it had been sent before, there may be two now, which one
    /// last look is to show.
    pub(super) fn answered(&self) {
        let mut matter = self.lock();
        if let Some(known) = &mut *matter {
            known.is_answered = true;
            known.looks = 2;
        }
    }

    /// Returns how long to wait before a look; none if nothing is looked for.
    pub(super) fn pause(&self, retry: Retry) -> Option<Duration> {
        let mut matter = self.lock();
        let known = matter.as_mut()?;
        let look = known.looks;
        known.looks += 1;
        let is_patient = look < known.patient && look <= retry.retries;
        if known.is_answered {
            *matter = None;
        }
        let factor = (1 << look.min(16)).min(LONGEST);
        is_patient.then(|| retry.first_delay / 2 * factor)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Matter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: Bytes = Bytes::from_static(b"{}");

    fn pauses(unsettled: &Unsettled, retry: Retry) -> Vec<f64> {
        std::iter::from_fn(|| unsettled.pause(retry))
            .map(|pause| pause.as_secs_f64())
            .collect()
    }

    #[test]
    fn looks_wait_longer_and_longer_and_longest_behind_a_slow_server() {
        let unsettled = Unsettled::default();
        let retry = Retry::default();
        assert_eq!(unsettled.pause(retry), None);
        unsettled.lost(&BODY, "cut", false);
        assert_eq!(pauses(&unsettled, retry), [0.5, 1.0, 2.0, 4.0]);
        unsettled.lost(&BODY, "late", true);
        let slow = pauses(&unsettled, retry);
        assert_eq!(slow, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0]);
    }

    #[test]
    fn without_retries_one_look_waits_and_nothing_is_sent_again() {
        let unsettled = Unsettled::default();
        let retry = Retry {
            retries: 0,
            ..Retry::default()
        };
        assert_eq!(unsettled.used_up(&BODY, retry), None);
        unsettled.lost(&BODY, "late", true);
        assert_eq!(pauses(&unsettled, retry), [0.5]);
        assert_eq!(unsettled.used_up(&BODY, retry).as_deref(), Some("late"));
        // Something else is another matter.
        assert_eq!(unsettled.used_up(&Bytes::from_static(b"[]"), retry), None);
        assert_eq!(unsettled.pause(retry), None);
    }

    #[test]
    fn an_answer_in_the_end_leaves_one_look() {
        let unsettled = Unsettled::default();
        let retry = Retry::default();
        unsettled.answered();
        assert_eq!(unsettled.pause(retry), None);
        unsettled.lost(&BODY, "late", true);
        unsettled.answered();
        assert_eq!(pauses(&unsettled, retry), [2.0]);
    }
}
