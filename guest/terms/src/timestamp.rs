//! Moments as servers and images write them.
//!
//! The server prints times with nine decimals, image configs carry any offset, and builders that
//! want reproducible images write the year 1 or 1970. Two programs read the same text with
//! different care: the listing of the Python program in microseconds, the server's choice of an
//! image in whole seconds. Both views are here.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Timelike, Utc, Weekday};

/// A moment, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first moment of the year 1, which stands for "no time known" in the listing's order.
    pub const YEAR_ONE: Self = Self(-62_135_596_800_000_000);

    /// Reads a time, or returns none if the text is none.
    ///
    /// The offset counts; without one the time is UTC, and what is left out is the beginning of what
    /// is given. Decimals beyond the sixth are cut off.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // No time is longer; the parser need not see a megabyte.
        if text.len() > 64 {
            return None;
        }
        usual(text).or_else(|| any(text))
    }

    /// Returns the time that many seconds after 1970, or before if negative.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Returns the whole seconds since 1970, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Returns the microseconds since 1970, which is what the server's database keeps.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Returns the time in UTC, or none if it is beyond what calendars have.
    #[must_use]
    pub fn in_utc(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.0)
    }

    /// Returns the time in RFC 3339 form, in UTC, with as many decimals as it needs.
    #[must_use]
    pub fn text(self) -> String {
        match self.in_utc() {
            Some(moment) if (0..10_000).contains(&moment.year()) => usual_text(&moment),
            Some(moment) => moment.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            None => String::new(),
        }
    }
}

/// Reads a time in the form in which the server writes all of its times, and most builders theirs:
/// `2014-06-10T14:30:00.184019565Z`, with one to nine decimals or none.
///
/// A listing reads tens of thousands of times, and the general reader is many times slower.
fn usual(text: &str) -> Option<Timestamp> {
    let (main, decimals) = text.strip_suffix('Z')?.as_bytes().split_at_checked(19)?;
    for (place, sign) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        if main[place] != sign {
            return None;
        }
    }
    let micros = match decimals {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            let given = number(digits)?;
            let shift = digits.len() as u32;
            if shift <= 6 {
                given * 10_u32.pow(6 - shift)
            } else {
                given / 10_u32.pow(shift - 6)
            }
        }
        _ => return None,
    };
    let year = i32::try_from(number(&main[..4])?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(&main[5..7])?, number(&main[8..10])?)?;
    let (hour, minute) = (number(&main[11..13])?, number(&main[14..16])?);
    let moment = day.and_hms_micro_opt(hour, minute, number(&main[17..])?, micros)?;
    Some(Timestamp(moment.and_utc().timestamp_micros()))
}

/// Reads a time in the forms of ISO 8601 that the Python program reads: a day, with an hour and perhaps
/// its parts, with or without separators.
fn any(text: &str) -> Option<Timestamp> {
    let mut rest = Rest(text.as_bytes());
    let year = i32::try_from(rest.number(4)?).ok()?;
    let is_extended = rest.take(b"-").is_some();
    let midnight = rest.day(year, is_extended)?.and_hms_opt(0, 0, 0)?;
    let mut micros = midnight.and_utc().timestamp_micros();
    if rest.take(b"Tt ").is_some() {
        micros += rest.time(is_extended)?;
    }
    rest.0.is_empty().then_some(Timestamp(micros))
}

/// What is left to be read of a time.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// Reads a day by its month, its week or its number in the year; a month or a week alone is its first.
    fn day(&mut self, year: i32, is_extended: bool) -> Option<NaiveDate> {
        if self.take(b"W").is_some() {
            let week = self.number(2)?;
            let day = self.part(is_extended, b"-", 1)?.unwrap_or(1);
            let day = Weekday::try_from(u8::try_from(day.checked_sub(1)?).ok()?).ok()?;
            return NaiveDate::from_isoywd_opt(year, week, day);
        }
        if self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
            == 3
        {
            return NaiveDate::from_yo_opt(year, self.number(3)?);
        }
        let month = self.number(2)?;
        let day = self.part(is_extended, b"-", 2)?;
        NaiveDate::from_ymd_opt(year, month, day.or(is_extended.then_some(1))?)
    }

    /// Reads a time of the day with its offset, as microseconds since the day began at UTC.
    fn time(&mut self, is_extended: bool) -> Option<i64> {
        let hour = self.number(2)?;
        let minute = self.part(is_extended, b":", 2)?;
        let second = match minute {
            Some(_) => self.part(is_extended, b":", 2)?,
            None => None,
        };
        let mut micros = 0;
        if second.is_some() && self.take(b".,").is_some() {
            let mut unit = 100_000;
            micros += i64::from(self.number(1)?) * unit;
            while let Some(digit) = self.number(1) {
                unit /= 10;
                micros += i64::from(digit) * unit;
            }
        }
        let (minute, second) = (minute.unwrap_or(0), second.unwrap_or(0));
        let is_midnight = (hour, minute, second) == (24, 0, 0);
        if !is_midnight && (hour > 23 || minute > 59 || second > 59) {
            return None;
        }
        let seconds = i64::from(hour * 3600 + minute * 60 + second);
        Some((seconds - self.offset()?) * 1_000_000 + micros)
    }

    /// Reads the offset of a time zone, in seconds; none is that of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.take(b"Zz+-") {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Some(0),
        };
        let hours = self.number(2)?;
        let minutes = self
            .part(self.0.first() == Some(&b':'), b":", 2)?
            .unwrap_or(0);
        (hours < 24 && minutes < 60).then(|| sign * i64::from(hours * 3600 + minutes * 60))
    }

    /// Reads a further number if there is one: behind the separator, or in the basic form where a digit
    /// follows.
    fn part(&mut self, is_extended: bool, separator: &[u8], digits: usize) -> Option<Option<u32>> {
        let is_there = match is_extended {
            true => self.take(separator).is_some(),
            false => self.0.first().is_some_and(u8::is_ascii_digit),
        };
        if !is_there {
            return Some(None);
        }
        self.number(digits).map(Some)
    }

    /// Reads a number of so many digits.
    fn number(&mut self, digits: usize) -> Option<u32> {
        let (head, tail) = self.0.split_at_checked(digits)?;
        let number = number(head)?;
        self.0 = tail;
        Some(number)
    }

    /// Reads one of these characters if it comes next.
    fn take(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, tail) = self.0.split_first()?;
        if !wanted.contains(first) {
            return None;
        }
        self.0 = tail;
        Some(*first)
    }
}

/// Reads at most nine digits, and nothing else.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u32::from(digit - b'0'))
    })
}

/// Writes a time of a year with four digits: with no, three or six decimals.
fn usual_text(moment: &DateTime<Utc>) -> String {
    let mut text = String::with_capacity("2014-06-10T14:30:00.184019Z".len());
    let year = moment.year().unsigned_abs();
    for (number, digits, sign) in [
        (year, 4, '-'),
        (moment.month(), 2, '-'),
        (moment.day(), 2, 'T'),
        (moment.hour(), 2, ':'),
        (moment.minute(), 2, ':'),
    ] {
        push_digits(&mut text, number, digits);
        text.push(sign);
    }
    push_digits(&mut text, moment.second(), 2);
    match moment.timestamp_subsec_micros() {
        0 => {}
        micros if micros.is_multiple_of(1000) => {
            text.push('.');
            push_digits(&mut text, micros / 1000, 3);
        }
        micros => {
            text.push('.');
            push_digits(&mut text, micros, 6);
        }
    }
    text.push('Z');
    text
}

/// Appends a number with leading zeros.
fn push_digits(text: &mut String, number: u32, digits: u32) {
    for place in (0..digits).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        text.push(char::from(b'0' + digit as u8));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The quick ways agree with the general ones, also on what is nearly a time.
        #[test]
        fn usual_times_are_read_and_written_as_the_library_does(
            micros in -62_167_219_200_000_000_i64..253_402_300_800_000_000,
            coarse in prop::sample::select(vec![1_i64, 1000, 1_000_000]),
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?Z",
        ) {
            let moment = DateTime::<Utc>::from_timestamp_micros(micros / coarse * coarse).unwrap();
            let written = moment.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            let timestamp = Timestamp(moment.timestamp_micros());
            prop_assert_eq!(timestamp.text(), &written[..]);
            prop_assert_eq!(usual(&written), Some(timestamp));
            let read = DateTime::parse_from_rfc3339(&text).ok();
            let read = read.map(|moment| Timestamp(moment.timestamp_micros()));
            if let Some(usual) = usual(&text) {
                prop_assert_eq!(Some(usual), read);
            }
        }
    }

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
            ("2014-06", Some("2014-06-01T00:00:00Z")),
            ("2014-W24-2", Some("2014-06-10T00:00:00Z")),
            ("2014W242T14", Some("2014-06-10T14:00:00Z")),
            ("2014-W24", Some("2014-06-09T00:00:00Z")),
            ("2014-161", Some("2014-06-10T00:00:00Z")),
            ("2014161T1430", Some("2014-06-10T14:30:00Z")),
            ("2014-06-10 14:30", Some("2014-06-10T14:30:00Z")),
            ("2014-06-10T14", Some("2014-06-10T14:00:00Z")),
            ("20140610T143000Z", Some("2014-06-10T14:30:00Z")),
            ("20140610T1430+0200", Some("2014-06-10T12:30:00Z")),
            ("2014-06-10T14:30:00,5-02", Some("2014-06-10T16:30:00.500Z")),
            (
                "2014-06-10T14:30:00.1840195659999Z",
                Some("2014-06-10T14:30:00.184019Z"),
            ),
            ("2014-12-31T24:00:00Z", Some("2015-01-01T00:00:00Z")),
            ("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00Z")),
            ("1969-12-31T23:59:59.5Z", Some("1969-12-31T23:59:59.500Z")),
            ("", None),
            ("yesterday", None),
            ("2014-13-10T14:30:00Z", None),
            ("2014-06-10T14:30:00 and more", None),
            ("2014-06-10T14:30:60Z", None),
            ("2014-06-10T24:00:01Z", None),
            ("2014-06-10T14:30:00.Z", None),
            ("2014-06-10T14:30:00.123456 7", None),
            ("2014-06-10T14.5Z", None),
            ("2014-06-10T1430Z", None),
            ("20140610T14:30", None),
            ("2014-06-10T", None),
            ("2014-06-10T14:30:00 Z", None),
            ("2014-06-10T14:30:00+02:0", None),
            ("2014-06-31", None),
            ("2014-6-10", None),
            ("201406-10", None),
            ("2014-0610", None),
            ("2014-W54-1", None),
            ("2014-W24-0", None),
            ("2014-W242", None),
            ("2014-w24", None),
            ("2014-000", None),
            ("2014-366", None),
            ("201406", None),
            ("2014", None),
            ("2014-06-10T14:30:00é", None),
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
}
