//! Which runs are meant, where a verb takes many.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use clap::Args;
use keepdocker_terms::timestamp::Timestamp;
use serde_json::Value;

use crate::audit::Run;
use crate::policy::quantity;

/// Which of the runs are meant.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Only runs that began then or later: a time such as 2026-11-29 or 2026-11-29T08:00:00Z, or so
    /// long ago, such as 24h or 7d.
    #[arg(long, value_name = "TIME", value_parser = since, conflicts_with = "run")]
    since: Option<Timestamp>,
    /// Only runs in which something was denied.
    #[arg(long, conflicts_with = "run")]
    denied: bool,
}

impl Which {
    /// Tells whether the run is one of those. One that does not tell when it began is none that began
    /// since.
    pub(super) fn includes(&self, run: &Run) -> bool {
        let began = || {
            let first = run.entries.first()?;
            Timestamp::parse(first.get("at")?.as_str()?)
        };
        let in_time = self
            .since
            .is_none_or(|since| began().is_some_and(|began| began >= since));
        let is_denial = |phase: &Value| phase == "denied";
        let mut phases = run.entries.iter().filter_map(|entry| entry.get("phase"));
        in_time && (!self.denied || phases.any(is_denial))
    }
}

fn since(text: &str) -> Result<Timestamp, String> {
    if let Some(seconds) = quantity::seconds(text) {
        let ago = i64::try_from(seconds).unwrap_or(i64::MAX);
        return Ok(Timestamp::from_seconds(now().saturating_sub(ago)));
    }
    // A bare number would be a year for one reader, and a count of seconds for another.
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(
            "write a time such as 2026-11-29, or a duration with its unit such as 24h".into(),
        );
    }
    Timestamp::parse(text)
        .ok_or_else(|| "it is neither a time such as 2026-11-29 nor a duration such as 24h".into())
}

/// Returns the seconds since 1970.
fn now() -> i64 {
    DateTime::<Utc>::from(SystemTime::now()).timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations_are_read_and_bare_numbers_are_not() {
        let day = since("2026-11-29").unwrap();
        assert_eq!(day.text(), "2026-11-29T00:00:00Z");
        assert!(since("2026-11-29T08:00:00+02:00").unwrap() > day);
        let hour = since("1h").unwrap().seconds();
        assert!((now() - hour - 3600).abs() < 60);
        for wrong in ["", "2026", "86400", "yesterday", "-1h", "1x"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }
}
