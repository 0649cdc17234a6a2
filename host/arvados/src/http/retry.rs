//! How often and when to try again.

use std::time::{Duration, Instant};

use rand::Rng;

use super::Answer;

/// How long to go on with something that fails for the time being.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often to try again after the first time (`--retries`).
    pub retries: u32,
    /// The longest wait before the first repetition; it doubles with each.
    pub first_delay: Duration,
    /// The longest wait of all, unless a server wishes for a longer one.
    pub longest_delay: Duration,
    /// How long to go on while nothing moves, pauses counted.
    pub deadline: Duration,
}

/// What can wait before something is tried again, and say so.
pub trait Waits {
    /// Tells the user, if that is wanted, that something is going to be tried again.
    fn notify(&self, sentence: &str);

    /// Waits.
    fn pause(&self, delay: Duration) -> impl Future<Output = ()> + Send;
}

/// The longest wait that a server can wish for.
const LONGEST_WISH: Duration = Duration::from_secs(5 * 60);

/// What a failed attempt has to say of the next one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Setback {
    /// Whether data moved: then the time that it took was not lost, and does not count.
    pub moved: bool,
    /// How long the server wishes to be left alone (`Retry-After`).
    pub wish: Option<Duration>,
}

impl Setback {
    /// Returns the setback of a server that answered.
    #[must_use]
    pub fn of_answer(answer: &Answer) -> Self {
        Self {
            moved: false,
            wish: answer
                .header("Retry-After")
                .and_then(|text| wish(text, std::time::SystemTime::now().into())),
        }
    }

    /// Joins what several servers have to say.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            moved: self.moved || other.moved,
            wish: self.wish.max(other.wish),
        }
    }
}

/// Reads a wish: a number of seconds, or a date.
fn wish(text: &str, now: chrono::DateTime<chrono::Utc>) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    (until.to_utc() - now).to_std().ok()
}

impl Default for Retry {
    /// Tries again 10 times, as the Python programs do, and no longer than a quarter of an hour while
    /// nothing moves.
    fn default() -> Self {
        Self {
            retries: 10,
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_secs(60),
            deadline: Duration::from_secs(15 * 60),
        }
    }
}

impl Retry {
    /// Starts counting the attempts at one thing.
    #[must_use]
    pub fn attempts(self) -> Attempts {
        Attempts {
            retry: self,
            failures: 0,
            still: None,
        }
    }
}

/// The attempts at one thing.
#[derive(Debug)]
pub struct Attempts {
    retry: Retry,
    failures: u32,
    /// Since when nothing has moved: the first failure, or the last that data moved before.
    still: Option<Instant>,
}

impl Attempts {
    /// Returns how many attempts failed.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Counts a failure, and returns how long to wait before the next attempt; none if there is
    /// to be no other.
    ///
    /// The wait is drawn between nothing and a bound that doubles, so that many clients that
    /// failed together do not come back together; it is never shorter than a server wishes, up to
    /// five minutes.
    pub fn fail(&mut self, setback: Setback) -> Option<Duration> {
        self.fail_within(setback, self.retry.retries)
    }

    fn fail_within(&mut self, setback: Setback, retries: u32) -> Option<Duration> {
        if setback.moved {
            self.still = None;
        }
        let still = *self.still.get_or_insert_with(Instant::now);
        self.failures += 1;
        if self.failures > retries {
            return None;
        }
        let doublings = (self.failures - 1).min(16);
        let bound = self
            .retry
            .first_delay
            .saturating_mul(1 << doublings)
            .min(self.retry.longest_delay);
        let mut delay = bound.mul_f64(rand::rng().random_range(0.0..=1.0));
        if let Some(wish) = setback.wish {
            // Behind it the clients come back one after the other, too.
            delay += wish.min(LONGEST_WISH);
        }
        (still.elapsed() + delay <= self.retry.deadline).then_some(delay)
    }

    /// Counts a failure and waits; returns whether there is to be another attempt.
    pub async fn wait(&mut self, client: &impl Waits, failure: &str, setback: Setback) -> bool {
        self.wait_within(client, failure, setback, self.retry.retries)
            .await
    }

    /// The same, where there are to be no more than so many further attempts.
    pub(crate) async fn wait_within(
        &mut self,
        client: &impl Waits,
        failure: &str,
        setback: Setback,
        retries: u32,
    ) -> bool {
        let retries = retries.min(self.retry.retries);
        let Some(delay) = self.fail_within(setback, retries) else {
            return false;
        };
        client.notify(&format!(
            "{failure}; trying again in {:.1} s ({} of {})",
            delay.as_secs_f64(),
            self.failures,
            retries
        ));
        client.pause(delay).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let retry = Retry {
            retries: 40,
            first_delay: Duration::from_millis(100),
            longest_delay: Duration::from_secs(2),
            deadline: Duration::from_secs(3600),
        };
        for _ in 0..100 {
            let mut attempts = retry.attempts();
            let delays: Vec<Duration> =
                std::iter::from_fn(|| attempts.fail(Setback::default())).collect();
            assert_eq!(delays.len(), 40);
            assert!(delays[0] <= Duration::from_millis(100));
            assert!(delays[2] <= Duration::from_millis(400));
            assert!(delays.iter().all(|delay| *delay <= Duration::from_secs(2)));
        }
    }

    #[test]
    fn no_retries_means_one_attempt() {
        let retry = Retry {
            retries: 0,
            ..Retry::default()
        };
        assert_eq!(retry.attempts().fail(Setback::default()), None);
    }

    #[test]
    fn the_deadline_ends_what_the_count_would_not() {
        let retry = Retry {
            retries: u32::MAX,
            first_delay: Duration::ZERO,
            longest_delay: Duration::ZERO,
            deadline: Duration::from_millis(50),
        };
        let mut attempts = retry.attempts();
        let start = Instant::now();
        while attempts.fail(Setback::default()).is_some() {
            assert!(
                start.elapsed() < Duration::from_secs(5),
                "it goes on for ever"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(start.elapsed() >= Duration::from_millis(50));
    }

    #[test]
    fn what_moved_data_does_not_use_up_the_time() {
        let retry = Retry {
            retries: u32::MAX,
            first_delay: Duration::ZERO,
            longest_delay: Duration::ZERO,
            deadline: Duration::from_millis(20),
        };
        let mut attempts = retry.attempts();
        let moved = Setback {
            moved: true,
            ..Setback::default()
        };
        for _ in 0..3 {
            assert!(attempts.fail(moved).is_some());
            std::thread::sleep(Duration::from_millis(30));
        }
        assert_eq!(attempts.fail(Setback::default()), None);
    }

    #[test]
    fn a_server_is_left_alone_as_long_as_it_wishes_within_bounds() {
        let wishing = |seconds| Setback {
            wish: Some(Duration::from_secs(seconds)),
            ..Setback::default()
        };
        for _ in 0..100 {
            let delay = Retry::default().attempts().fail(wishing(7)).unwrap();
            assert!((7.0..=8.0).contains(&delay.as_secs_f64()), "{delay:?}");
        }
        let delay = Retry::default().attempts().fail(wishing(u64::MAX)).unwrap();
        assert!(delay <= LONGEST_WISH + Duration::from_secs(1), "{delay:?}");
    }

    #[test]
    fn a_wish_is_a_number_of_seconds_or_a_date() {
        let now = chrono::DateTime::from_timestamp(784_111_770, 0).unwrap();
        for (text, seconds) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", None),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(wish(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
