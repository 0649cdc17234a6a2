//! Words for what libraries leave to numbers and to names of source code.

pub mod harmless;

use std::fmt::Display;

/// Writes how many there are of something, as in `1 block` and `2 blocks`.
///
/// `noun` is the singular, of a word whose plural only adds an `s`.
#[must_use]
pub fn count(number: impl Display, noun: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Returns a number of bytes for people, in its largest unit: `502.0 MiB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{count} B")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// Says what is wrong with a JSON text, without the name of what it was to become.
#[must_use]
pub fn json_fault(error: &serde_json::Error) -> String {
    const STRUCT: &str = "expected struct ";
    let text = error.to_string();
    match text.split_once(STRUCT) {
        Some((before, after)) => {
            let end = after.find(' ').unwrap_or(after.len());
            format!("{before}expected an object{}", &after[end..])
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_in_json_names_nothing_of_the_source() {
        #[derive(Debug, serde::Deserialize)]
        struct Inner {
            #[expect(dead_code, reason = "only read")]
            number: u8,
        }
        let fault = |text: &str| json_fault(&serde_json::from_str::<Inner>(text).unwrap_err());
        assert_eq!(
            fault("null"),
            "invalid type: null, expected an object at line 1 column 4"
        );
        assert_eq!(fault("{}"), "missing field `number` at line 1 column 2");
    }

    #[test]
    fn one_alone_is_singular() {
        assert_eq!(count(0, "block"), "0 blocks");
        assert_eq!(count(1, "block"), "1 block");
        assert_eq!(count(21, "block"), "21 blocks");
    }
}
