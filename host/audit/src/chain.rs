//! Lines that hold one another's hashes.
//!
//! A line is a JSON object in canonical form. Its `hash` is the SHA-256 of the line without that
//! member, its `prev` the hash of the line before (64 zeros in the first), its `seq` its place.

use std::collections::BTreeMap;

use keepdocker_terms::digest::Digest;
use serde::Serialize;
use serde_json::{Map, Value};

use super::canonical::{Unrepresentable, text};
use super::mask::Mask;

/// Where a chain has got to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    /// How many lines there are.
    pub(super) length: u64,
    /// The hash of the last.
    pub(super) head: String,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            length: 0,
            head: "0".repeat(64),
        }
    }
}

/// A line to be.
#[derive(Debug, Default)]
pub(super) struct Line(BTreeMap<&'static str, String>);

impl Line {
    /// Adds a member.
    pub(super) fn put(
        &mut self,
        name: &'static str,
        value: &(impl Serialize + ?Sized),
        mask: &Mask,
    ) -> Result<(), Unrepresentable> {
        self.0.insert(name, text(value, mask)?);
        Ok(())
    }

    /// Adds a member that is canonical JSON already.
    pub(super) fn put_json(&mut self, name: &'static str, json: String) {
        self.0.insert(name, json);
    }

    /// Makes the line the next of a chain, and returns its text without a line break.
    pub(super) fn seal(mut self, chain: &mut Chain) -> String {
        self.put_json("seq", chain.length.to_string());
        self.put_json("prev", format!("\"{}\"", chain.head));
        let hash = sha256(self.text().as_bytes());
        self.put_json("hash", format!("\"{hash}\""));
        chain.length += 1;
        chain.head = hash;
        self.text()
    }

    fn text(&self) -> String {
        let members: Vec<String> = self
            .0
            .iter()
            .map(|(name, json)| format!("\"{name}\":{json}"))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Break {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

/// What is wrong where a line points to a value that is not there.
pub(super) const VALUE_IS_GONE: &str = "the value that it points to is gone";

impl Chain {
    /// Takes the next line of a chain that was written earlier, if it is the next.
    ///
    /// # Errors
    /// If it was altered, or is not the one that came next when the chain was written.
    pub(super) fn follow(&mut self, text: &str) -> Result<Map<String, Value>, Break> {
        let line = usize::try_from(self.length)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        let broken = |what| Break { line, what };
        let value: Value =
            serde_json::from_str(text).map_err(|_| broken("this is not JSON, or not all of it"))?;
        let canonical = value.to_string();
        if canonical != text {
            return Err(broken("this is not in canonical form, so it was altered"));
        }
        let Value::Object(mut members) = value else {
            return Err(broken("this is no JSON object"));
        };
        let hash = members.remove("hash");
        // The members are in order still, so this is the text that was hashed.
        let found = sha256(Value::Object(members.clone()).to_string().as_bytes());
        if hash != Some(Value::String(found.clone())) {
            return Err(broken("its hash is another, so it was altered"));
        }
        if members.get("seq").and_then(Value::as_u64) != Some(self.length) {
            return Err(broken(
                "it has another number, so lines were dropped, inserted or moved",
            ));
        }
        if members.get("prev").and_then(Value::as_str) != Some(&self.head) {
            return Err(broken(
                "it does not follow the line before, so lines were exchanged",
            ));
        }
        self.length += 1;
        self.head = found;
        Ok(members)
    }
}

/// Returns a SHA-256 digest in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Digest::of(bytes).hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_can_be_followed() {
        let mut written = Chain::default();
        let mut read = Chain::default();
        for text in ["one", "two\n\u{7f}\u{2028}"] {
            let mut line = Line::default();
            line.put("zeta", &[1, 2], &Mask::default()).unwrap();
            line.put("a", text, &Mask::default()).unwrap();
            let text = line.seal(&mut written);
            assert!(!text.contains('\n'));
            read.follow(&text).unwrap();
        }
        assert_eq!(read, written);
    }
}
