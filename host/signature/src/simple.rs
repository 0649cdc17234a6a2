//! The payload of cosign's old signatures, the form of "simple signing".

use keepdocker_terms::digest::Digest;
use keepdocker_terms::reference::Name;
use serde::Deserialize;

use crate::{LONGEST, Objection, Subject, shown};

/// What the payload says that it is.
const TYPE: &str = "cosign container image signature";

#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    #[serde(rename = "type")]
    kind: String,
    image: Image,
    identity: Identity,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

#[derive(Deserialize)]
struct Identity {
    #[serde(rename = "docker-reference")]
    reference: String,
}

/// Makes sure that a payload, whose signature is valid, is about the image.
pub(crate) fn check(payload: &[u8], subject: &Subject<'_>) -> Result<(), Objection> {
    if payload.len() > LONGEST {
        return Err(Objection::unreadable("it is too long"));
    }
    let payload: Payload = serde_json::from_slice(payload)
        .map_err(|_| Objection::unreadable("what it covers is not the JSON of a payload"))?;
    let Critical {
        kind,
        image,
        identity,
    } = payload.critical;
    if kind != TYPE {
        return Err(Objection::OtherStatement(shown(&kind)));
    }
    if Digest::parse(&image.digest) != Some(subject.digest()) {
        return Err(Objection::OtherDigest(shown(&image.digest)));
    }
    let is_name = Name::parse(&identity.reference)
        .is_ok_and(|name| name.repository() == subject.name.repository());
    if !is_name {
        return Err(Objection::OtherName(shown(&identity.reference)));
    }
    Ok(())
}
