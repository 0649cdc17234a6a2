//! Sizes and durations as a policy writes them.

/// What a size looks like, for people.
pub(super) const SIZE: &str = "a size such as \"64MiB\" (units: B, KiB, MiB, GiB, TiB)";
/// What a duration looks like, for people.
pub(super) const DURATION: &str = "a duration such as \"10m\" (units: s, m, h, d)";

const SIZES: [(&str, u64); 5] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("B", 1),
];
const TIMES: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];

/// Reads a size such as `64MiB` as bytes.
#[must_use]
pub fn size(text: &str) -> Option<u64> {
    read(text, &SIZES)
}

/// Reads a duration such as `10m` as seconds.
#[must_use]
pub fn seconds(text: &str) -> Option<u64> {
    read(text, &TIMES)
}

/// Writes bytes in the largest unit that leaves no fraction.
pub(super) fn show_size(bytes: u64) -> String {
    show(bytes, &SIZES, "B")
}

/// Writes seconds in the largest unit that leaves no fraction.
pub(super) fn show_seconds(seconds: u64) -> String {
    show(seconds, &TIMES, "s")
}

fn read(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (digits, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    // `parse` alone would take a sign.
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(*factor)
}

fn show(value: u64, units: &[(&str, u64)], smallest: &str) -> String {
    let fitting = units
        .iter()
        .filter(|(_, factor)| value >= *factor && value.is_multiple_of(*factor))
        .max_by_key(|(_, factor)| *factor);
    match fitting {
        Some((unit, factor)) => format!("{}{unit}", value / factor),
        None => format!("{value}{smallest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_are_read_and_written() {
        assert_eq!(size("64MiB"), Some(64 << 20));
        assert_eq!(size("10B"), Some(10));
        assert_eq!(seconds("24h"), Some(86_400));
        assert_eq!(show_size(64 << 20), "64MiB");
        assert_eq!(show_size(1000), "1000B");
        assert_eq!(show_size(0), "0B");
        assert_eq!(show_seconds(90), "90s");
        assert_eq!(show_seconds(86_400), "1d");
    }

    #[test]
    fn what_is_no_quantity_is_none() {
        for text in [
            "",
            "64",
            "MiB",
            "-1MiB",
            "+1MiB",
            "64MB",
            "64 MiB",
            "1.5GiB",
            "99999999TiB",
        ] {
            assert_eq!(size(text), None, "{text}");
        }
        assert_eq!(seconds("1w"), None);
    }
}
