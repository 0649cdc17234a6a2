//! Image IDs: the digest of an image's config, with `sha256:` before its digits or without.
//!
//! With it, an ID is of the format that Docker has had since 2016, which Arvados calls v2. The digits alone are
//! an ID of the v1 format, or what an engine prints that leaves `sha256:` out. An ID that a person types may
//! also be cut; [`reference::Id`](crate::reference::Id) reads those.

use crate::digest::{ALGORITHM, DIGITS};
use crate::hex;

/// A whole image ID, borrowed from its text. Its digits may be of either case.
#[derive(Debug, Clone, Copy)]
pub struct ImageId<'a>(&'a str);

impl<'a> ImageId<'a> {
    /// Reads 64 hexadecimal digits, with `sha256:` before them or without; none for other texts.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        hex::are_digits(bare(text), DIGITS).then_some(Self(text))
    }

    /// Returns the ID as it was given.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.0
    }

    /// Returns the digits alone, as they were given.
    #[must_use]
    pub fn digits(self) -> &'a str {
        bare(self.0)
    }
}

/// Two IDs are one if their digits are, however they are written.
impl PartialEq for ImageId<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.digits().eq_ignore_ascii_case(other.digits())
    }
}

impl Eq for ImageId<'_> {}

/// Returns an ID, or a part of one, without the `sha256:` that not everybody writes.
#[must_use]
pub fn bare(id: &str) -> &str {
    id.strip_prefix(ALGORITHM).unwrap_or(id)
}

/// Tells whether a text is marked as an ID: whether it begins with `sha256:`.
#[must_use]
pub fn is_marked(text: &str) -> bool {
    text.starts_with(ALGORITHM)
}

/// Tells whether the text can be the beginning of an ID: at least one hexadecimal digit, with `sha256:` before
/// or without.
#[must_use]
pub fn is_beginning(text: &str) -> bool {
    let digits = bare(text);
    !digits.is_empty() && hex::are_digits(digits, digits.len())
}

/// Tells whether the text is `sha256:` and 64 lower-case hexadecimal digits.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    is_marked(text) && hex::are_lower_digits(bare(text), DIGITS)
}

/// Returns the ID in the form in which images are registered.
///
/// Podman prints the digits alone; no engine of today has images in the v1 format, whose IDs
/// look like that.
#[must_use]
pub fn normalized(engine_id: &str) -> String {
    if hex::are_lower_digits(engine_id, DIGITS) {
        format!("{ALGORITHM}{engine_id}")
    } else {
        engine_id.into()
    }
}

/// Returns the image format that an ID belongs to.
#[must_use]
pub fn format(id: &str) -> &'static str {
    if is_marked(id) {
        "v2"
    } else if !id.contains(':') {
        "v1"
    } else {
        "unknown"
    }
}

/// Returns the first twelve characters of an ID, as the collection's name and the listing show it.
#[must_use]
pub fn short(id: &str) -> &str {
    id.char_indices().nth(12).map_or(id, |(end, _)| &id[..end])
}

/// Returns the name of an image's file, in Keep and in the cache.
///
/// The server finds images by this name, and the compute nodes take the ID from it.
#[must_use]
pub fn file_name(id: &str) -> String {
    format!("{id}{SUFFIX}")
}

const SUFFIX: &str = ".tar";

/// Returns the ID that a file is named by, if it is named like an image.
#[must_use]
pub fn id_of_file(name: &str) -> Option<&str> {
    ImageId::parse(name.strip_suffix(SUFFIX)?).map(ImageId::text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "d8309758b8fe2c81034ffc8a10c36460b77db7bc5e7b448c4e5b684f9d95a678";

    #[test]
    fn an_id_is_64_digits_and_its_algorithm_may_be_left_out() {
        let v2 = format!("{ALGORITHM}{HEX}");
        let (one, other) = (ImageId::parse(&v2), ImageId::parse(HEX));
        assert!(one.is_some() && one == other);
        let upper = HEX.to_uppercase();
        assert_eq!(ImageId::parse(&upper), other);
        let another = HEX.replace('d', "e");
        assert_ne!(ImageId::parse(&another), other);
        let longer = format!("{HEX}0");
        for wrong in ["", "sha256:", &HEX[1..], &longer, &v2[1..], "sha512:00"] {
            assert_eq!(ImageId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_format_shows_in_the_id() {
        for (id, expected) in [("sha256:abc", "v2"), (HEX, "v1"), ("md5:abc", "unknown")] {
            assert_eq!(format(id), expected, "{id}");
        }
    }

    #[test]
    fn an_id_without_its_algorithm_gets_it() {
        let v2 = format!("{ALGORITHM}{HEX}");
        assert_eq!(normalized(HEX), v2);
        assert_eq!(normalized(&v2), v2);
        assert_eq!(normalized("d8309758"), "d8309758");
    }

    #[test]
    fn a_short_id_ends_between_two_characters() {
        assert_eq!(short(HEX), "d8309758b8fe");
        assert_eq!(short("sha256:d8309758"), "sha256:d8309");
        assert_eq!(short("ééééééééééééé"), "éééééééééééé");
        assert_eq!(short("d83"), "d83");
    }

    #[test]
    fn only_a_file_that_is_named_like_an_image_has_an_id() {
        let v2 = format!("{ALGORITHM}{HEX}");
        assert_eq!(id_of_file(&file_name(&v2)), Some(v2.as_str()));
        assert_eq!(id_of_file(&file_name(HEX)), Some(HEX));
        for name in ["", ".tar", "sha256:.tar", HEX, "data.tar", &v2] {
            assert_eq!(id_of_file(name), None, "{name}");
        }
    }
}
