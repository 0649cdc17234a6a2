//! Whose signatures count.

use std::sync::Arc;

use crate::{Identities, PublicKey, TrustedRoot, is_issuer};

/// Somebody whose signature counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// The owner of a key.
    Key(PublicKey),
    /// Whoever an issuer says is one of these.
    Keyless(Keyless),
}

/// Signers without a key of their own: an issuer vouches for who they are, and a root for the issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyless {
    /// What certificates and logs are checked against.
    pub root: Arc<TrustedRoot>,
    /// Who has to have vouched for the identity, as certificates name it.
    pub issuer: String,
    /// Which identities count.
    pub identities: Identities,
}

/// A signature that was found to be valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Whose signature it is, as one notes it: the digest of the key, or `ISSUER#IDENTITY`.
    pub who: String,
    /// The names of the signers among those that were asked for who are that.
    pub signers: Vec<String>,
}

impl Signer {
    /// Tells whether the signer has no key, so that a signature needs proof of who made it.
    pub(crate) fn is_keyless(&self) -> bool {
        matches!(self, Self::Keyless(_))
    }

    /// Returns the name by which the signer is known: the digest of the key, or `ISSUER#IDENTITIES@ROOT`.
    ///
    /// It tells apart whatever decides on a signature. The root belongs to it, since what one root proves, another
    /// need not.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Key(key) => key.fingerprint().to_string(),
            Self::Keyless(Keyless {
                root,
                issuer,
                identities,
            }) => format!("{issuer}#{identities}@{}", root.fingerprint()),
        }
    }
}

impl Keyless {
    /// Splits what a command line says of such signers, `ISSUER#IDENTITIES`; none if it has no such form.
    #[must_use]
    pub fn split(text: &str) -> Option<(&str, &str)> {
        let (issuer, identities) = text.split_once('#')?;
        is_issuer(issuer).then_some((issuer, identities))
    }

    /// Tells whether a certificate for this identity by this issuer is the signer's.
    pub(crate) fn covers(&self, issuer: &str, identity: &str) -> bool {
        self.issuer == issuer && self.identities.cover(identity)
    }
}
