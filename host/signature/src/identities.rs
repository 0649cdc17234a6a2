//! Identities that certificates are for, spelled out or by what they begin with.

use std::fmt;

/// How an entry for all identities below something ends.
const ALL_BELOW: &str = "/**";

/// Identities of signers: one, or all below something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identities {
    /// With the slash at its end, where all below it are meant.
    text: String,
    has_all_below: bool,
}

/// Why a text denotes no identities; the end of a sentence that begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// There is nothing, or something that is never part of one.
    #[error(
        "is no identity: those of certificates are addresses such as `me@lab.example` or `https://github.com/lab/…`, without spaces, commas and `#`"
    )]
    Malformed,
    /// A pattern of another form than the one there is.
    #[error("has `*` in it; it can only end in `/**`, which stands for all below")]
    Pattern,
    /// It would be anybody.
    #[error("stands for anybody; name at least the host before `/**`")]
    Anybody,
}

impl Identities {
    /// Reads an identity, or `PREFIX/**` for all that begin with `PREFIX/`.
    ///
    /// # Errors
    /// If it is neither, or would be anybody.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        if !is_plain(text) {
            return Err(IdentityError::Malformed);
        }
        let (text, has_all_below) = match text.strip_suffix(ALL_BELOW) {
            Some(above) => (format!("{above}/"), true),
            None if text == "**" => return Err(IdentityError::Anybody),
            None => (text.to_owned(), false),
        };
        if text.contains('*') {
            return Err(IdentityError::Pattern);
        }
        let host = text.split_once("://").map_or(&*text, |(_, rest)| rest);
        if host.is_empty() || (has_all_below && host.starts_with('/')) {
            return Err(IdentityError::Anybody);
        }
        Ok(Self {
            text,
            has_all_below,
        })
    }

    pub(crate) fn cover(&self, identity: &str) -> bool {
        if self.has_all_below {
            identity.len() > self.text.len() && identity.starts_with(&self.text)
        } else {
            identity == self.text
        }
    }
}

/// Shows them as they are stated.
impl fmt::Display for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        f.write_str(if self.has_all_below { "**" } else { "" })
    }
}

/// Tells whether a text may be part of a signer's name: names stand in lists, in words and in properties.
pub(crate) fn is_plain(text: &str) -> bool {
    let is_part = |char: char| char.is_ascii_graphic() && !matches!(char, ',' | '#');
    !text.is_empty() && text.len() <= LONGEST_PART && text.chars().all(is_part)
}

/// The longest issuer or identity, in bytes. Those of build services have about 200.
const LONGEST_PART: usize = 1000;

/// Tells whether a text may be the name of an issuer: the address of a server, without encryption only on this machine.
///
/// What stands in a certificate is compared with it letter by letter.
#[must_use]
pub fn is_issuer(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    is_plain(text) && !text.contains('*') && host.is_some_and(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_itself_and_a_prefix_is_all_below() {
        for (stated, identity, is_covered) in [
            ("me@lab.example", "me@lab.example", true),
            ("me@lab.example", "me@lab.example.org", false),
            ("me@lab.example", "Me@lab.example", false),
            (
                "https://github.com/lab/**",
                "https://github.com/lab/tools/.github/workflows/r.yml@refs/tags/1",
                true,
            ),
            (
                "https://github.com/lab/**",
                "https://github.com/lab/",
                false,
            ),
            ("https://github.com/lab/**", "https://github.com/lab", false),
            (
                "https://github.com/lab/**",
                "https://github.com/lab2/tools",
                false,
            ),
            (
                "https://github.com/lab/**",
                "https://github.com/LAB/tools",
                false,
            ),
            (
                "https://github.com/lab/r.yml@refs/tags/**",
                "https://github.com/lab/r.yml@refs/tags/v1",
                true,
            ),
            (
                "https://github.com/lab/r.yml@refs/tags/**",
                "https://github.com/lab/r.yml@refs/heads/v1",
                false,
            ),
        ] {
            let identities = Identities::parse(stated).unwrap();
            assert_eq!(
                identities.cover(identity),
                is_covered,
                "{stated} {identity}"
            );
            assert_eq!(identities.to_string(), stated);
        }
    }

    #[test]
    fn what_would_be_anybody_or_nobody_is_refused() {
        for (text, error) in [
            ("", IdentityError::Malformed),
            ("a b", IdentityError::Malformed),
            ("a,b", IdentityError::Malformed),
            ("a#b", IdentityError::Malformed),
            ("ä@lab.example", IdentityError::Malformed),
            ("**", IdentityError::Anybody),
            ("/**", IdentityError::Anybody),
            ("https:///**", IdentityError::Anybody),
            ("https://", IdentityError::Anybody),
            ("*@lab.example", IdentityError::Pattern),
            ("https://*/lab/**", IdentityError::Pattern),
            ("https://**", IdentityError::Anybody),
            ("https://github.com/lab**", IdentityError::Pattern),
        ] {
            assert_eq!(Identities::parse(text), Err(error), "{text}");
        }
        assert_eq!(
            Identities::parse(&"a".repeat(1001)),
            Err(IdentityError::Malformed)
        );
        for (text, is_one) in [
            ("https://token.actions.githubusercontent.com", true),
            ("http://127.0.0.1:5556/auth", true),
            ("accounts.google.com", false),
            ("https://", false),
            ("https://a/*", false),
            ("https://a b", false),
        ] {
            assert_eq!(is_issuer(text), is_one, "{text}");
        }
    }
}
