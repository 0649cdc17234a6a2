//! The token that proves to the cluster who is asking.

use std::fmt;
use std::sync::Arc;

/// An API token, in any of the forms that Arvados knows.
///
/// Block signatures are made for the exact text, so it is sent as it was given. It has no
/// `Display` and no serialised form, and `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

/// Why a text is no token. None of it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// It has characters that no token has.
    #[error("ARVADOS_API_TOKEN has characters that cannot be in a token (a blank, a line break?)")]
    Characters,
    /// It stands in quotes, as in a file that a shell was to read.
    #[error("ARVADOS_API_TOKEN begins or ends with a quote; give it without quotes")]
    Quotes,
    /// It is cut off behind the token's own UUID.
    #[error(
        "ARVADOS_API_TOKEN has no secret part; the whole of it is needed, in the form \
         `v2/UUID/SECRET`"
    )]
    NoSecret,
}

impl Token {
    /// Takes the text of a token.
    ///
    /// # Errors
    /// If it is empty, has other characters than visible ASCII, or is seen not to be whole.
    pub fn new(text: &str) -> Result<Self, InvalidToken> {
        const QUOTES: [char; 3] = ['"', '\'', '`'];
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidToken::Characters);
        }
        if text.starts_with(QUOTES) || text.ends_with(QUOTES) {
            return Err(InvalidToken::Quotes);
        }
        if let Some(rest) = text.strip_prefix("v2/")
            && rest
                .split_once('/')
                .is_none_or(|(_, secret)| secret.is_empty())
        {
            return Err(InvalidToken::NoSecret);
        }
        Ok(Self(text.into()))
    }

    /// Returns the text, which must reach nobody but the cluster.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_shown() {
        let token = Token::new("v2/zzzzz-gj3su-000000000000001/s3cr3t").unwrap();
        assert_eq!(format!("{token:?}"), "Token(hidden)");
    }

    #[test]
    fn what_cannot_stand_in_a_header_is_no_token() {
        for bad in ["", "a b", "a\n", "é", "a\u{0}"] {
            assert_eq!(Token::new(bad), Err(InvalidToken::Characters));
        }
    }

    #[test]
    fn quotes_and_a_missing_secret_are_told_without_the_token() {
        for bad in ["\"abc\"", "'v2/zzzzz-gj3su-000000000000001/abc'", "abc\""] {
            assert_eq!(Token::new(bad), Err(InvalidToken::Quotes), "{bad}");
        }
        for bad in [
            "v2/",
            "v2/zzzzz-gj3su-000000000000001",
            "v2/zzzzz-gj3su-000000000000001/",
        ] {
            assert_eq!(Token::new(bad), Err(InvalidToken::NoSecret), "{bad}");
        }
        assert!(Token::new("abc").is_ok());
    }
}
