//! Public keys, as files and policies have them.

use std::fmt;

use base64::Engine as _;
use keepdocker_terms::digest::Digest;
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey, VerificationAlgorithm};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject as _;

/// What stands before the point of a key of the curve P-256 (RFC 5480), and before the 32 bytes of one of Ed25519
/// (RFC 8410). DER writes each in this one way, so that nothing needs to be parsed.
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const ED25519_KEY: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// How long the point of P-256 is: whole, after the byte that says so.
const POINT: usize = 65;
const WHOLE_POINT: u8 = 4;
const ED25519_LENGTH: usize = 32;

/// A public key: one of ECDSA on the curve P-256, as cosign makes them, or of Ed25519.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    kind: Kind,
    bytes: Vec<u8>,
    fingerprint: Digest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    P256,
    Ed25519,
}

/// Why something is no public key; the end of a sentence that begins with what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is none in the text.
    #[error(
        "holds no public key; it should have one between `-----BEGIN PUBLIC KEY-----` and `-----END PUBLIC KEY-----`, as cosign writes it to cosign.pub"
    )]
    Absent,
    /// There is more than one.
    #[error("holds more than one public key; give each signer a file of its own")]
    Several,
    /// It is no base64.
    #[error("is not the base64 of a public key")]
    NotBase64,
    /// It is one of another kind.
    #[error("is no key of ECDSA on P-256 or of Ed25519, and no others are supported")]
    OtherKind,
}

impl PublicKey {
    /// Reads the text of a file in the form PEM.
    ///
    /// # Errors
    /// If there is not exactly one public key in it, of a kind that is supported.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let mut found = SubjectPublicKeyInfoDer::pem_slice_iter(text.as_bytes());
        let key = found
            .next()
            .ok_or(KeyError::Absent)?
            .map_err(|_| KeyError::Absent)?;
        if found.next().is_some() {
            return Err(KeyError::Several);
        }
        Self::from_der(&key)
    }

    /// Reads what stands between the first and the last line of such a file, in one line.
    ///
    /// # Errors
    /// If it is no public key of a kind that is supported.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        let der = base64::prelude::BASE64_STANDARD
            .decode(text)
            .map_err(|_| KeyError::NotBase64)?;
        Self::from_der(&der)
    }

    fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let (kind, bytes) = match (der.strip_prefix(P256), der.strip_prefix(ED25519_KEY)) {
            (Some(point), _) if point.len() == POINT && point[0] == WHOLE_POINT => {
                (Kind::P256, point)
            }
            (_, Some(key)) if key.len() == ED25519_LENGTH => (Kind::Ed25519, key),
            _ => return Err(KeyError::OtherKind),
        };
        Ok(Self {
            kind,
            bytes: bytes.to_vec(),
            fingerprint: Digest::of(der),
        })
    }

    /// Returns the digest by which the key is known: that of its DER form, as `openssl pkey -pubin -outform DER` writes
    /// it.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    /// Tells whether the owner of the key signed these bytes.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &dyn VerificationAlgorithm = match self.kind {
            Kind::P256 => &ECDSA_P256_SHA256_ASN1,
            Kind::Ed25519 => &ED25519,
        };
        UnparsedPublicKey::new(algorithm, &self.bytes)
            .verify(message, signature)
            .is_ok()
    }
}

/// Shows the fingerprint alone.
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint)
    }
}
