//! How often and when to try again.

use std::time::{Duration, Instant};

use rand::Rng;

/// How long to go on with something that fails for the time being.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often to try again after the first time (`--retries`).
    pub retries: u32,
    /// The longest wait before the first repetition; it doubles with each.
    pub first_delay: Duration,
    /// The longest wait of all.
    pub longest_delay: Duration,
    /// How long to go on, counted from the first failure.
    pub deadline: Duration,
}

impl Default for Retry {
    /// Tries again 10 times, as the Python programs do, within a quarter of an hour.
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
    pub fn attempts(self) -> Attempts {
        Attempts {
            retry: self,
            failures: 0,
            first_failure: None,
        }
    }
}

/// The attempts at one thing.
#[derive(Debug)]
pub struct Attempts {
    retry: Retry,
    failures: u32,
    first_failure: Option<Instant>,
}

impl Attempts {
    /// Returns how many attempts failed.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Counts a failure, and returns how long to wait before the next attempt; none if there is
    /// to be no other.
    ///
    /// The wait is drawn between nothing and a bound that doubles, so that many clients that
    /// failed together do not come back together.
    pub fn fail(&mut self) -> Option<Duration> {
        let first_failure = *self.first_failure.get_or_insert_with(Instant::now);
        self.failures += 1;
        if self.failures > self.retry.retries {
            return None;
        }
        let doublings = (self.failures - 1).min(16);
        let bound = self
            .retry
            .first_delay
            .saturating_mul(1 << doublings)
            .min(self.retry.longest_delay);
        let delay = bound.mul_f64(rand::rng().random_range(0.0..=1.0));
        let spent = first_failure.elapsed() + delay;
        (spent <= self.retry.deadline).then_some(delay)
    }

    /// Counts a failure and waits; returns whether there is to be another attempt.
    pub async fn wait(&mut self, client: &super::Client, failure: &str) -> bool {
        let Some(delay) = self.fail() else {
            return false;
        };
        client.notify(&format!(
            "{failure}; trying again in {:.1} s ({} of {})",
            delay.as_secs_f64(),
            self.failures,
            self.retry.retries
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
            let delays: Vec<Duration> = std::iter::from_fn(|| attempts.fail()).collect();
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
        assert_eq!(retry.attempts().fail(), None);
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
        while attempts.fail().is_some() {
            assert!(
                start.elapsed() < Duration::from_secs(5),
                "it goes on for ever"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(start.elapsed() >= Duration::from_millis(50));
    }
}
