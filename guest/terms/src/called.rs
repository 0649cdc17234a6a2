//! What a person writes after an archive to say which of its images is meant.

use crate::reference::{Name, Reference};

/// A text that means one image of several: a name, a digest or its first digits, `@` and a place in the archive's
/// list counted from 0, or whatever the archive itself calls the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Called<'a>(pub &'a str);

impl Called<'_> {
    /// Tells whether it is `@` and this place, as in containers-transports(5).
    #[must_use]
    pub fn is_at(self, position: usize) -> bool {
        let place = self.0.strip_prefix('@').map(str::parse);
        place.is_some_and(|place| place == Ok(position))
    }

    /// Tells whether it is one of these names, however it is spelled.
    #[must_use]
    pub fn is_name(self, names: &[String]) -> bool {
        let name = Name::parse(self.0);
        names.iter().any(|held| match &name {
            Ok(name) => name.is(held),
            Err(_) => held == self.0,
        })
    }

    /// Tells whether it is one of these digests, or the beginning of one.
    pub fn is_digest<'d>(self, digests: impl IntoIterator<Item = &'d str>) -> bool {
        match Reference::parse(self.0) {
            Ok(Reference::Id(id)) => digests.into_iter().any(|digest| id.matches(digest)),
            _ => false,
        }
    }

    /// Tells whether it is letter by letter what an image layout refers to an image by, often a tag.
    #[must_use]
    pub fn is_reference(self, references: &[String]) -> bool {
        references.iter().any(|held| held == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_number_after_an_at_sign() {
        assert!(Called("@0").is_at(0) && Called("@12").is_at(12));
        for other in ["@1", "0", "@", "@-0", "@x", "@ 0", ""] {
            assert!(!Called(other).is_at(0), "{other}");
        }
    }

    #[test]
    fn a_name_may_be_spelled_in_several_ways() {
        let held = ["lab/tool:1".to_owned(), "<none>:<none>".to_owned()];
        for text in ["lab/tool:1", "docker.io/lab/tool:1", "<none>:<none>"] {
            assert!(Called(text).is_name(&held), "{text}");
        }
        for text in ["lab/tool", "lab/tool:2", "@0", ""] {
            assert!(!Called(text).is_name(&held), "{text}");
        }
    }

    #[test]
    fn a_digest_may_be_cut() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let digits = &digest["sha256:".len()..];
        for text in [&digest, digits, &digits[..12], &digest[..30]] {
            assert!(Called(text).is_digest([digest.as_str()]), "{text}");
        }
        for text in ["ab", &digest[..12], "abababababac", "lab/tool:1"] {
            assert!(!Called(text).is_digest([digest.as_str()]), "{text}");
        }
    }

    #[test]
    fn what_a_layout_says_counts_letter_by_letter() {
        let held = ["stable".to_owned()];
        assert!(Called("stable").is_reference(&held));
        assert!(!Called("Stable").is_reference(&held));
    }
}
