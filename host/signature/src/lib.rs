//! Checks signatures of images. Nothing here asks a registry or reads a file: bytes come in, and who signed goes out.
//!
//! ```text
//! payload of an old signature ─▶ simple ─┬─▶ PublicKey::verifies ─┬─▶ is it about this image? ─▶ who signed
//! bundle of Sigstore ──────────▶ bundle ─┴─▶ TrustedRoot::prove ──┘
//! ```
//! A signature counts only if one of the given signers made it *and* what it covers names the image: its digest, and its
//! repository where the form has one. Other statements that the same key may have signed, such as lists of parts or
//! of weaknesses, do not say that somebody stands for the image, and do not count.

mod bundle;
mod identities;
mod key;
mod keyless;
mod provider;
mod root;
mod signer;
mod simple;
#[cfg(test)]
mod tests;

use keepdocker_terms::digest::Digest;
use keepdocker_terms::reference::Name;
use keepdocker_wording::harmless::one_line;

pub use identities::{Identities, IdentityError, is_issuer};
pub use key::{KeyError, PublicKey};
pub use root::{RootError, TrustedRoot};
pub use signer::{Keyless, Signed, Signer};

/// The media type of the bundles that are read.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The media type of the payloads that old signatures cover.
pub const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// The longest payload or bundle that is read, in bytes.
pub const LONGEST: usize = 256 << 10;

/// What has to be signed.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The name that the image was asked for by.
    pub name: &'a Name,
    /// The bytes of its manifest, or of the index that leads to it.
    pub document: &'a [u8],
}

impl Subject<'_> {
    /// Returns the digest that signatures name.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.document)
    }
}

/// Why a signature does not count; the end of a sentence that begins with what was looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// It is none that is understood.
    #[error("is no signature that can be read: {0}")]
    Unreadable(String),
    /// None of the signers made it.
    #[error("is of none of the signers")]
    OtherSigner,
    /// It is proven to be somebody's who is none of the signers.
    #[error("is of `{identity}`, for whom `{issuer}` vouches, and that is none of the signers")]
    OtherIdentity {
        /// Who vouches.
        issuer: String,
        /// Whose it is.
        identity: String,
    },
    /// It has a certificate, and something does not prove whose it is.
    #[error("is not proven to be anybody's: {0}")]
    Unproven(String),
    /// It is about another image.
    #[error("is about {0}, not about this image")]
    OtherDigest(String),
    /// It is about an image of another name.
    #[error("is about an image named `{0}`")]
    OtherName(String),
    /// It says something else than that somebody stands for the image.
    #[error("is a statement of another kind (`{0}`)")]
    OtherStatement(String),
}

impl Objection {
    fn unreadable(reason: impl Into<String>) -> Self {
        Self::Unreadable(reason.into())
    }
}

/// What stands beside an old signature: the signature, and where it has no key of its own, what proves whose it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Annotations<'a> {
    /// The signature itself, in base64.
    pub signature: &'a str,
    /// The signer's certificate, in the form PEM.
    pub certificate: Option<&'a str>,
    /// The certificates between that and the root, in the same form.
    pub chain: Option<&'a str>,
    /// What a log promised, as JSON.
    pub log: Option<&'a str>,
    /// A time that an authority signed, as JSON.
    pub time: Option<&'a str>,
}

impl<'a> Annotations<'a> {
    /// Reads the annotations of a payload; none where they have no signature.
    #[must_use]
    pub fn read(annotation: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        Some(Self {
            signature: annotation("dev.cosignproject.cosign/signature")?,
            certificate: annotation("dev.sigstore.cosign/certificate"),
            chain: annotation("dev.sigstore.cosign/chain"),
            log: annotation("dev.sigstore.cosign/bundle"),
            time: annotation("dev.sigstore.cosign/rfc3161timestamp"),
        })
    }
}

/// Checks an old signature of cosign: one on a payload that names the image.
///
/// # Errors
/// If it does not count, with the reason.
pub fn of_payload(
    payload: &[u8],
    annotations: &Annotations<'_>,
    subject: &Subject<'_>,
    signers: &[Signer],
) -> Result<Signed, Objection> {
    let signature = base64(annotations.signature)?;
    let signed = match by_key(signers, payload, &signature) {
        Err(Objection::OtherSigner)
            if annotations.certificate.is_some() && signers.iter().any(Signer::is_keyless) =>
        {
            keyless::of_payload(payload, annotations, signers)?
        }
        other => other?,
    };
    simple::check(payload, subject)?;
    Ok(signed)
}

/// Checks a bundle of Sigstore, as cosign makes them since its version 3.
///
/// Where one of the keys made the signature, what the bundle has of certificates, logs and times is not looked at: the
/// key is what is trusted. Else all of that has to prove whose signature it is.
///
/// # Errors
/// If it does not count, with the reason.
pub fn of_bundle(
    bundle: &[u8],
    subject: &Subject<'_>,
    signers: &[Signer],
) -> Result<Signed, Objection> {
    bundle::check(bundle, subject, signers)
}

/// Returns whose key it is under which a signature of these bytes is valid.
fn by_key(signers: &[Signer], message: &[u8], signature: &[u8]) -> Result<Signed, Objection> {
    let of_owner = |signer: &&Signer| match signer {
        Signer::Key(key) => key.verifies(message, signature),
        Signer::Keyless(_) => false,
    };
    let signer = signers
        .iter()
        .find(of_owner)
        .ok_or(Objection::OtherSigner)?;
    Ok(Signed {
        who: signer.name(),
        signers: vec![signer.name()],
    })
}

fn base64(text: &str) -> Result<Vec<u8>, Objection> {
    use base64::Engine as _;

    base64::prelude::BASE64_STANDARD
        .decode(text.trim())
        .map_err(|_| Objection::unreadable("what should be base64 is none"))
}

/// Makes a text of a signature harmless and short.
fn shown(text: &str) -> String {
    one_line(text, 200)
}
