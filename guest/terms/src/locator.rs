//! Block locators and portable data hashes: what Keep calls a block, and a collection's content.
//!
//! A locator is the MD5 digest of a block, `+`, its size, and hints, one of which may be a signature:
//! `acbd18db4cc2f85cedef654fccc4a4d8+3+A…@7fffffff`. A portable data hash has the same form without hints, and
//! is made of a manifest's text.

use md5::{Digest, Md5};

use crate::hex;

/// How many hexadecimal digits an MD5 digest has.
pub const DIGITS: usize = 32;

/// The parts of a locator, as they stand in its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locator<'a> {
    /// The digest: 32 lower-case hexadecimal digits.
    pub hash: &'a str,
    /// How many bytes the block has. Nothing here says that so large a block can be.
    pub size: u64,
    /// The hash and the size alone.
    bare: &'a str,
    /// The hints, each with the `+` before it.
    hints: &'a str,
}

impl<'a> Locator<'a> {
    /// Takes a locator apart; none for other texts.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (hash, rest) = text.split_at_checked(DIGITS)?;
        if !hex::are_lower_digits(hash, DIGITS) {
            return None;
        }
        let rest = rest.strip_prefix('+')?;
        let (size, hints) = rest.split_at(rest.find('+').unwrap_or(rest.len()));
        let locator = Self {
            hash,
            size: number(size)?,
            bare: &text[..text.len() - hints.len()],
            hints,
        };
        locator.hints().all(is_hint).then_some(locator)
    }

    /// Returns the locator without hints: what stands for the block in a portable data hash.
    #[must_use]
    pub fn bare(self) -> &'a str {
        self.bare
    }

    /// Returns the hints in the order given, without the `+` before each.
    pub fn hints(self) -> impl Iterator<Item = &'a str> {
        self.hints.split('+').skip(1)
    }
}

/// Tells whether a text has the form of a locator's hint.
#[must_use]
pub fn is_hint(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'_' | b'-');
    text.starts_with(|first: char| first.is_ascii_uppercase()) && text.bytes().all(is_plain)
}

/// Reads a decimal number, without a sign.
#[must_use]
pub fn number(text: &str) -> Option<u64> {
    // `parse` would accept a sign.
    let are_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| text.parse().ok()).flatten()
}

/// Tells whether the text is a portable data hash: a locator of a hash and a size alone.
#[must_use]
pub fn is_portable_data_hash(text: &str) -> bool {
    Locator::parse(text).is_some_and(|locator| locator.hints.is_empty())
}

/// Returns the portable data hash of a manifest: of its text without all hints but the sizes.
#[must_use]
pub fn portable_data_hash(manifest: &str) -> String {
    let mut hash = Md5::new();
    let mut length = 0;
    let mut add = |text: &str| {
        hash.update(text.as_bytes());
        length += text.len();
    };
    for line in manifest.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        for (position, token) in line.split(' ').enumerate() {
            if position > 0 {
                add(" ");
            }
            match Locator::parse(token) {
                Some(locator) if position > 0 => add(locator.bare),
                _ => add(token),
            }
        }
        add(end);
    }
    format!("{}+{length}", hex::of(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &str = "acbd18db4cc2f85cedef654fccc4a4d8+3";

    #[test]
    fn a_locator_has_a_hash_a_size_and_hints() {
        let signed = format!("{BARE}+A89118b78732c33104a4d6231e8b5a5fa1e4301e3@7fffffff+K@zzzzz");
        let locator = Locator::parse(&signed).unwrap();
        assert_eq!((locator.hash, locator.size), (&BARE[..DIGITS], 3));
        assert_eq!(locator.bare(), BARE);
        let hints: Vec<&str> = locator.hints().collect();
        let signature = "A89118b78732c33104a4d6231e8b5a5fa1e4301e3@7fffffff";
        assert_eq!(hints, [signature, "K@zzzzz"]);
        assert_eq!(Locator::parse(BARE).unwrap().hints().count(), 0);
        for wrong in [
            "",
            "3",
            &BARE[..DIGITS],
            &BARE[..DIGITS + 1],
            &BARE[1..],
            &format!("{}++3", &BARE[..DIGITS]),
            &format!("{}+-3", &BARE[..DIGITS]),
            &format!("{}++3", &BARE[..DIGITS]),
            &format!("{}+{}", &BARE[..DIGITS], "9".repeat(21)),
            &format!("{BARE}+"),
            &format!("{BARE}+k@zzzzz"),
            &format!("{BARE}+K@zzzzz "),
            &format!("{BARE}\n"),
            &BARE.to_uppercase(),
        ] {
            assert_eq!(Locator::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_portable_data_hash_is_a_locator_without_hints() {
        assert!(is_portable_data_hash(BARE));
        for wrong in ["", &BARE[..DIGITS], &format!("{BARE}+K@zzzzz")] {
            assert!(!is_portable_data_hash(wrong), "{wrong}");
        }
    }

    #[test]
    fn signatures_are_no_part_of_the_content() {
        let plain = ". acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:foo\n";
        let signed = ". acbd18db4cc2f85cedef654fccc4a4d8+3\
             +Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@ffffffff 0:3:foo\n";
        // As Arvados' own documentation computes it: `printf … | md5sum`, and the length.
        let expected = "1f4b0bc7583c2a7f9102c395f4ffc5e3+45";
        assert_eq!(portable_data_hash(plain), expected);
        assert_eq!(portable_data_hash(signed), expected);
    }
}
