//! What a person means by an image: a name, or an image ID.
//!
//! A name is a repository with an optional registry host, tag and digest, in the grammar of the
//! distribution project. Spellings that Docker takes for one name are one: `debian`,
//! `docker.io/library/debian` and `index.docker.io/debian`. An image ID is the digest of the image's config, whole or cut to at
//! least twelve digits, with or without the `sha256:` before it. Nothing else is accepted, so
//! that no character of a name can act as a pattern later.
//!
//! A text of twelve to sixty-four hexadecimal digits could be either. It counts as an ID; a
//! caller that finds no such ID may ask for the same text as a name.

mod error;
mod grammar;
mod hub;
mod id;
mod name;
mod spelled;

#[cfg(test)]
mod tests;

use std::fmt;

pub use error::ReferenceError;
pub use grammar::{is_host, is_host_name};
pub use id::Id;
pub use name::Name;
pub use spelled::Spelled;

use grammar::{ALGORITHM, is_tag};
use spelled::LONGEST_TEXT;

/// A name or an image ID; prints exactly as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A name.
    Name(Name),
    /// An image ID, whole or cut.
    Id(Id),
}

impl Reference {
    /// Reads a name or an ID.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if text.len() > LONGEST_TEXT {
            return Err(ReferenceError::TooLong);
        }
        if let Some(id) = Id::parse(text)? {
            return Ok(Self::Id(id));
        }
        Name::parse(text).map(Self::Name)
    }

    /// Reads a name or an ID that may have its tag beside it.
    ///
    /// Digits with a tag beside them are the name of a repository. Both may also be the halves of what was split
    /// at a colon that is not the one before a tag: of a registry's port, or of an image ID.
    pub fn with_tag(text: &str, tag: Option<&str>) -> Result<Self, ReferenceError> {
        let reference = Self::parse(text)?;
        let Some(tag) = tag else {
            return Ok(reference);
        };
        if let Some(name) = Name::with_halves(text, tag) {
            return Ok(Self::Name(name));
        }
        if text == ALGORITHM.trim_end_matches(':')
            && let Ok(Some(id)) = Id::parse(&format!("{text}:{tag}"))
        {
            return Ok(Self::Id(id));
        }
        let mut name = match &reference {
            Self::Name(name) if name.tag.is_none() && name.digest.is_none() => name.clone(),
            Self::Id(_) if !text.contains(':') => Name::parse(text)?,
            _ => {
                return Err(ReferenceError::TwoTags {
                    image: text.into(),
                    tag: tag.into(),
                });
            }
        };
        if !is_tag(tag) {
            return Err(ReferenceError::Tag(tag.into()));
        }
        name.tag = Some(tag.into());
        Ok(Self::Name(name))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}
