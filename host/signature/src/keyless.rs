//! Signatures without a key of their own: the bundle that one comes in, or is made into, and whose it is.
//!
//! ```text
//! bundle of Sigstore ───────────────────────┐
//! old signature ─▶ annotations ─▶ a bundle ─┴─▶ TrustedRoot::prove ─▶ issuer, identity ─▶ a signer?
//! ```

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use keepdocker_terms::digest::Digest;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::{Value, json};
use sigstore_verify::types::{Bundle, SignatureContent};

use crate::root::Claim;
use crate::{Annotations, Keyless, Objection, Signed, Signer, Subject, TrustedRoot, bundle, shown};

/// The form of bundles for which the promise of a log is enough; old signatures have no more.
const PROMISED: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";
/// The most certificates between the signer's and the root.
const MOST_CERTIFICATES: usize = 10;

/// Tells whose signature a bundle has, if it has a certificate, and checks that it is about the image.
pub(crate) fn of_bundle(
    text: &[u8],
    subject: &Subject<'_>,
    signers: &[Signer],
) -> Result<Signed, Objection> {
    let bundle = read(text)?;
    match &bundle.content {
        SignatureContent::DsseEnvelope(envelope) => {
            let payload = envelope.payload.as_bytes();
            bundle::about_the_image(&envelope.payload_type, payload, subject)?;
        }
        // The signature is on the document itself.
        SignatureContent::MessageSignature(_) => {}
        _ => return Err(Objection::unreadable("it has a signature of another kind")),
    }
    signed(&bundle, subject.document, signers)
}

/// Tells whose signature an old one is, by what stands beside it.
pub(crate) fn of_payload(
    payload: &[u8],
    annotations: &Annotations<'_>,
    signers: &[Signer],
) -> Result<Signed, Objection> {
    let text = in_a_bundle(payload, annotations)?.to_string();
    signed(&read(text.as_bytes())?, payload, signers)
}

fn read(text: &[u8]) -> Result<Bundle, Objection> {
    serde_json::from_slice(text).map_err(|error| {
        Objection::unreadable(format!("its bundle: {}", shown(&error.to_string())))
    })
}

/// Proves who signed, by each root that a signer stands on, until one of the signers it is.
fn signed(bundle: &Bundle, message: &[u8], signers: &[Signer]) -> Result<Signed, Objection> {
    let keyless = || {
        signers.iter().filter_map(|signer| match signer {
            Signer::Keyless(keyless) => Some((signer, keyless)),
            Signer::Key(_) => None,
        })
    };
    let mut roots: Vec<&Arc<TrustedRoot>> = Vec::new();
    for (_, Keyless { root, .. }) in keyless() {
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    let mut who = None;
    let mut names = Vec::new();
    let mut objection = Objection::OtherSigner;
    for root in roots {
        match root.prove(bundle, message) {
            Ok(Claim { issuer, identity }) => {
                let on_it = keyless().filter(|(_, keyless)| keyless.root == *root);
                let is_it = on_it.filter(|(_, keyless)| keyless.covers(&issuer, &identity));
                let before = names.len();
                names.extend(is_it.map(|(signer, _)| signer.name()));
                if names.len() == before {
                    objection = Objection::OtherIdentity {
                        issuer: shown(&issuer),
                        identity: shown(&identity),
                    };
                } else {
                    who = Some(format!("{issuer}#{identity}"));
                }
            }
            // What one root proved says more than what another did not.
            Err(_) if matches!(objection, Objection::OtherIdentity { .. }) => {}
            Err(error) => objection = error,
        }
    }
    let signers = names;
    who.map(|who| Signed { who, signers }).ok_or(objection)
}

/// What a log promised, in an annotation.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Promise {
    signed_entry_timestamp: String,
    payload: Logged,
}

#[derive(Deserialize)]
struct Logged {
    body: String,
    #[serde(rename = "integratedTime")]
    time: i64,
    #[serde(rename = "logIndex")]
    index: i64,
    #[serde(rename = "logID")]
    log: String,
}

/// What a log says that it has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    kind: String,
    api_version: String,
}

/// A time that an authority signed, in an annotation.
#[derive(Deserialize)]
struct Time {
    #[serde(rename = "SignedRFC3161Timestamp")]
    signed: String,
}

/// Makes a bundle of an old signature and of what stands beside it.
fn in_a_bundle(payload: &[u8], annotations: &Annotations<'_>) -> Result<Value, Objection> {
    let unreadable = |what: &str| Objection::unreadable(format!("its {what} cannot be read"));
    let mut certificates = Vec::new();
    let chain = [annotations.certificate, annotations.chain];
    for text in chain.into_iter().flatten() {
        for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
            let certificate = certificate.map_err(|_| unreadable("certificate"))?;
            if certificates.len() > MOST_CERTIFICATES {
                return Err(unreadable("long chain of certificates"));
            }
            certificates.push(json!({"rawBytes": BASE64_STANDARD.encode(certificate)}));
        }
    }
    let promise: Promise = serde_json::from_str(annotations.log.unwrap_or("null"))
        .map_err(|_| unreadable("promise of a log"))?;
    let Logged {
        body,
        time,
        index,
        log,
    } = promise.payload;
    let decoded = BASE64_STANDARD.decode(&body).ok();
    let Body { kind, api_version } = decoded
        .and_then(|body| serde_json::from_slice(&body).ok())
        .ok_or_else(|| unreadable("entry of a log"))?;
    // A log is known by the digest of its key.
    let log = Digest::parse(&format!("sha256:{log}")).ok_or_else(|| unreadable("log's name"))?;
    let times = match annotations.time {
        None => Vec::new(),
        Some(text) => {
            let time: Time = serde_json::from_str(text).map_err(|_| unreadable("signed time"))?;
            vec![json!({"signedTimestamp": time.signed})]
        }
    };
    Ok(json!({
        "mediaType": PROMISED,
        "verificationMaterial": {
            "x509CertificateChain": {"certificates": certificates},
            "tlogEntries": [{
                "logIndex": index.to_string(),
                "logId": {"keyId": BASE64_STANDARD.encode(log.bytes())},
                "kindVersion": {"kind": kind, "version": api_version},
                "integratedTime": time.to_string(),
                "inclusionPromise": {"signedEntryTimestamp": promise.signed_entry_timestamp},
                "canonicalizedBody": body,
            }],
            "timestampVerificationData": {"rfc3161Timestamps": times},
        },
        "messageSignature": {
            "messageDigest": {
                "algorithm": "SHA2_256",
                "digest": BASE64_STANDARD.encode(Digest::of(payload).bytes()),
            },
            "signature": annotations.signature,
        },
    }))
}
