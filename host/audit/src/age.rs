//! How old a log is, if the clock cannot be trusted.
//!
//! A clock that jumps ahead makes all logs old, and they would be removed. The lines of the heads have
//! times, so a jump shows as a long pause between two of them. Of such a pause only a part counts: then
//! logs are kept too long rather than too short where nothing ran for long.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::folder::now;

/// Of a pause between two lines, so much counts towards an age.
const SURE_PAUSE: Duration = Duration::from_secs(7 * 86_400);
/// And so much towards being young no longer.
const CALM_PAUSE: Duration = Duration::from_secs(3_600);
/// A run that began later than this may be going on still.
pub(super) const YOUNG: Duration = Duration::from_secs(86_400);

/// The times of the lines of the heads, and now; in order.
#[derive(Debug)]
pub(super) struct Ages(Vec<DateTime<Utc>>);

/// How long ago something was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Age {
    /// As the clock says, without the larger part of long pauses.
    pub(super) sure: Duration,
    calm: Duration,
    clock: Duration,
}

impl Age {
    /// Tells whether the run may be going on still, or the clock may have jumped since it began.
    pub(super) fn is_young(self) -> bool {
        self.calm < YOUNG || self.clock < YOUNG
    }
}

impl Ages {
    /// Takes the times of the heads. What is no time is passed over.
    pub(super) fn of_lines<'a>(times: impl Iterator<Item = &'a str>) -> Self {
        let times = times.filter_map(|time| DateTime::parse_from_rfc3339(time).ok());
        let mut times: Vec<_> = times.map(|time| time.to_utc()).collect();
        times.push(now());
        Self(times)
    }

    /// Returns how long ago this was; nothing for what is yet to come.
    pub(super) fn since(&self, time: DateTime<Utc>) -> Age {
        let latest = self.0.last().copied().unwrap_or_else(now);
        let clock = (latest - time).to_std().unwrap_or_default();
        let mut age = Age {
            sure: Duration::ZERO,
            calm: Duration::ZERO,
            clock,
        };
        let mut lines = self.0.iter().filter(|line| **line >= time);
        // The first is that of the run itself, unless the heads are no longer known so far back.
        let Some(&first) = lines.next() else {
            return age;
        };
        let until_first = (first - time).to_std().unwrap_or_default();
        age.sure = until_first;
        age.calm = until_first;
        let mut before = first;
        // A clock that was set back, or ahead for a while, leaves lines that are not in order.
        for &line in lines {
            if let Ok(pause) = (line - before).to_std() {
                age.sure += pause.min(SURE_PAUSE);
                age.calm += pause.min(CALM_PAUSE);
                before = line;
            }
        }
        age
    }
}

#[cfg(test)]
impl Ages {
    /// Trusts the clock: as if something had run every half hour.
    pub(super) fn of_clock() -> Self {
        let half_hours = (0..24 * 2 * 1000).rev();
        Self(
            half_hours
                .map(|count| now() - chrono::TimeDelta::minutes(30 * count))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    const DAY: Duration = Duration::from_secs(86_400);

    fn ages(days_ago: &[i64]) -> Ages {
        let lines = days_ago.iter().map(|days| now() - TimeDelta::days(*days));
        Ages(lines.chain([now()]).collect())
    }

    #[test]
    fn where_something_ran_often_an_age_is_that_of_the_clock() {
        let ages = Ages::of_clock();
        let age = ages.since(now() - TimeDelta::days(91));
        assert!(age.sure > 90 * DAY && age.sure < 92 * DAY, "{age:?}");
        assert!(!age.is_young());
        assert!(ages.since(now() - TimeDelta::hours(23)).is_young());
        assert_eq!(ages.since(now() + TimeDelta::days(1)).sure, Duration::ZERO);
    }

    #[test]
    fn a_clock_that_jumps_ahead_makes_nothing_old() {
        // Forty runs after the jump, all within minutes of the clock that is wrong.
        let now = now();
        let began = now - TimeDelta::days(100);
        let mut lines = vec![began];
        lines.extend((0..40).map(|run| now - TimeDelta::minutes(40 - run)));
        lines.push(now);
        let age = Ages(lines).since(began);
        assert!(age.sure < 8 * DAY, "{age:?}");
        assert!(age.is_young(), "{age:?}");
    }

    #[test]
    fn where_something_ran_seldom_logs_are_removed_in_the_end() {
        let weeks: Vec<i64> = (0..60).rev().map(|week| week * 7).collect();
        let age = ages(&weeks).since(now() - TimeDelta::days(400));
        assert!(age.sure > 390 * DAY, "{age:?}");
        assert!(!age.is_young());
    }

    #[test]
    fn what_the_heads_no_longer_know_is_as_old_as_the_clock_says() {
        let age = ages(&[3, 2, 1]).since(now() - TimeDelta::days(400));
        assert!(age.sure > 399 * DAY, "{age:?}");
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_count_twice() {
        let age = ages(&[10, 2, 9, 1]).since(now() - TimeDelta::days(10));
        assert!(age.sure <= 10 * DAY + Duration::from_secs(60), "{age:?}");
    }
}
