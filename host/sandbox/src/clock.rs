//! Tells the time of the cluster and writes and reads it in the server's forms.
//!
//! Records keep whole microseconds, as the real database does, and no two moments handed out by
//! one process are equal, so that creation order is always visible in the timestamps.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

/// A moment in microseconds since 1970-01-01 UTC.
pub(crate) type Micros = i64;

/// Microseconds in one second.
pub(crate) const SECOND: Micros = 1_000_000;

/// Hands out strictly increasing moments.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    last: AtomicI64,
}

impl Clock {
    /// Returns the present moment, or one microsecond after the last one returned if that is later.
    pub(crate) fn now(&self) -> Micros {
        let present = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |elapsed| {
                i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
            });
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            let next = present.max(last + 1);
            match self
                .last
                .compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return next,
                Err(seen) => last = seen,
            }
        }
    }
}

/// Writes a moment as `YYYY-MM-DDTHH:MM:SS.NNNNNNNNNZ`.
pub(crate) fn format(moment: Micros) -> String {
    format_nanos(moment, 0)
}

/// Writes a moment with extra nanoseconds (0 to 999) below the microsecond.
///
/// A create response shows them, later reads do not: the real server answers a create from the
/// clock of its own process and everything later from the database.
pub(crate) fn format_nanos(moment: Micros, nanos: u32) -> String {
    let mut text = Vec::with_capacity(30);
    write(moment, nanos, &mut text);
    String::from_utf8(text).expect("digits and signs are UTF-8")
}

/// Writes a moment as the service's language shows it to programmers.
pub(crate) fn format_ruby(moment: Micros) -> String {
    DateTime::from_timestamp_micros(moment).map_or_else(String::new, |time| {
        time.format("%a, %d %b %Y %H:%M:%S.%9f UTC +00:00")
            .to_string()
    })
}

/// Appends a moment as [`format_nanos`] writes it; nothing for one beyond all calendars.
///
/// A page of a list holds thousands of moments, too many for a general formatter.
pub(crate) fn write(moment: Micros, nanos: u32, out: &mut Vec<u8>) {
    let Some(time) = DateTime::from_timestamp_micros(moment) else {
        return;
    };
    if !(0..10_000).contains(&time.year()) {
        out.extend_from_slice(time.format("%Y").to_string().as_bytes());
    } else {
        digits(out, time.year().unsigned_abs(), 4);
    }
    for (sign, number) in [
        (b'-', time.month()),
        (b'-', time.day()),
        (b'T', time.hour()),
        (b':', time.minute()),
        (b':', time.second()),
    ] {
        out.push(sign);
        digits(out, number, 2);
    }
    out.push(b'.');
    digits(out, time.timestamp_subsec_micros(), 6);
    digits(out, nanos % 1000, 3);
    out.push(b'Z');
}

/// Appends a number with leading zeros.
fn digits(out: &mut Vec<u8>, mut number: u32, count: usize) {
    let end = out.len() + count;
    out.resize(end, b'0');
    for digit in out[end - count..].iter_mut().rev() {
        *digit += u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

/// Reads a moment in any common ISO form; digits below the microsecond are cut off.
///
/// Without a zone the moment is UTC; a date alone is its midnight.
pub(crate) fn parse(text: &str) -> Option<Micros> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    for form in [
        "%Y-%m-%d %H:%M:%S%.f %z",
        "%Y-%m-%dT%H:%M:%S%.f%z",
        "%Y-%m-%d %H:%M:%S%.f%z",
    ] {
        if let Ok(time) = DateTime::parse_from_str(text, form) {
            return Some(time.timestamp_micros());
        }
    }
    let bare = [" UTC", " Z", "Z"]
        .iter()
        .find_map(|zone| text.strip_suffix(zone))
        .unwrap_or(text);
    for form in [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
    ] {
        if let Ok(time) = NaiveDateTime::parse_from_str(bare, form) {
            return Some(time.and_utc().timestamp_micros());
        }
    }
    NaiveDate::parse_from_str(bare, "%Y-%m-%d")
        .ok()
        .map(|date| date.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_reads_back_equal() {
        let moment = parse("2017-02-13T21:41:06.769936400Z").unwrap();
        assert_eq!(format(moment), "2017-02-13T21:41:06.769936000Z");
        assert_eq!(parse(&format(moment)), Some(moment));
        assert_eq!(parse("2017-02-13T16:41:06.769936-05:00"), Some(moment));
    }

    #[test]
    fn moments_before_1970_print_right() {
        assert_eq!(
            format(parse("0001-01-01").unwrap()),
            "0001-01-01T00:00:00.000000000Z"
        );
        assert_eq!(format(-1), "1969-12-31T23:59:59.999999000Z");
    }

    #[test]
    fn rubbish_is_no_moment() {
        for text in ["", "not a time", "2017", "2017-13-01"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn no_two_moments_are_equal() {
        let clock = Clock::default();
        let moments: Vec<_> = (0..1000).map(|_| clock.now()).collect();
        assert!(moments.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
