//! Roots of trust for signatures without keys: whose certificates count, and whose logs.

use std::fmt;

use keepdocker_terms::digest::Digest;
use sigstore_verify::types::Bundle;
use sigstore_verify::{CertificateError, Error as SigstoreError, VerificationPolicy, Verifier};

use crate::identities::is_plain;
use crate::{Objection, provider, shown};

/// Authorities for certificates, logs and times, as a file in Sigstore's form `trusted_root.json` names them.
pub struct TrustedRoot {
    fingerprint: Digest,
    verifier: Verifier,
}

/// Why a text is no root of trust; the end of a sentence that begins with its file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// It is of another form.
    #[error("is no root of trust in the form of Sigstore's trusted_root.json: {0}")]
    Unreadable(String),
    /// Something that every proof needs is not in it.
    #[error("names no {0}, so no signature could be proven by it")]
    Lacking(&'static str),
}

/// The person or program that a certificate is for, and who vouched for that.
pub(crate) struct Claim {
    pub(crate) issuer: String,
    pub(crate) identity: String,
}

impl TrustedRoot {
    /// Reads the text of a file `trusted_root.json`.
    ///
    /// # Errors
    /// If it is none, or nothing could ever be proven by it.
    pub fn parse(text: &str) -> Result<Self, RootError> {
        provider::lend();
        let unreadable =
            |error: &dyn fmt::Display| RootError::Unreadable(shown(&error.to_string()));
        let root = sigstore_verify::trust_root::TrustedRoot::from_json(text)
            .map_err(|error| unreadable(&error))?;
        for (is_absent, what) in [
            (
                root.certificate_authorities.is_empty(),
                "authority for certificates (`certificateAuthorities`)",
            ),
            (root.ctlogs.is_empty(), "log of certificates (`ctlogs`)"),
            (root.tlogs.is_empty(), "log of signatures (`tlogs`)"),
        ] {
            if is_absent {
                return Err(RootError::Lacking(what));
            }
        }
        Ok(Self {
            fingerprint: Digest::of(text.as_bytes()),
            verifier: Verifier::new(&root).map_err(|error| unreadable(&error))?,
        })
    }

    /// Returns the digest of the text.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    /// Proves who signed a message: the certificate, that it is in its log, that the signature is in a log, that this was
    /// while the certificate was valid, by a time that somebody signed, and that all of it is about this signature.
    pub(crate) fn prove(&self, bundle: &Bundle, message: &[u8]) -> Result<Claim, Objection> {
        // Whose signature it has to be is the caller's question; everything else is asked here.
        let policy = VerificationPolicy::any_identity();
        let proven = provider::knowing(message, || self.verifier.verify(message, bundle, &policy))
            .map_err(|error| unproven(&error))?;
        let is_whole =
            proven.certificate_verified() && proven.sct_verified() && proven.tlog_verified();
        if !is_whole || proven.verified_timestamps().is_empty() {
            return Err(Objection::Unproven("something was not checked".to_owned()));
        }
        let claim = proven.issuer().zip(proven.identity());
        let (issuer, identity) = claim.ok_or_else(|| {
            Objection::Unproven(
                "its certificate says not who signed, or not who vouches".to_owned(),
            )
        })?;
        if !is_plain(issuer) || !is_plain(identity.as_str()) {
            return Err(Objection::unreadable(
                "its certificate is for a name with characters that are never in one",
            ));
        }
        Ok(Claim {
            issuer: issuer.to_owned(),
            identity: identity.as_str().to_owned(),
        })
    }
}

fn unproven(error: &SigstoreError) -> Objection {
    match error {
        SigstoreError::ArtifactMismatch(_) => {
            Objection::Unproven("it is on something else".to_owned())
        }
        // Its words are those of a library, with the names of its cases.
        SigstoreError::Certificate(CertificateError::ChainInvalid(text)) => {
            let words = if text.contains("CertExpired") || text.contains("CertNotValidYet") {
                "its certificate was not valid when it was made".to_owned()
            } else if text.contains("UnknownIssuer")
                || text.contains("InvalidSignatureForPublicKey")
            {
                "its certificate is of no authority that the root of trust names".to_owned()
            } else {
                shown(text)
            };
            Objection::Unproven(words)
        }
        other => Objection::Unproven(shown(&other.to_string())),
    }
}

impl PartialEq for TrustedRoot {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for TrustedRoot {}

/// Shows the fingerprint alone.
impl fmt::Debug for TrustedRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedRoot({})", self.fingerprint)
    }
}
