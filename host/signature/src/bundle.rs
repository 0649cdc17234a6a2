//! Bundles of Sigstore: a signature, and what it covers or the digest of that.

use keepdocker_terms::digest::Digest;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::{LONGEST, Objection, Signed, Signer, Subject, base64, by_key, keyless, shown};

/// What the media types of bundles begin with, however their versions write it.
const KIND: &str = "application/vnd.dev.sigstore.bundle";
/// The type of what an envelope holds: a statement in the form of in-toto.
const STATEMENT: &str = "application/vnd.in-toto+json";
const STATEMENTS: [&str; 2] = [
    "https://in-toto.io/Statement/v1",
    "https://in-toto.io/Statement/v0.1",
];
/// What a statement says that is a signature and nothing more. Others of the same signer, such as a list of
/// weaknesses that were found, do not mean that the image is to be used.
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";

/// Nobody needs more signatures on one statement, or images in it.
const MOST: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    verification_material: Option<Material>,
    dsse_envelope: Option<Envelope>,
    message_signature: Option<MessageSignature>,
}

/// Whether a bundle has a certificate; what else is in it, `keyless` reads.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
struct EnvelopeSignature {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageSignature {
    message_digest: Option<MessageDigest>,
    signature: String,
}

#[derive(Deserialize)]
struct MessageDigest {
    algorithm: String,
    digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    predicate_type: String,
    subject: Vec<About>,
}

#[derive(Deserialize)]
struct About {
    digest: Digests,
}

#[derive(Deserialize)]
struct Digests {
    sha256: Option<String>,
}

/// Checks the signature of a bundle, and that it is about the image.
pub(crate) fn check(
    text: &[u8],
    subject: &Subject<'_>,
    signers: &[Signer],
) -> Result<Signed, Objection> {
    if text.len() > LONGEST {
        return Err(Objection::unreadable("it is too long"));
    }
    let bundle: Bundle = serde_json::from_slice(text)
        .map_err(|_| Objection::unreadable("it is not the JSON of a bundle"))?;
    if !bundle.media_type.starts_with(KIND) {
        return Err(Objection::unreadable("it does not say that it is a bundle"));
    }
    let of_key = match (bundle.dsse_envelope, bundle.message_signature) {
        (Some(envelope), None) => of_envelope(&envelope, subject, signers),
        (None, Some(signature)) => of_message(&signature, subject, signers),
        _ => Err(Objection::unreadable(
            "it has not one signature, of a statement or of a message",
        )),
    };
    let has_certificate = bundle.verification_material.is_some_and(|material| {
        material.certificate.is_some() || material.x509_certificate_chain.is_some()
    });
    match of_key {
        Err(Objection::OtherSigner)
            if has_certificate && signers.iter().any(Signer::is_keyless) =>
        {
            keyless::of_bundle(text, subject, signers)
        }
        other => other,
    }
}

/// Checks a statement in an envelope (DSSE).
fn of_envelope(
    envelope: &Envelope,
    subject: &Subject<'_>,
    signers: &[Signer],
) -> Result<Signed, Objection> {
    let payload = base64(&envelope.payload)?;
    let covered = covered(&envelope.payload_type, &payload);
    let mut key = Err(Objection::OtherSigner);
    for signature in envelope.signatures.iter().take(MOST) {
        let Ok(bytes) = base64(&signature.sig) else {
            continue;
        };
        key = by_key(signers, &covered, &bytes);
        if key.is_ok() {
            break;
        }
    }
    let key = key?;
    about_the_image(&envelope.payload_type, &payload, subject)?;
    Ok(key)
}

/// Makes sure that what an envelope holds stands for the image, and for nothing else.
pub(crate) fn about_the_image(
    kind: &str,
    payload: &[u8],
    subject: &Subject<'_>,
) -> Result<(), Objection> {
    if kind != STATEMENT {
        return Err(Objection::OtherStatement(shown(kind)));
    }
    let statement: Statement = serde_json::from_slice(payload)
        .map_err(|_| Objection::unreadable("what it covers is not the JSON of a statement"))?;
    if !STATEMENTS.contains(&&*statement.kind) {
        return Err(Objection::OtherStatement(shown(&statement.kind)));
    }
    if statement.predicate_type != SIGNED {
        return Err(Objection::OtherStatement(shown(&statement.predicate_type)));
    }
    let wanted = subject.digest().hex();
    let named = || {
        let named = statement.subject.iter().take(MOST);
        named.filter_map(|signed| signed.digest.sha256.as_deref())
    };
    if !named().any(|digest| digest == wanted) {
        let other = named().next().unwrap_or("nothing");
        return Err(Objection::OtherDigest(shown(other)));
    }
    Ok(())
}

/// Checks a signature of the document itself.
fn of_message(
    message: &MessageSignature,
    subject: &Subject<'_>,
    signers: &[Signer],
) -> Result<Signed, Objection> {
    if let Some(said) = &message.message_digest {
        let digest = base64(&said.digest)?;
        let digest: Option<[u8; 32]> = digest.try_into().ok();
        let digest = digest.map(Digest::from);
        if said.algorithm != "SHA2_256" || digest != Some(subject.digest()) {
            let other = digest.map_or_else(|| said.algorithm.clone(), |digest| digest.to_string());
            return Err(Objection::OtherDigest(shown(&other)));
        }
    }
    by_key(signers, subject.document, &base64(&message.signature)?)
}

/// Returns the bytes that the signature of an envelope covers.
fn covered(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}
