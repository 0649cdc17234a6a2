//! Signatures that the tests make themselves, whole and spoiled.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use keepdocker_signer::{Signer, payload};
use serde_json::{Value, json};

use super::*;

mod keyless;
mod real;

/// Asks by keys alone, and returns the one whose signature it is.
fn of_payload<'k>(
    payload: &[u8],
    signature: &str,
    subject: &Subject<'_>,
    keys: &'k [PublicKey],
) -> Result<&'k PublicKey, Objection> {
    let annotations = Annotations {
        signature,
        ..Annotations::default()
    };
    super::of_payload(payload, &annotations, subject, &of_keys(keys)).map(|it| owner(&it, keys))
}

/// The same of a bundle.
fn of_bundle<'k>(
    bundle: &[u8],
    subject: &Subject<'_>,
    keys: &'k [PublicKey],
) -> Result<&'k PublicKey, Objection> {
    super::of_bundle(bundle, subject, &of_keys(keys)).map(|it| owner(&it, keys))
}

fn of_keys(keys: &[PublicKey]) -> Vec<super::Signer> {
    keys.iter().cloned().map(super::Signer::Key).collect()
}

fn owner<'k>(signed: &Signed, keys: &'k [PublicKey]) -> &'k PublicKey {
    let name = |key: &&PublicKey| key.fingerprint().to_string() == signed.who;
    let key = keys.iter().find(name).unwrap();
    assert_eq!(signed.signers, std::slice::from_ref(&signed.who));
    key
}

fn key(signer: &Signer) -> PublicKey {
    PublicKey::from_base64(&signer.base64()).unwrap()
}

const DOCUMENT: &[u8] = br#"{"schemaVersion":2,"manifests":[]}"#;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn bundle(signer: &Signer, digest: &Digest) -> Value {
    serde_json::from_str(&signer.bundle(&digest.to_string())).unwrap()
}

fn of_value(bundle: &Value, keys: &[PublicKey]) -> Result<Digest, Objection> {
    let subject = Subject {
        name: &name("quay.io/lab/tool:1"),
        document: DOCUMENT,
    };
    of_bundle(bundle.to_string().as_bytes(), &subject, keys).map(PublicKey::fingerprint)
}

#[test]
fn an_old_signature_counts_for_its_image_its_name_and_its_signer_alone() {
    let digest = Digest::of(DOCUMENT).to_string();
    let tool = name("quay.io/lab/tool:1");
    let subject = Subject {
        name: &tool,
        document: DOCUMENT,
    };
    for signer in [Signer::p256(), Signer::ed25519()] {
        let keys = [key(&Signer::p256()), key(&signer), key(&Signer::ed25519())];
        let check = |payload: &[u8], subject: &Subject<'_>, keys: &[PublicKey]| {
            of_payload(payload, &signer.sign(payload), subject, keys).map(PublicKey::fingerprint)
        };
        for reference in ["quay.io/lab/tool", "quay.io:443/lab/tool:other"] {
            let found = check(payload(&digest, reference).as_bytes(), &subject, &keys);
            assert_eq!(found, Ok(key(&signer).fingerprint()), "{reference}");
        }
        let good = payload(&digest, "quay.io/lab/tool");
        assert_eq!(
            check(good.as_bytes(), &subject, &keys[..1]),
            Err(Objection::OtherSigner)
        );
        for reference in ["quay.io/lab/other", "lab/tool", "", "quay.io/lab/tool/"] {
            let found = check(payload(&digest, reference).as_bytes(), &subject, &keys);
            assert_eq!(found, Err(Objection::OtherName(reference.into())));
        }
        let other = Digest::of(b"other").to_string();
        let found = check(
            payload(&other, "quay.io/lab/tool").as_bytes(),
            &subject,
            &keys,
        );
        assert_eq!(found, Err(Objection::OtherDigest(other)));
        let kind = good.clone().replace(
            "cosign container image signature",
            "atomic container signature",
        );
        assert!(matches!(
            check(kind.as_bytes(), &subject, &keys),
            Err(Objection::OtherStatement(_))
        ));
        // The signature of one payload on another.
        let swapped = of_payload(
            good.as_bytes(),
            &signer.sign(payload(&digest, "quay.io/lab/other").as_bytes()),
            &subject,
            &keys,
        );
        assert_eq!(swapped.err(), Some(Objection::OtherSigner));
        // What readers may take differently.
        let text = good.clone();
        let twice = text.replacen(
            "\"image\":",
            "\"image\":{\"docker-manifest-digest\":\"x\"},\"image\":",
            1,
        );
        assert!(matches!(
            check(twice.as_bytes(), &subject, &keys),
            Err(Objection::Unreadable(_))
        ));
        let mut bytes = BASE64_STANDARD
            .decode(signer.sign(good.as_bytes()))
            .unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            let garbled = of_payload(
                good.as_bytes(),
                &BASE64_STANDARD.encode(&bytes),
                &subject,
                &keys,
            );
            assert_eq!(garbled.err(), Some(Objection::OtherSigner), "byte {at}");
            bytes[at] ^= 1;
        }
        for nothing in ["", "***", "AAAA"] {
            assert!(of_payload(good.as_bytes(), nothing, &subject, &keys).is_err());
        }
    }
}

#[test]
fn docker_hub_has_one_name() {
    let digest = Digest::of(DOCUMENT).to_string();
    let signer = Signer::p256();
    let payload = payload(&digest, "index.docker.io/library/debian");
    let subject = Subject {
        name: &name("debian:12"),
        document: DOCUMENT,
    };
    let keys = [key(&signer)];
    assert!(
        of_payload(
            payload.as_bytes(),
            &signer.sign(payload.as_bytes()),
            &subject,
            &keys
        )
        .is_ok()
    );
}

#[test]
fn a_bundle_counts_for_its_image_and_its_signer_alone() {
    let digest = Digest::of(DOCUMENT);
    for signer in [Signer::p256(), Signer::ed25519()] {
        let keys = [key(&Signer::ed25519()), key(&signer)];
        let good = bundle(&signer, &digest);
        assert_eq!(of_value(&good, &keys), Ok(key(&signer).fingerprint()));
        assert_eq!(of_value(&good, &keys[..1]), Err(Objection::OtherSigner));
        assert_eq!(of_value(&good, &[]), Err(Objection::OtherSigner));

        let other = Digest::of(b"other");
        assert_eq!(
            of_value(&bundle(&signer, &other), &keys),
            Err(Objection::OtherDigest(other.hex()))
        );
        // The payload of another envelope.
        let mut swapped = good.clone();
        swapped["dsseEnvelope"]["payload"] =
            bundle(&signer, &other)["dsseEnvelope"]["payload"].clone();
        assert_eq!(of_value(&swapped, &keys), Err(Objection::OtherSigner));
        let mut renamed = good.clone();
        renamed["dsseEnvelope"]["payloadType"] = "text/plain".into();
        assert_eq!(of_value(&renamed, &keys), Err(Objection::OtherSigner));

        // An attestation of the same signer about the same image.
        let kind = "https://cosign.sigstore.dev/attestation/vuln/v1";
        let found = signer.attestation(&digest.to_string(), kind);
        assert!(matches!(
            of_value(&serde_json::from_str(&found).unwrap(), &keys),
            Err(Objection::OtherStatement(_))
        ));
        let plain = signer.envelope("text/plain", "x");
        assert!(matches!(
            of_value(&serde_json::from_str(&plain).unwrap(), &keys),
            Err(Objection::OtherStatement(_))
        ));

        // One of several signatures in an envelope.
        let mut several = good.clone();
        let first = several["dsseEnvelope"]["signatures"][0].clone();
        several["dsseEnvelope"]["signatures"] = json!([{"sig": "AAAA"}, {"sig": "***"}, first]);
        assert!(of_value(&several, &keys).is_ok());
    }
}

#[test]
fn a_bundle_may_sign_the_document_itself() {
    for signer in [Signer::p256(), Signer::ed25519()] {
        let keys = [key(&signer)];
        let of = |signed: &[u8], digest: &[u8]| {
            json!({
                "mediaType": BUNDLE,
                "messageSignature": {
                    "messageDigest": {
                        "algorithm": "SHA2_256",
                        "digest": BASE64_STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, digest)),
                    },
                    "signature": signer.sign(signed),
                },
            })
        };
        assert!(of_value(&of(DOCUMENT, DOCUMENT), &keys).is_ok());
        let other = of_value(&of(DOCUMENT, b"other"), &keys);
        assert!(matches!(other, Err(Objection::OtherDigest(_))), "{other:?}");
        let lie = of_value(&of(b"other", DOCUMENT), &keys);
        assert_eq!(lie, Err(Objection::OtherSigner));
    }
}

#[test]
fn what_is_no_bundle_is_told_from_one() {
    let signer = Signer::p256();
    let keys = [key(&signer)];
    let good = bundle(&signer, &Digest::of(DOCUMENT));
    for spoil in [
        |bundle: &mut Value| bundle["mediaType"] = "application/json".into(),
        |bundle: &mut Value| bundle["messageSignature"] = json!({"signature": ""}),
        |bundle: &mut Value| bundle["dsseEnvelope"] = Value::Null,
        |bundle: &mut Value| bundle["dsseEnvelope"]["payload"] = "***".into(),
        |bundle: &mut Value| *bundle = json!([]),
        |bundle: &mut Value| bundle["more"] = "x".repeat(LONGEST).into(),
    ] {
        let mut spoiled = good.clone();
        spoil(&mut spoiled);
        let found = of_value(&spoiled, &keys);
        assert!(matches!(found, Err(Objection::Unreadable(_))), "{found:?}");
    }
}

#[test]
fn keys_are_read_as_cosign_and_openssl_write_them() {
    for signer in [Signer::p256(), Signer::ed25519()] {
        let (base64, pem) = (signer.base64(), signer.pem());
        assert_eq!(PublicKey::from_pem(&pem), Ok(key(&signer)));
        let windows = pem.replace('\n', "\r\n");
        assert_eq!(PublicKey::from_pem(&windows), Ok(key(&signer)));
        assert_eq!(
            PublicKey::from_pem(&format!("{pem}{pem}")),
            Err(KeyError::Several)
        );
        for cut in [0, 30, pem.len() - 30] {
            assert!(PublicKey::from_pem(&pem[..cut]).is_err(), "{cut}");
        }
        assert_eq!(
            PublicKey::from_base64(&base64[4..]),
            Err(KeyError::OtherKind)
        );
        assert_eq!(PublicKey::from_base64("***"), Err(KeyError::NotBase64));
        assert!(format!("{:?}", key(&signer)).contains("sha256:"));
    }
    let private = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";
    assert_eq!(PublicKey::from_pem(private), Err(KeyError::Absent));
}

/// Keys, fingerprints and signatures that OpenSSL made.
#[test]
fn signatures_of_openssl_count() {
    let payload = payload(
        "sha256:bc5857ac9458293d5111ab85c952172cd7f56bceb4e3014ddc4cafac8927b313",
        "quay.io/lab/tool",
    );
    assert_eq!(
        Digest::of(payload.as_bytes()).to_string(),
        "sha256:73852e5dce97ff9a954ab9d917cf0955afb9374d06766315c742f73267cd41ab"
    );
    for (key, fingerprint, signature) in [
        (
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeTcISC7Ak4kz5Ck3S38UvsD5LGYc\nCmOzuiTHcyf9iI42xuo6YBxPKFsI1KOfLo0nqW0BwMElW2UXe1dfHjPXcA==",
            "sha256:f892a1c24bdfd37f6e43b3634c30e1056031545947d2f4b1a5b0c8a3763667ca",
            "MEUCIQDhGKLn9LAOvD9TOOUx7khNVuSkSoMk/JIcCucN0PUmZQIgWBqvTAtkjmJjfuvIA3TkdaCXgq3wZ82rtbSAyX7tYQw=",
        ),
        (
            "MCowBQYDK2VwAyEACkLkBiQ3mYVvuAHdaWH1LSwK3HfOB4f5YeV08T1UkCM=",
            "sha256:6b09d7675d0c1cb5a5cdc88bf56a4a113465e96aa18d1511df2faf94cf5e80c3",
            "eQOYWt0rEXPbS4ti6enyOCFT3n2pE6LwOoGZThuWa4nWL2fLYnf6DHa63H37CQz31xcJuGFdhhE1yrJN3gb0BA==",
        ),
    ] {
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n");
        let key = PublicKey::from_pem(&pem).unwrap();
        assert_eq!(key.fingerprint().to_string(), fingerprint);
        let subject = Subject {
            name: &name("quay.io/lab/tool:1"),
            document: DOCUMENT,
        };
        assert!(of_payload(payload.as_bytes(), signature, &subject, &[key]).is_ok());
    }
}

/// Made by the programs of Sigstore, for the tests by which its clients are compared: one whose key is known.
#[test]
fn a_bundle_of_sigstores_own_tests_counts() {
    let document = "DO NOT MODIFY ME!\n\nthis is \"a.txt\", a sample input for sigstore-conformance's test suite.\n\nDO NOT MODIFY ME!\n";
    let bundle = json!({
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": "TLMsSDfG3ajPsWge+z/vX5T/zluXnmvbkTkwLIV68Tk="}},
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": "oM/HEnHW4njlfNMy/5V8P3BD/do1TEy7GQow1W76Ab8="},
            "signature": "MEUCIQCACfhpIX3+zVXJjwEeIS0yFTK2jRfBjduXAaLHJSARHAIgSUdTM+S5xucODRFtrGHN2uClS0MRPhqZm76g0ZHEQ5c=",
        },
    })
    .to_string();
    let key = PublicKey::from_base64(
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExRRST79+PsrRBnGAI4cMu6Omz2JhfwlMW+gIutNKVRaMyS4rQKvgngc5p8UbLj55pVHhIoAxi/SRgURZI0J3Xw==",
    )
    .unwrap();
    let tool = name("quay.io/lab/tool:1");
    for (document, counts) in [(document, true), (&document[1..], false)] {
        let subject = Subject {
            name: &tool,
            document: document.as_bytes(),
        };
        let found = of_bundle(bundle.as_bytes(), &subject, std::slice::from_ref(&key));
        assert_eq!(found.is_ok(), counts, "{found:?}");
    }
}
