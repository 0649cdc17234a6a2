//! Image IDs, whole or cut.

use std::fmt;

use super::grammar::{ALGORITHM, ALL_DIGITS, FEWEST_DIGITS};
use super::{Name, ReferenceError};
use crate::image_id::{ImageId, bare, is_beginning, is_marked};

/// An image ID or the first digits of one, as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id {
    text: String,
}

impl Id {
    /// Reads an ID, or returns none where the text can only be a name.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, ReferenceError> {
        let digits = bare(text);
        let is_hex = is_beginning(text);
        if is_hex && (FEWEST_DIGITS..=ALL_DIGITS).contains(&digits.len()) {
            return Ok(Some(Self { text: text.into() }));
        }
        // `sha256:ab` may stand for an ID in an engine; as a name it would be a trap.
        if is_hex && is_marked(text) {
            return Err(ReferenceError::ShortId(text.into()));
        }
        Ok(None)
    }

    /// Returns the digits alone, in lower case.
    pub fn digits(&self) -> String {
        bare(&self.text).to_ascii_lowercase()
    }

    /// Returns the whole ID where all its digits were given.
    pub fn full(&self) -> Option<String> {
        let digits = self.digits();
        (digits.len() == ALL_DIGITS).then(|| format!("{ALGORITHM}{digits}"))
    }

    /// Returns the beginnings of the image IDs that can be meant: in v2 form, and in v1 form
    /// unless `sha256:` was given.
    pub fn beginnings(&self) -> Vec<String> {
        let digits = self.digits();
        let mut beginnings = vec![format!("{ALGORITHM}{digits}")];
        if !is_marked(&self.text) {
            beginnings.push(digits);
        }
        beginnings
    }

    /// Tells whether `image_id` is what was given, or begins with it.
    ///
    /// What goes on after its digits is no ID: anybody can give a link such a name.
    pub fn matches(&self, image_id: &str) -> bool {
        ImageId::parse(image_id).is_some()
            && self
                .beginnings()
                .iter()
                .any(|beginning| image_id.starts_with(beginning.as_str()))
    }

    /// Returns the same text as the name of a repository, if it can be one.
    pub fn as_name(&self) -> Option<Name> {
        if is_marked(&self.text) || self.text.len() == ALL_DIGITS {
            return None;
        }
        Name::parse(&self.text).ok()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
