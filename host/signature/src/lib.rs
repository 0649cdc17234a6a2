//! Checks signatures of images. Nothing here asks a registry or reads a file: bytes come in, and who signed goes out.
//!
//! ```text
//! payload of an old signature ─▶ simple ─┐
//! bundle of Sigstore ──────────▶ bundle ─┴─▶ PublicKey::verifies ─▶ is it about this image? ─▶ the key
//! ```
//! A signature counts only if one of the given keys made it *and* what it covers names the image: its digest, and its
//! repository where the form has one. Other statements that the same key may have signed, such as lists of parts or
//! of weaknesses, do not say that somebody stands for the image, and do not count.

mod bundle;
mod key;
mod simple;
#[cfg(test)]
mod tests;

use keepdocker_terms::digest::Digest;
use keepdocker_terms::reference::Name;
use keepdocker_wording::harmless::one_line;

pub use key::{KeyError, PublicKey};

/// The media type of the bundles that are read.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The media type of the payloads that old signatures cover.
pub const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The annotation that has the signature on such a payload.
pub const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

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
    /// None of the keys made it.
    #[error("is of none of the signers")]
    OtherSigner,
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

/// Checks an old signature of cosign: one on a payload that names the image. Returns the key that made it.
///
/// # Errors
/// If it does not count, with the reason.
pub fn of_payload<'k>(
    payload: &[u8],
    signature: &str,
    subject: &Subject<'_>,
    keys: &'k [PublicKey],
) -> Result<&'k PublicKey, Objection> {
    let signature = base64(signature)?;
    let key = signer(keys, payload, &signature)?;
    simple::check(payload, subject)?;
    Ok(key)
}

/// Checks a bundle of Sigstore, as cosign makes them since its version 3. Returns the key that made the signature in it.
///
/// What the bundle has of certificates, logs and times is not looked at: the keys are what is trusted.
///
/// # Errors
/// If it does not count, with the reason.
pub fn of_bundle<'k>(
    bundle: &[u8],
    subject: &Subject<'_>,
    keys: &'k [PublicKey],
) -> Result<&'k PublicKey, Objection> {
    bundle::check(bundle, subject, keys)
}

/// Returns the key under which a signature of these bytes is valid.
fn signer<'k>(
    keys: &'k [PublicKey],
    message: &[u8],
    signature: &[u8],
) -> Result<&'k PublicKey, Objection> {
    keys.iter()
        .find(|key| key.verifies(message, signature))
        .ok_or(Objection::OtherSigner)
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
