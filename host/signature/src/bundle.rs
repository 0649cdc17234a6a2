//! Bundles of Sigstore: a signature, and what it covers or the digest of that.

use keepdocker_terms::digest::Digest;
use serde::Deserialize;

use crate::{LONGEST, Objection, PublicKey, Subject, base64, shown, signer};

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
    dsse_envelope: Option<Envelope>,
    message_signature: Option<MessageSignature>,
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
    subject: Vec<Signed>,
}

#[derive(Deserialize)]
struct Signed {
    digest: Digests,
}

#[derive(Deserialize)]
struct Digests {
    sha256: Option<String>,
}

/// Checks the signature of a bundle, and that it is about the image.
pub(crate) fn check<'k>(
    bundle: &[u8],
    subject: &Subject<'_>,
    keys: &'k [PublicKey],
) -> Result<&'k PublicKey, Objection> {
    if bundle.len() > LONGEST {
        return Err(Objection::unreadable("it is too long"));
    }
    let bundle: Bundle = serde_json::from_slice(bundle)
        .map_err(|_| Objection::unreadable("it is not the JSON of a bundle"))?;
    if !bundle.media_type.starts_with(KIND) {
        return Err(Objection::unreadable("it does not say that it is a bundle"));
    }
    match (bundle.dsse_envelope, bundle.message_signature) {
        (Some(envelope), None) => of_envelope(&envelope, subject, keys),
        (None, Some(signature)) => of_message(&signature, subject, keys),
        _ => Err(Objection::unreadable(
            "it has not one signature, of a statement or of a message",
        )),
    }
}

/// Checks a statement in an envelope (DSSE).
fn of_envelope<'k>(
    envelope: &Envelope,
    subject: &Subject<'_>,
    keys: &'k [PublicKey],
) -> Result<&'k PublicKey, Objection> {
    let payload = base64(&envelope.payload)?;
    let covered = covered(&envelope.payload_type, &payload);
    let mut key = Err(Objection::OtherSigner);
    for signature in envelope.signatures.iter().take(MOST) {
        let Ok(bytes) = base64(&signature.sig) else {
            continue;
        };
        key = signer(keys, &covered, &bytes);
        if key.is_ok() {
            break;
        }
    }
    let key = key?;
    if envelope.payload_type != STATEMENT {
        return Err(Objection::OtherStatement(shown(&envelope.payload_type)));
    }
    let statement: Statement = serde_json::from_slice(&payload)
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
    Ok(key)
}

/// Checks a signature of the document itself.
fn of_message<'k>(
    message: &MessageSignature,
    subject: &Subject<'_>,
    keys: &'k [PublicKey],
) -> Result<&'k PublicKey, Objection> {
    if let Some(said) = &message.message_digest {
        let digest = base64(&said.digest)?;
        let digest: Option<[u8; 32]> = digest.try_into().ok();
        let digest = digest.map(Digest::from);
        if said.algorithm != "SHA2_256" || digest != Some(subject.digest()) {
            let other = digest.map_or_else(|| said.algorithm.clone(), |digest| digest.to_string());
            return Err(Objection::OtherDigest(shown(&other)));
        }
    }
    signer(keys, subject.document, &base64(&message.signature)?)
}

/// Returns the bytes that the signature of an envelope covers.
fn covered(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}
