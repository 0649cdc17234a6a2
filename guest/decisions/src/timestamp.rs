//! Moments as servers and images write them.
//!
//! The server prints times with nine decimals, image configs carry any offset, and builders that
//! want reproducible images write the year 1 or 1970. Two programs read the same text with
//! different care: the listing of the Python program in microseconds, the server's choice of an
//! image in whole seconds. Both views are here.

use crate::json;
use chrono::{DateTime, SecondsFormat, Utc};

/// A moment, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first moment of the year 1, which stands for "no time known" in the listing's order.
    pub const YEAR_ONE: Self = Self(-62_135_596_800_000_000);

    /// Reads a time, or returns none if the text is none.
    ///
    /// The offset counts; without one the time is UTC, and without a time the day begins. Decimals beyond the sixth are cut off.
    pub fn parse(text: &str) -> Option<Self> {
        // No time is longer; the parser need not see a megabyte.
        if text.len() > 64 {
            return None;
        }
        let read = |text: &str| DateTime::parse_from_rfc3339(text).ok();
        let moment = read(text)
            .or_else(|| read(&format!("{text}Z")))
            .or_else(|| read(&format!("{text}T00:00:00Z")))?;
        Some(Self(moment.timestamp_micros()))
    }

    /// Reads a time from a JSON value; anything but a string that holds a time is none.
    pub fn from_json(json: &str) -> Option<Self> {
        Self::parse(&json::text(json)?)
    }

    /// Returns the time that many seconds after 1970, or before if negative.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Returns the whole seconds since 1970, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Returns the time in RFC 3339 form, in UTC, with as many decimals as it needs.
    pub fn text(self) -> String {
        match DateTime::<Utc>::from_timestamp_micros(self.0) {
            Some(moment) => moment.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_its_offset_and_to_the_microsecond() {
        for (given, printed) in [
            (
                "2014-06-10T14:30:00.184019565Z",
                Some("2014-06-10T14:30:00.184019Z"),
            ),
            ("2014-06-10T14:30:00Z", Some("2014-06-10T14:30:00Z")),
            ("2014-06-10t14:30:00z", Some("2014-06-10T14:30:00Z")),
            ("2014-06-10T14:30:00+02:00", Some("2014-06-10T12:30:00Z")),
            ("2014-06-10T00:30:00-11:00", Some("2014-06-10T11:30:00Z")),
            (
                "2014-06-10T14:30:00.184389",
                Some("2014-06-10T14:30:00.184389Z"),
            ),
            ("2014-06-10", Some("2014-06-10T00:00:00Z")),
            ("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00Z")),
            ("1969-12-31T23:59:59.5Z", Some("1969-12-31T23:59:59.500Z")),
            ("", None),
            ("yesterday", None),
            ("2014-13-10T14:30:00Z", None),
            ("2014-06-10T14:30:00 and more", None),
        ] {
            assert_eq!(
                Timestamp::parse(given).map(Timestamp::text).as_deref(),
                printed,
                "{given}"
            );
        }
        assert_eq!(Timestamp::parse(&"2".repeat(1_000_000)), None);
    }

    #[test]
    fn year_one_is_the_earliest_usual_time() {
        assert_eq!(
            Timestamp::parse("0001-01-01T00:00:00Z"),
            Some(Timestamp::YEAR_ONE)
        );
    }

    #[test]
    fn seconds_are_rounded_down_also_before_1970() {
        assert_eq!(
            Timestamp::parse("1970-01-01T00:00:01.9Z")
                .unwrap()
                .seconds(),
            1
        );
        assert_eq!(
            Timestamp::parse("1969-12-31T23:59:59.5Z")
                .unwrap()
                .seconds(),
            -1
        );
    }

    #[test]
    fn a_json_value_that_is_no_string_is_no_time() {
        assert!(Timestamp::from_json("\"2014-06-10T14:30:00Z\"").is_some());
        for json in ["5", "null", "true", "[]", "{}", "{\"a\":", "", "\"\""] {
            assert_eq!(Timestamp::from_json(json), None, "{json}");
        }
    }
}
