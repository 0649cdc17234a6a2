//! Why a text is no reference.

use std::fmt;

use super::grammar::{ALL_DIGITS, FEWEST_DIGITS, LONGEST_REPOSITORY, LONGEST_TAG};

/// Why a text is neither a name nor an image ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceError {
    /// There is no text.
    Empty,
    /// The text is longer than names are.
    TooLong,
    /// This part stands for a registry host and is none.
    Host(String),
    /// This part stands for a repository and is none.
    Repository(String),
    /// This part stands for a tag and is none.
    Tag(String),
    /// This part stands for a digest and is none.
    Digest(String),
    /// This is marked as an image ID and has too few or too many digits.
    ShortId(String),
    /// An engine makes such names up for images that have none.
    MadeUp(String),
    /// A tag was given beside a text that has one.
    TwoTags {
        /// The text that has a tag.
        image: String,
        /// The tag beside it.
        tag: String,
    },
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "an image name cannot be empty"),
            Self::TooLong => write!(
                f,
                "an image name cannot have more than {LONGEST_REPOSITORY} characters"
            ),
            Self::Host(text) => write!(
                f,
                "`{text}` is not the name of a registry host; expected a form like `host`, `host:5000` or `[::1]:5000`, and a port without leading zeros"
            ),
            Self::Repository(text) => write!(
                f,
                "`{text}` is not the name of a repository; it may have lower-case letters, digits and single separators (`.`, `_`, `-`, `/`)"
            ),
            Self::Tag(text) => write!(
                f,
                "`{text}` is not a tag; it may have up to {LONGEST_TAG} letters, digits, `_`, `.` and `-`, and begins with none of the last two"
            ),
            Self::Digest(text) => write!(
                f,
                "`{text}` is not a digest; expected `sha256:` and 64 hexadecimal digits"
            ),
            Self::ShortId(text) => write!(
                f,
                "`{text}` is not an image ID; give between {FEWEST_DIGITS} and {ALL_DIGITS} hexadecimal digits of it"
            ),
            Self::MadeUp(text) => write!(
                f,
                "`{text}` is what an engine calls an image without a name; give the image one, or go by its ID"
            ),
            // Scripts look for these words of the Python program.
            Self::TwoTags { image, tag } => write!(
                f,
                "image '{image}' already includes a tag, cannot add tag argument '{tag}'"
            ),
        }
    }
}
