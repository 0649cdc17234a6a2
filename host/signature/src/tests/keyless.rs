//! Signatures without keys: of a Sigstore of the tests' own, whole and spoiled, and of the real one.

use std::sync::Arc;

use keepdocker_signer::{Logged, Sigstore};

use super::*;
use crate::{Identities, Keyless, Signed, Signer, TrustedRoot};

pub(super) const GITHUB: &str = "https://token.actions.githubusercontent.com";
const RELEASE: &str = "https://github.com/lab/tools/.github/workflows/release.yml@refs/tags/v1";
const RELEASES: &str = "https://github.com/lab/tools/.github/workflows/release.yml@refs/tags/**";

pub(super) fn by(root: &str, issuer: &str, identities: &str) -> Signer {
    Signer::Keyless(Keyless {
        root: Arc::new(TrustedRoot::parse(root).unwrap()),
        issuer: issuer.to_owned(),
        identities: Identities::parse(identities).unwrap(),
    })
}

fn check(bundle: &Value, signers: &[Signer]) -> Result<Signed, Objection> {
    check_on(DOCUMENT, bundle, signers)
}

pub(super) fn check_on(
    document: &[u8],
    bundle: &Value,
    signers: &[Signer],
) -> Result<Signed, Objection> {
    let subject = Subject {
        name: &name("quay.io/lab/tool:1"),
        document,
    };
    crate::of_bundle(bundle.to_string().as_bytes(), &subject, signers)
}

fn digest() -> String {
    Digest::of(DOCUMENT).to_string()
}

/// Asserts that a signature is not proven to be anybody's, with these words on why.
pub(super) fn assert_unproven(found: Result<Signed, Objection>, words: &str, what: &str) {
    match found {
        Err(Objection::Unproven(why)) => assert!(why.contains(words), "{what}: {why}"),
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn a_bundle_counts_for_whom_its_certificate_is_for() {
    let sigstore = Sigstore::new();
    let root = sigstore.trusted_root();
    for (issuer, identity, stated) in [
        (GITHUB, RELEASE, RELEASE),
        (GITHUB, RELEASE, RELEASES),
        (
            "https://accounts.example",
            "me@lab.example",
            "me@lab.example",
        ),
    ] {
        let bundle = sigstore.bundle(&digest(), &Logged::by(issuer, identity));
        let signer = by(&root, issuer, stated);
        let expected = Signed {
            who: format!("{issuer}#{identity}"),
            signers: vec![signer.name()],
        };
        assert_eq!(check(&bundle, &[signer]), Ok(expected));
    }
    let bundle = sigstore.bundle(&digest(), &Logged::by(GITHUB, RELEASE));
    for (issuer, identity) in [
        ("https://accounts.example", RELEASE),
        (
            GITHUB,
            "https://github.com/lab/tools/.github/workflows/release.yml@refs/heads/v1",
        ),
        (GITHUB, "https://github.com/lab/other/**"),
    ] {
        let found = check(&bundle, &[by(&root, issuer, identity)]);
        let expected = Objection::OtherIdentity {
            issuer: GITHUB.to_owned(),
            identity: RELEASE.to_owned(),
        };
        assert_eq!(found, Err(expected), "{issuer} {identity}");
    }
    assert_eq!(check(&bundle, &[]), Err(Objection::OtherSigner));
    let of_a_key = Signer::Key(key(&keepdocker_signer::Signer::p256()));
    assert_eq!(check(&bundle, &[of_a_key]), Err(Objection::OtherSigner));
}

#[test]
fn each_of_those_asked_for_who_it_is_is_named_and_a_root_speaks_for_itself_alone() {
    let (sigstore, other) = (Sigstore::new(), Sigstore::new());
    let roots = [sigstore.trusted_root(), other.trusted_root()];
    let signers = [
        by(&roots[1], GITHUB, RELEASE),
        by(&roots[0], GITHUB, RELEASE),
        by(&roots[0], GITHUB, RELEASES),
        by(&roots[0], GITHUB, "https://github.com/lab/other/**"),
    ];
    for (by_whom, names) in [(&sigstore, &signers[1..3]), (&other, &signers[..1])] {
        let bundle = by_whom.bundle(&digest(), &Logged::by(GITHUB, RELEASE));
        let names: Vec<String> = names.iter().map(Signer::name).collect();
        assert_eq!(check(&bundle, &signers).unwrap().signers, names);
    }
    let strange = other.bundle(&digest(), &Logged::by(GITHUB, RELEASE));
    assert_unproven(check(&strange, &signers[1..]), "log key", "another root");
    // Each part of a root is needed by itself.
    let bundle = sigstore.bundle(&digest(), &Logged::by(GITHUB, RELEASE));
    let [own, strange]: [Value; 2] = roots.map(|root| serde_json::from_str(&root).unwrap());
    for (part, words) in [
        ("certificateAuthorities", "of no authority that"),
        ("ctlogs", "SCT"),
        ("tlogs", "log key"),
    ] {
        let mut mixed = own.clone();
        mixed[part] = strange[part].clone();
        let signer = by(&mixed.to_string(), GITHUB, RELEASE);
        assert_unproven(check(&bundle, &[signer]), words, part);
    }
    assert_ne!(signers[0].name(), signers[1].name());
}

#[test]
fn nothing_counts_that_is_not_proven() {
    let sigstore = Sigstore::new();
    let signers = [by(&sigstore.trusted_root(), GITHUB, RELEASE)];
    let good = Logged::by(GITHUB, RELEASE);
    let bundle = |logged: &Logged<'_>| sigstore.bundle(&digest(), logged);
    assert!(check(&bundle(&good), &signers).is_ok());

    // When: the log's time is what counts, and it must be one at which the certificate and its authority were valid.
    for (after, is_valid) in [
        (0, true),
        (600, true),
        (601, false),
        (-1, false),
        (86_400, false),
    ] {
        let found = check(
            &bundle(&Logged {
                after,
                ..good.clone()
            }),
            &signers,
        );
        if is_valid {
            assert!(found.is_ok(), "{after}: {found:?}");
        } else {
            let words = "its certificate was not valid when it was made";
            assert_unproven(found, words, &after.to_string());
        }
    }
    let expired = sigstore.trusted_root_until("2025-05-31T23:59:59Z");
    let expired = [by(&expired, GITHUB, RELEASE)];
    assert_unproven(
        check(&bundle(&good), &expired),
        "authority",
        "an expired root",
    );

    // What: a certificate that its log does not have, and a statement of another kind.
    let unlogged = Logged {
        has_promise: false,
        ..good.clone()
    };
    assert_unproven(check(&bundle(&unlogged), &signers), "SCT", "no promise");
    let predicate = "https://slsa.dev/provenance/v1";
    let attestation = bundle(&Logged {
        predicate,
        ..good.clone()
    });
    let found = check(&attestation, &signers);
    assert_eq!(found, Err(Objection::OtherStatement(predicate.into())));

    // Of what: another image, and parts of another signature of the same signer.
    let other = Digest::of(b"other");
    let swapped = sigstore.bundle(&other.to_string(), &good);
    let found = check(&swapped, &signers);
    assert_eq!(found, Err(Objection::OtherDigest(other.hex())));
    let material = "/verificationMaterial";
    let entry = "/verificationMaterial/tlogEntries/0";
    for part in [
        "/verificationMaterial/certificate",
        "/verificationMaterial/tlogEntries",
        "/dsseEnvelope/payload",
        "/dsseEnvelope/signatures",
        material,
    ] {
        let mut mixed = bundle(&good);
        let genuine = mixed.pointer(part).unwrap().clone();
        let strange = if part.ends_with("payload") {
            // Still a statement on this image.
            BASE64_STANDARD
                .encode(
                    String::from_utf8(BASE64_STANDARD.decode(genuine.as_str().unwrap()).unwrap())
                        .unwrap()
                        .replace("\"name\":\"\"", "\"name\":\"x\""),
                )
                .into()
        } else {
            bundle(&good).pointer(part).unwrap().clone()
        };
        *mixed.pointer_mut(part).unwrap() = strange;
        assert_unproven(check(&mixed, &signers), "", part);
        *mixed.pointer_mut(part).unwrap() = genuine;
        assert!(check(&mixed, &signers).is_ok(), "{part}");
    }

    // By whom: every part of what the log says is checked, and none may be missing.
    for (part, value) in [
        (format!("{entry}/integratedTime"), json!("1748736061")),
        (format!("{entry}/logIndex"), json!("0")),
        (
            format!("{entry}/inclusionPromise/signedEntryTimestamp"),
            json!("AAAA"),
        ),
        (format!("{entry}/inclusionPromise"), Value::Null),
        (format!("{entry}/inclusionProof"), Value::Null),
        (format!("{entry}/inclusionProof/hashes"), json!([])),
        (format!("{entry}/inclusionProof/treeSize"), json!("1")),
        (format!("{entry}/inclusionProof/logIndex"), json!("0")),
        (
            format!("{entry}/inclusionProof/rootHash"),
            json!(BASE64_STANDARD.encode([7; 32])),
        ),
        (
            format!("{entry}/inclusionProof/checkpoint/envelope"),
            json!("log.example\n2\nAAAA\n\n— log.example AAAA\n"),
        ),
        (
            format!("{entry}/logId/keyId"),
            json!(BASE64_STANDARD.encode([7; 32])),
        ),
        (format!("{entry}/canonicalizedBody"), json!("e30=")),
        ("/verificationMaterial/tlogEntries".to_owned(), json!([])),
    ] {
        let mut cut = bundle(&good);
        *cut.pointer_mut(&part).unwrap() = value;
        match check(&cut, &signers) {
            Err(Objection::Unproven(_) | Objection::Unreadable(_)) => {}
            other => panic!("{part}: {other:?}"),
        }
    }
}

#[test]
fn an_old_signature_counts_for_whom_its_certificate_is_for() {
    let sigstore = Sigstore::new();
    let signer = by(&sigstore.trusted_root(), GITHUB, RELEASES);
    let tool = name("quay.io/lab/tool:1");
    let subject = Subject {
        name: &tool,
        document: DOCUMENT,
    };
    let check = |payload: &str, annotations: &Value| {
        let annotations = Annotations::read(|name| annotations[name].as_str()).unwrap();
        crate::of_payload(
            payload.as_bytes(),
            &annotations,
            &subject,
            std::slice::from_ref(&signer),
        )
    };
    let good = Logged::by(GITHUB, RELEASE);
    let (payload, annotations) = sigstore.payload(&digest(), "quay.io/lab/tool", &good);
    let signed = check(&payload, &annotations).unwrap();
    assert_eq!(signed.who, format!("{GITHUB}#{RELEASE}"));

    let (other, of_other) = sigstore.payload(&digest(), "quay.io/lab/other", &good);
    assert!(matches!(
        check(&other, &of_other),
        Err(Objection::OtherName(_))
    ));
    assert_unproven(check(&other, &annotations), "", "another payload");
    let late = Logged {
        after: 601,
        ..good.clone()
    };
    let (payload_late, late) = sigstore.payload(&digest(), "quay.io/lab/tool", &late);
    assert_unproven(check(&payload_late, &late), "certificate", "too late");
    let stranger = Logged::by(GITHUB, "https://github.com/evil/tools");
    let (strange_payload, strange) = sigstore.payload(&digest(), "quay.io/lab/tool", &stranger);
    assert!(matches!(
        check(&strange_payload, &strange),
        Err(Objection::OtherIdentity { .. })
    ));
    // Parts of another signature of the same signer, or none.
    let (_, again) = sigstore.payload(&digest(), "quay.io/lab/tool", &good);
    for name in [
        "dev.cosignproject.cosign/signature",
        "dev.sigstore.cosign/certificate",
        "dev.sigstore.cosign/bundle",
    ] {
        for value in [again[name].clone(), "{}".into(), "".into(), "AAAA".into()] {
            let mut mixed = annotations.clone();
            mixed[name] = value.clone();
            match check(&payload, &mixed) {
                Err(Objection::Unproven(_) | Objection::Unreadable(_)) => {}
                other => panic!("{name} {value}: {other:?}"),
            }
        }
    }
    let mut bare = annotations.clone();
    bare["dev.sigstore.cosign/bundle"] = Value::Null;
    assert!(matches!(
        check(&payload, &bare),
        Err(Objection::Unreadable(_))
    ));
}

#[test]
fn what_is_no_root_of_trust_is_told_from_one() {
    let good: Value = serde_json::from_str(&Sigstore::new().trusted_root()).unwrap();
    assert!(TrustedRoot::parse(&good.to_string()).is_ok());
    for (part, value, words) in [
        (
            "/certificateAuthorities",
            json!([]),
            "certificateAuthorities",
        ),
        ("/ctlogs", json!([]), "ctlogs"),
        ("/tlogs", json!([]), "tlogs"),
        (
            "/tlogs/0/publicKey/rawBytes",
            json!("AAAA"),
            "no root of trust",
        ),
        (
            "/certificateAuthorities/0/certChain/certificates",
            json!([]),
            "no root of trust",
        ),
        (
            "/certificateAuthorities/0/certChain/certificates/0/rawBytes",
            json!("AAAA"),
            "no root of trust",
        ),
    ] {
        let mut spoiled = good.clone();
        *spoiled.pointer_mut(part).unwrap() = value;
        let error = TrustedRoot::parse(&spoiled.to_string()).unwrap_err();
        assert!(error.to_string().contains(words), "{part}: {error}");
    }
    for text in ["", "{}", "[]", "nothing"] {
        assert!(TrustedRoot::parse(text).is_err(), "{text}");
    }
}
