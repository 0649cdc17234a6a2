//! Signs block locators and checks the signatures that come back.
//!
//! `sig = hex(HMAC-SHA1(key, hash "@" token "@" expiry_hex "@" ttl_hex))`; the token is the string
//! exactly as the client presented it, so the v1 and v2 forms of one token do not agree.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Signs and checks block locators for one cluster.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    key: Vec<u8>,
    ttl: i64,
}

/// Why a locator's signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is none, or it was not made for this block and token with this key.
    Invalid,
    /// It was right once.
    Expired,
}

impl Signer {
    /// Takes the cluster's blob signing key and the lifetime of signatures in seconds.
    pub(crate) fn new(key: &[u8], ttl: i64) -> Signer {
        Signer {
            key: key.to_vec(),
            ttl,
        }
    }

    /// Returns the lifetime of signatures in seconds.
    pub(crate) fn ttl(&self) -> i64 {
        self.ttl
    }

    /// Returns the signature, 40 hex digits, of a block hash for a token and an expiry time.
    pub(crate) fn signature(&self, hash: &str, token: &str, expiry: i64) -> String {
        let mut mac =
            Hmac::<Sha1>::new_from_slice(&self.key).expect("HMAC takes keys of every length");
        mac.update(format!("{hash}@{token}@{expiry:08x}@{:x}", self.ttl).as_bytes());
        hex(&mac.finalize().into_bytes())
    }

    /// Appends the signature hint to a locator whose first 32 characters are the hash.
    pub(crate) fn sign(&self, locator: &str, token: &str, expiry: i64) -> String {
        let hash = locator.get(..32).unwrap_or(locator);
        format!(
            "{locator}+A{}@{expiry:08x}",
            self.signature(hash, token, expiry)
        )
    }

    /// Checks the one `+A` hint of a locator.
    ///
    /// # Errors
    ///
    /// Says whether the signature is wrong (or absent, or there are two) or has expired.
    pub(crate) fn verify(&self, locator: &str, token: &str, now: i64) -> Result<(), Refusal> {
        let mut parts = locator.split('+');
        let hash = parts.next().unwrap_or_default();
        let mut hints = parts.filter(|hint| hint.starts_with('A'));
        let hint = hints.next().ok_or(Refusal::Invalid)?;
        if hints.next().is_some() {
            return Err(Refusal::Invalid);
        }
        let (signature, expiry_text) = hint[1..].split_once('@').ok_or(Refusal::Invalid)?;
        if signature.len() != 40 || expiry_text.len() != 8 {
            return Err(Refusal::Invalid);
        }
        let expiry = i64::from_str_radix(expiry_text, 16).map_err(|_| Refusal::Invalid)?;
        // The real server looks at the time first, so that an old signature says "expired" to
        // whoever presents it.
        if expiry < now {
            return Err(Refusal::Expired);
        }
        if self.signature(hash, token, expiry) == signature {
            Ok(())
        } else {
            Err(Refusal::Invalid)
        }
    }
}

/// Writes bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string cannot fail");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOO: &str = "acbd18db4cc2f85cedef654fccc4a4d8";
    const TTL: i64 = 1_209_600;

    #[test]
    fn the_signature_is_the_documented_one() {
        let signer = Signer::new(b"testkey", TTL);
        let token = "v2/zzzzz-gj3su-000000000000001/s3cr3t";
        assert_eq!(
            signer.signature(FOO, token, 0x6500_0000),
            "bfb720a3b1f036dbfe11653dcfed7adf060d77f9"
        );
    }

    #[test]
    fn a_signed_locator_holds_until_it_expires() {
        let signer = Signer::new(b"testkey", TTL);
        let locator = signer.sign(&format!("{FOO}+3"), "token", 1000);
        assert_eq!(signer.verify(&locator, "token", 1000), Ok(()));
        assert_eq!(
            signer.verify(&locator, "token", 1001),
            Err(Refusal::Expired)
        );
        assert_eq!(
            signer.verify(&locator, "other", 1000),
            Err(Refusal::Invalid)
        );
    }

    #[test]
    fn malformed_hints_are_invalid() {
        let signer = Signer::new(b"testkey", TTL);
        let signed = signer.sign(&format!("{FOO}+3"), "t", 1000);
        for locator in [
            format!("{FOO}+3"),
            format!("{FOO}+3+A"),
            format!("{FOO}+3+Azz@yy"),
            format!("{FOO}+3+A{}@7fffffff", "0".repeat(40)),
            format!("{signed}{}", &signed[34..]),
        ] {
            assert_eq!(
                signer.verify(&locator, "t", 0),
                Err(Refusal::Invalid),
                "{locator}"
            );
        }
    }
}
