//! Signatures without keys that the real Sigstore made.

use super::keyless::{GITHUB, assert_unproven, by, check_on};
use super::*;

/// What the real Sigstore signed, and what only looks like it; see `sigstore/README.md`.
#[test]
fn real_signatures_count_and_those_made_to_deceive_do_not() {
    const SIGNED: &str = "DO NOT MODIFY ME!\n\nthis is \"a.txt\", a sample input for sigstore-conformance's test suite.\n\nDO NOT MODIFY ME!\n";
    const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
    let production = sigstore_verify::trust_root::SIGSTORE_PRODUCTION_TRUSTED_ROOT;
    let staging = include_str!("sigstore/staging_root.json");
    let check = |root: &str, bundle: &str, document: &str| {
        let bundle: Value = serde_json::from_str(bundle).unwrap();
        check_on(document.as_bytes(), &bundle, &[by(root, GITHUB, BEACON)])
    };
    for (root, bundle) in [
        (production, include_str!("sigstore/happy-path-v0.1.json")),
        (production, include_str!("sigstore/happy-path-v0.3.json")),
        // Of the second form of the log, with a time that an authority signed.
        (staging, include_str!("sigstore/rekor2-happy-path.json")),
    ] {
        let signed = check(root, bundle, SIGNED).unwrap();
        assert_eq!(signed.who, format!("{GITHUB}#{BEACON}"));
        assert!(check(root, bundle, &SIGNED[1..]).is_err());
        let other = if root == production {
            staging
        } else {
            production
        };
        assert_unproven(check(other, bundle, SIGNED), "", "another root");
        let parsed: Value = serde_json::from_str(bundle).unwrap();
        let stranger = [by(
            root,
            GITHUB,
            "https://github.com/sigstore-conformance/other/**",
        )];
        assert!(matches!(
            check_on(SIGNED.as_bytes(), &parsed, &stranger),
            Err(Objection::OtherIdentity { .. })
        ));
    }
    for (root, bundle, words) in [
        (
            production,
            include_str!("sigstore/bundle-from-wrong-instance-fails.json"),
            "",
        ),
        (
            production,
            include_str!("sigstore/inclusion-proof-corrupted-hash-fails.json"),
            "inclusion proof",
        ),
        (
            production,
            include_str!("sigstore/integrated-time-in-future-fails.json"),
            "certificate",
        ),
        (
            production,
            include_str!("sigstore/invalid-checkpoint-signature-fails.json"),
            "heckpoint",
        ),
        (
            production,
            include_str!("sigstore/set-invalid-signature-fails.json"),
            "SET",
        ),
        (
            production,
            include_str!("sigstore/signature-mismatch-fails.json"),
            "signature",
        ),
        (
            production,
            include_str!("sigstore/wrong-hashedrekord-cert-and-sig-fails.json"),
            "Rekor entry",
        ),
        (
            production,
            include_str!("sigstore/wrong-hashedrekord-entry-fails.json"),
            "",
        ),
        (
            staging,
            include_str!("sigstore/rekor2-no-timestamp-fails.json"),
            "timestamp",
        ),
    ] {
        assert_unproven(check(root, bundle, SIGNED), words, &bundle[..300]);
    }
    // A statement on it that is none of a signature.
    let attested = include_str!("sigstore/happy-path-intoto-in-dsse-v3.json");
    let found = check(production, attested, SIGNED);
    assert!(
        matches!(found, Err(Objection::OtherStatement(_))),
        "{found:?}"
    );
}
