//! Somebody who signs images, as cosign does it. It shares no code with what checks signatures.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

mod keyless;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

pub use keyless::{Logged, Sigstore};

/// What a statement says that is a signature.
pub const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";
/// The media type of bundles.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The media type of the payloads of old signatures.
pub const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The annotation that has an old signature.
pub const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// What begins the DER form of a key of each kind.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const ED25519: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Somebody with a key.
#[derive(Debug)]
pub enum Signer {
    /// Of ECDSA on P-256.
    P256(EcdsaKeyPair),
    /// Of Ed25519.
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    /// Makes a key on P-256.
    #[must_use]
    pub fn p256() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self::P256(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap())
    }

    /// Makes a key of Ed25519.
    #[must_use]
    pub fn ed25519() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
    }

    /// Makes one of each kind.
    #[must_use]
    pub fn both() -> [Self; 2] {
        [Self::p256(), Self::ed25519()]
    }

    /// Signs bytes; the signature is in base64.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> String {
        BASE64_STANDARD.encode(match self {
            Self::P256(key) => key.sign(&SystemRandom::new(), message).unwrap(),
            Self::Ed25519(key) => key.sign(message),
        })
    }

    /// Returns the public key in DER, as base64 on one line.
    #[must_use]
    pub fn base64(&self) -> String {
        BASE64_STANDARD.encode(match self {
            Self::P256(key) => [&P256, key.public_key().as_ref()].concat(),
            Self::Ed25519(key) => [&ED25519, key.public_key().as_ref()].concat(),
        })
    }

    /// Returns the file of the public key.
    #[must_use]
    pub fn pem(&self) -> String {
        let base64 = self.base64();
        let mut lines = String::new();
        for line in base64.as_bytes().chunks(64) {
            lines += std::str::from_utf8(line).unwrap();
            lines.push('\n');
        }
        format!("-----BEGIN PUBLIC KEY-----\n{lines}-----END PUBLIC KEY-----\n")
    }

    /// Returns a payload of the old form for what has this digest, and the signature on it.
    #[must_use]
    pub fn payload(&self, digest: &str, reference: &str) -> (String, String) {
        let payload = payload(digest, reference);
        let signature = self.sign(payload.as_bytes());
        (payload, signature)
    }

    /// Returns a bundle that signs what has this digest.
    #[must_use]
    pub fn bundle(&self, digest: &str) -> String {
        self.attestation(digest, SIGNED)
    }

    /// Returns a bundle with a statement of another kind on what has this digest.
    #[must_use]
    pub fn attestation(&self, digest: &str, predicate: &str) -> String {
        self.envelope(
            "application/vnd.in-toto+json",
            &statement(digest, predicate),
        )
    }

    /// Returns a bundle with an envelope of any content.
    #[must_use]
    pub fn envelope(&self, kind: &str, payload: &str) -> String {
        let covered = covered(kind, payload);
        format!(
            r#"{{"mediaType":"{BUNDLE}","verificationMaterial":{{"publicKey":{{"hint":""}},"tlogEntries":[]}},"dsseEnvelope":{{"payload":"{}","payloadType":"{kind}","signatures":[{{"sig":"{}"}}]}}}}"#,
            BASE64_STANDARD.encode(payload),
            self.sign(covered.as_bytes())
        )
    }
}

/// Returns a payload of the old form for what has this digest.
#[must_use]
pub fn payload(digest: &str, reference: &str) -> String {
    format!(
        r#"{{"critical":{{"identity":{{"docker-reference":"{reference}"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":null}}"#
    )
}

/// Returns a statement on what has this digest.
fn statement(digest: &str, predicate: &str) -> String {
    let digits = digest.trim_start_matches("sha256:");
    let other = "0".repeat(128);
    format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"","digest":{{"sha512":"{other}"}}}},{{"digest":{{"sha256":"{digits}"}}}}],"predicateType":"{predicate}","predicate":{{}}}}"#
    )
}

/// Returns what the signature of an envelope covers.
fn covered(kind: &str, payload: &str) -> String {
    format!("DSSEv1 {} {kind} {} {payload}", kind.len(), payload.len())
}
