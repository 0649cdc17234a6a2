//! What proves to a registry who is asking.

use std::fmt;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The name that stands where the secret is no password but a token of a person.
pub(crate) const TOKEN_USER: &str = "<token>";

/// Base64 as login files have it: with the padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What proves to a registry who is asking.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Login {
    /// A name and a password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A token of a person, for which the registry's server of tokens gives others.
    Identity(String),
    /// A token for the registry itself.
    Registry(String),
}

impl Login {
    /// Takes what helpers and some files say: a name, which may mean that a token follows.
    pub(crate) fn of_user(user: &str, secret: &str) -> Self {
        match user {
            TOKEN_USER => Self::Identity(secret.to_owned()),
            user => Self::Password {
                user: user.to_owned(),
                password: secret.to_owned(),
            },
        }
    }

    /// Reads `base64(user:password)`; some files have zeros behind it.
    pub(crate) fn of_base64(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text.trim()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (user, password) = text.trim_end_matches('\0').split_once(':')?;
        (!user.is_empty()).then(|| Self::of_user(user, password))
    }

    /// Returns what the scheme `Basic` makes of it; none of a token.
    pub(crate) fn basic(&self) -> Option<String> {
        match self {
            Self::Password { user, password } => Some(format!(
                "Basic {}",
                BASE64.encode(format!("{user}:{password}"))
            )),
            Self::Identity(_) | Self::Registry(_) => None,
        }
    }
}

/// Leaves the secret out.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Password",
            Self::Identity(_) => "Identity",
            Self::Registry(_) => "Registry",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(user: &str, password: &str) -> Option<Login> {
        Some(Login::Password {
            user: user.into(),
            password: password.into(),
        })
    }

    #[test]
    fn logins_are_read_as_files_have_them() {
        for (text, expected) in [
            ("bWU6c2VjcmV0", password("me", "secret")),
            ("bWU6YTpi", password("me", "a:b")),
            ("bWU6", password("me", "")),
            ("bWU6cHc=", password("me", "pw")),
            ("bWU6cHc", password("me", "pw")),
            ("bWU6cHcAAA==", password("me", "pw")),
            ("PHRva2VuPjpabg==", Some(Login::Identity("Zn".into()))),
            ("bWU=", None),
            ("OnB3", None),
            ("***", None),
        ] {
            assert_eq!(Login::of_base64(text), expected, "{text}");
        }
        let login = Login::of_user("me", "s3cr3t");
        assert_eq!(login.basic().as_deref(), Some("Basic bWU6czNjcjN0"));
        assert!(!format!("{login:?}").contains("s3cr3t"));
    }
}
