//! Numbers of things in sentences.

use std::fmt::Display;

/// Writes how many there are of something, as in `1 block` and `2 blocks`.
///
/// `noun` is the singular, of a word whose plural only adds an `s`.
#[must_use]
pub(crate) fn count(number: impl Display, noun: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_is_singular() {
        assert_eq!(count(0, "block"), "0 blocks");
        assert_eq!(count(1, "block"), "1 block");
        assert_eq!(count(21, "block"), "21 blocks");
    }
}
