//! The token that proves to the cluster who is asking.

use std::fmt;
use std::sync::Arc;

/// An API token, in any of the forms that Arvados knows.
///
/// Block signatures are made for the exact text, so it is sent as it was given. It has no
/// `Display` and no serialised form, and `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

/// The token has characters that no token has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ARVADOS_API_TOKEN has characters that cannot be in a token (a blank, a line break?)")]
pub struct InvalidToken;

impl Token {
    /// Takes the text of a token.
    ///
    /// # Errors
    /// If it is empty or has other characters than visible ASCII.
    pub fn new(text: &str) -> Result<Self, InvalidToken> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidToken);
        }
        Ok(Self(text.into()))
    }

    /// Returns the text, which must reach nobody but the cluster.
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
            assert_eq!(Token::new(bad), Err(InvalidToken));
        }
    }
}
