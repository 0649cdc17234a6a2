//! SHA-256 digests.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::hex;

/// What stands before the digits of a digest, and before those of an image ID.
pub const ALGORITHM: &str = "sha256:";
/// How many hexadecimal digits a digest has.
pub const DIGITS: usize = 64;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; DIGITS / 2]);

impl Digest {
    /// Returns the digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads `sha256:` and 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_hex(text.strip_prefix(ALGORITHM)?)
    }

    /// Reads 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        hex::bytes(text).map(Self)
    }

    /// Returns the 64 hexadecimal digits alone.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::of(&self.0)
    }

    /// Returns the digest's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Takes the bytes that a hasher returned.
impl From<[u8; DIGITS / 2]> for Digest {
    fn from(bytes: [u8; DIGITS / 2]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_as_they_are_written() {
        let digest = Digest::of(b"abc");
        assert_eq!(
            digest.to_string(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        for wrong in ["", "sha256:", "sha256:BA", &digest.hex(), "sha512:00"] {
            assert_eq!(Digest::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Digest::from_hex(&digest.hex().to_uppercase()), None);
    }
}
