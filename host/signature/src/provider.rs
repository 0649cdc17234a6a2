//! The library of cryptography that this program has anyway, lent to what checks certificates and logs.

use std::cell::Cell;
use std::sync::Once;

use ring::digest::{self, Context, SHA256, SHA384, SHA512};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use sigstore_verify::crypto::{
    CryptoProvider, Error, HashContext, SigningScheme, install_default_provider,
};
use sigstore_verify::types::HashAlgorithm;

#[derive(Debug)]
struct Ring;

static RING: Ring = Ring;

/// Lends it, once in a process. Nobody else lends one.
pub(crate) fn lend() {
    static LENT: Once = Once::new();
    LENT.call_once(|| {
        let _ = install_default_provider(&RING);
    });
}

thread_local! {
    /// What is being checked on this thread.
    static MESSAGE: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// Checks signatures on a message.
///
/// Signatures are asked about by the digest of what they cover. `ring` computes that itself, so it has to have the
/// message, of which it is then made sure that it has this digest.
pub(crate) fn knowing<T>(message: &[u8], check: impl FnOnce() -> T) -> T {
    struct Forget;
    impl Drop for Forget {
        fn drop(&mut self) {
            MESSAGE.set(None);
        }
    }
    MESSAGE.set(Some(message.into()));
    let _forget = Forget;
    check()
}

struct Hash(Context);

impl HashContext for Hash {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finish().as_ref().to_vec()
    }
}

fn hash(algorithm: HashAlgorithm) -> Result<&'static digest::Algorithm, Error> {
    match algorithm {
        HashAlgorithm::Sha2256 => Ok(&SHA256),
        HashAlgorithm::Sha2384 => Ok(&SHA384),
        HashAlgorithm::Sha2512 => Ok(&SHA512),
        // The list is one of another crate, which may make it longer.
        other => Err(Error::UnsupportedAlgorithm(other.to_string())),
    }
}

fn algorithm(scheme: SigningScheme) -> Result<&'static dyn VerificationAlgorithm, Error> {
    Ok(match scheme {
        SigningScheme::EcdsaP256Sha256 => &ECDSA_P256_SHA256_ASN1,
        SigningScheme::EcdsaP256Sha384 => &ECDSA_P256_SHA384_ASN1,
        SigningScheme::EcdsaP384Sha256 => &ECDSA_P384_SHA256_ASN1,
        SigningScheme::EcdsaP384Sha384 => &ECDSA_P384_SHA384_ASN1,
        SigningScheme::Ed25519 => &ED25519,
        SigningScheme::RsaPssSha256 => &RSA_PSS_2048_8192_SHA256,
        SigningScheme::RsaPssSha384 => &RSA_PSS_2048_8192_SHA384,
        SigningScheme::RsaPssSha512 => &RSA_PSS_2048_8192_SHA512,
        SigningScheme::RsaPkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        SigningScheme::RsaPkcs1Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        SigningScheme::RsaPkcs1Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        // Those of lattices, and what another version of the crate may add.
        other => return Err(Error::UnsupportedAlgorithm(other.name().to_owned())),
    })
}

fn verify(scheme: SigningScheme, key: &[u8], data: &[u8], signature: &[u8]) -> Result<(), Error> {
    UnparsedPublicKey::new(algorithm(scheme)?, key)
        .verify(data, signature)
        .map_err(|_| Error::Verification("the signature is not valid".to_owned()))
}

impl CryptoProvider for Ring {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>, Error> {
        Ok(Box::new(Hash(Context::new(hash(algorithm)?))))
    }

    fn verify_raw(
        &self,
        scheme: SigningScheme,
        spki_pubkey_bytes: &[u8],
        data: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        verify(scheme, spki_pubkey_bytes, data, signature)
    }

    fn verify_prehashed(
        &self,
        scheme: SigningScheme,
        spki_pubkey_bytes: &[u8],
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let Some(hashed_by) = scheme.hash_algorithm() else {
            return Err(Error::UnsupportedAlgorithm(scheme.name().to_owned()));
        };
        let message = MESSAGE.take();
        let checked = match &message {
            Some(message) if digest::digest(hash(hashed_by)?, message).as_ref() == digest => {
                verify(scheme, spki_pubkey_bytes, message, signature)
            }
            _ => Err(Error::Verification(
                "the signature is not on what is checked".to_owned(),
            )),
        };
        MESSAGE.set(message);
        checked
    }
}

#[cfg(test)]
mod tests {
    use keepdocker_signer::Signer;
    use sigstore_verify::crypto::{VerificationKey, sha256};
    use sigstore_verify::types::SignatureBytes;

    use super::*;

    #[test]
    fn a_digest_stands_for_the_message_that_is_known_and_for_no_other() {
        lend();
        use base64::Engine as _;
        let decoded = |text: String| base64::prelude::BASE64_STANDARD.decode(text).unwrap();
        let signer = Signer::p256();
        let signature = SignatureBytes::new(decoded(signer.sign(b"message")));
        let der = decoded(signer.base64());
        let key = VerificationKey::from_spki(&der.into()).unwrap();
        let digest = sha256(b"message");
        let checked = || key.verify_prehashed(digest.as_bytes(), &signature).is_ok();
        assert!(!checked(), "nothing is known");
        assert!(knowing(b"message", || checked() && checked()));
        assert!(!knowing(b"other", checked));
        assert!(!checked(), "it is forgotten");
        let other = sha256(b"other");
        assert!(!knowing(b"other", || key
            .verify_prehashed(other.as_bytes(), &signature)
            .is_ok()));
    }
}
