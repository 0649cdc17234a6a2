//! Where signatures are, and which of them count.

use std::collections::HashMap;

use super::fake::{Fake, Reply, Sample, Seen};
use super::program::{Lender, client, mirrors, settings, target};
use keepdocker_archive::Digest;
use keepdocker_registry::{Client, Error, Signature, Signatures, Wanted};
use keepdocker_signature::{PublicKey, Signer as Wants};
use keepdocker_signer::{BUNDLE, PAYLOAD, SIGNATURE, SIGNED, Signer};
use keepdocker_terms::reference::Name;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What a registry has beside an image: by the end of its address, type and bytes.
#[derive(Clone, Default)]
pub(super) struct Beside(pub(super) HashMap<String, String>);

impl Beside {
    fn blob(&mut self, text: &str) -> String {
        let digest = Digest::of(text.as_bytes());
        self.0.insert(format!("/blobs/{digest}"), text.to_owned());
        format!(r#""digest":"{digest}","size":{}"#, text.len())
    }

    /// Adds the manifest of a bundle, and returns the entry of a list that leads to it.
    pub(super) fn bundle(&mut self, bundle: &str) -> String {
        let layer = self.blob(bundle);
        let manifest = format!(
            r#"{{"schemaVersion":2,"artifactType":"{BUNDLE}","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{}","size":2}},"layers":[{{"mediaType":"{BUNDLE}",{layer}}}]}}"#,
            Digest::of(b"{}")
        );
        let digest = Digest::of(manifest.as_bytes());
        let size = manifest.len();
        self.0.insert(format!("/manifests/{digest}"), manifest);
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"{BUNDLE}","digest":"{digest}","size":{size}}}"#
        )
    }

    /// Adds a list of such entries at this end of an address.
    pub(super) fn list(&mut self, at: String, entries: &[String]) {
        let list = format!(
            r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#,
            entries.join(",")
        );
        self.0.insert(at, list);
    }

    /// Adds signatures of the old form on what has this digest; returns the digest of their manifest.
    fn old(&mut self, digest: &Digest, signed: &[(String, String)]) -> Digest {
        let layers: Vec<String> = signed
            .iter()
            .map(|(payload, signature)| {
                let blob = self.blob(payload);
                format!(
                    r#"{{"mediaType":"{PAYLOAD}",{blob},"annotations":{{"{SIGNATURE}":"{signature}"}}}}"#
                )
            })
            .collect();
        let manifest = format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":2}},"layers":[{}]}}"#,
            Digest::of(b"{}"),
            layers.join(",")
        );
        let holder = Digest::of(manifest.as_bytes());
        let at = format!("/manifests/sha256-{}.sig", digest.hex());
        self.0.insert(at, manifest);
        holder
    }

    pub(super) fn answer(&self, seen: &Seen) -> Option<Reply> {
        let path = seen.path.split('?').next().unwrap();
        let found = self.0.iter().find(|(end, _)| path.ends_with(*end));
        found.map(|(_, text)| Reply::of(text.clone()).header("Content-Type", INDEX))
    }
}

pub(super) fn key(signer: &Signer) -> Wants {
    Wants::Key(PublicKey::from_base64(&signer.base64()).unwrap())
}

pub(super) fn referrers(digest: &Digest) -> String {
    format!("/referrers/{digest}")
}

fn tag(digest: &Digest) -> String {
    format!("/manifests/sha256-{}", digest.hex())
}

/// Starts a registry that has the image, and this beside it.
async fn serve(sample: &Sample, beside: &Beside) -> Fake {
    let (held, beside) = (sample.clone(), beside.clone());
    Fake::start(move |seen| match beside.answer(seen) {
        Some(reply) => reply,
        // Only a tag that the image has.
        None if seen.path.contains("sha256-") => Reply::status(404),
        None => held.answer(seen),
    })
    .await
}

async fn look(
    client: &Client,
    asked: &str,
    called: &str,
    signers: &[Wants],
) -> Result<Signatures, Error> {
    let resolved = client.resolve(&target(asked)).await.unwrap();
    let manifest = resolved.candidates[0].manifest;
    let image = client.image(&resolved, &manifest).await.unwrap();
    let wanted = Wanted {
        name: &Name::parse(called).unwrap(),
        signers,
        suffices: &|found: &[Signature]| !found.is_empty(),
    };
    client.signatures(&resolved, &image, &wanted).await
}

/// Looks for signatures of these on the image by tag 1.
pub(super) async fn found(fake: &Fake, signers: &[Wants]) -> Result<Signatures, Error> {
    let (client, _) = client(settings(), Lender::default());
    let name = fake.name("lab/tool:1");
    look(&client, &name, "quay.io/lab/tool:1", signers).await
}

#[tokio::test]
async fn bundles_are_found_among_the_referrers_and_at_the_tag() {
    let sample = Sample::new(&[10]);
    let digest = sample.digest();
    for signer in Signer::both() {
        for at in [referrers(&digest), tag(&digest)] {
            let mut beside = Beside::default();
            let bundle = signer.bundle(&digest.to_string());
            let entry = beside.bundle(&bundle);
            beside.list(at.clone(), &[entry]);
            let fake = serve(&sample, &beside).await;
            let signatures = found(&fake, &[key(&signer)]).await.unwrap();
            let expected = Signature {
                who: key(&signer).name(),
                signers: vec![key(&signer).name()],
                holder: Digest::of(bundle.as_bytes()),
            };
            assert_eq!(signatures.found, [expected], "{at}");
            let asked = fake.asked("/referrers/");
            let query = "?artifactType=application%2Fvnd.dev.sigstore.bundle.v0.3%2Bjson";
            assert!(asked[0].path.ends_with(query), "{}", asked[0].path);
            // Found is found.
            assert!(fake.asked(&format!("{}.sig", tag(&digest))).is_empty());
            let at_tag = fake.asked(&tag(&digest)).len();
            assert_eq!(at_tag, usize::from(at == tag(&digest)));
        }
    }
}

#[tokio::test]
async fn an_empty_list_of_referrers_and_one_that_fails_lead_on_to_the_tag() {
    let sample = Sample::new(&[10]);
    let digest = sample.digest();
    let [signer, _] = Signer::both();
    let mut beside = Beside::default();
    let entry = beside.bundle(&signer.bundle(&digest.to_string()));
    beside.list(tag(&digest), &[entry]);
    for status in [200, 400, 403, 404, 405] {
        let (held, beside) = (sample.clone(), beside.clone());
        let fake = Fake::start(move |seen| {
            if seen.path.contains("/referrers/") {
                let empty = Reply::of(r#"{"schemaVersion":2,"manifests":[]}"#);
                return match status {
                    200 => empty,
                    status => Reply::status(status),
                };
            }
            beside.answer(seen).unwrap_or_else(|| held.answer(seen))
        })
        .await;
        let signatures = found(&fake, &[key(&signer)]).await.unwrap();
        assert_eq!(signatures.found.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn old_signatures_are_found_and_held_against_the_name() {
    let sample = Sample::new(&[10]);
    let digest = sample.digest();
    for signer in Signer::both() {
        for (reference, counts) in [("quay.io/lab/tool", true), ("quay.io/lab/other", false)] {
            let mut beside = Beside::default();
            let holder = beside.old(&digest, &[signer.payload(&digest.to_string(), reference)]);
            let fake = serve(&sample, &beside).await;
            let signatures = found(&fake, &[key(&signer)]).await.unwrap();
            if counts {
                assert_eq!(signatures.found[0].holder, holder);
            } else {
                assert!(signatures.found.is_empty());
                let told = signatures.looked_at();
                assert!(
                    told.contains("an image named `quay.io/lab/other`"),
                    "{told}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_index_is_asked_about_before_its_manifest() {
    let sample = Sample::new(&[10]);
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":{},"platform":{{"os":"linux","architecture":"amd64"}}}}]}}"#,
        sample.digest(),
        sample.manifest.len()
    );
    let of_index = Digest::of(index.as_bytes());
    let [signer, _] = Signer::both();
    for digest in [of_index, sample.digest()] {
        let mut beside = Beside::default();
        beside.0.insert("/manifests/1".into(), index.clone());
        let _ = beside.old(
            &digest,
            &[signer.payload(&digest.to_string(), "quay.io/lab/tool")],
        );
        let fake = serve(&sample, &beside).await;
        let signatures = found(&fake, &[key(&signer)]).await.unwrap();
        assert_eq!(signatures.found.len(), 1);
        assert_eq!(fake.asked(&referrers(&of_index)).len(), 1);
        let later = fake.asked(&referrers(&sample.digest())).len();
        assert_eq!(later, usize::from(digest != of_index));
    }
    // A signature on something else at the image's own tag.
    let other = Digest::of(b"other");
    let mut beside = Beside::default();
    let _ = beside.old(
        &other,
        &[signer.payload(&other.to_string(), "quay.io/lab/tool")],
    );
    let moved = beside.0.remove(&format!("{}.sig", tag(&other))).unwrap();
    beside
        .0
        .insert(format!("{}.sig", tag(&sample.digest())), moved);
    let fake = serve(&sample, &beside).await;
    let signatures = found(&fake, &[key(&signer)]).await.unwrap();
    assert!(signatures.found.is_empty());
    let told = signatures.looked_at();
    for words in [
        &*sample.digest().to_string(),
        &format!("is about {other}, not about this image"),
        "among its referrers there is none",
        "at its tag there is none",
        &fake.name("lab/tool"),
    ] {
        assert!(told.contains(words), "{words} is not in {told}");
    }
}

#[tokio::test]
async fn what_somebody_else_put_there_neither_counts_nor_hides_what_does() {
    let sample = Sample::new(&[10]);
    let digest = sample.digest();
    let [signer, stranger] = Signer::both();
    let mut beside = Beside::default();
    let mut entries = vec![
        beside.bundle(&stranger.bundle(&digest.to_string())),
        beside.bundle(&signer.bundle(&Digest::of(b"other").to_string())),
        beside.bundle(&signer.attestation(&digest.to_string(), "https://slsa.dev/provenance/v1")),
        beside.bundle("nonsense"),
        beside.bundle(&"x".repeat(keepdocker_signature::LONGEST + 1)),
        format!(
            r#"{{"artifactType":"{BUNDLE}","digest":"{}","size":1}}"#,
            Digest::of(b"not there")
        ),
        format!(r#"{{"artifactType":"{BUNDLE}","digest":"sha512:00","size":1}}"#),
        format!(
            r#"{{"artifactType":"application/spdx+json","digest":"{}","size":1}}"#,
            Digest::of(b"parts")
        ),
    ];
    // A manifest that is another than its digest says.
    let swapped = beside.bundle(&signer.bundle(&digest.to_string()));
    let manifest = |entry: &str| {
        let entry: serde_json::Value = serde_json::from_str(entry).unwrap();
        format!("/manifests/{}", entry["digest"].as_str().unwrap())
    };
    let good = manifest(&swapped);
    let other = manifest(&entries[0]);
    let genuine = beside.0[&good].clone();
    beside.0.insert(good.clone(), beside.0[&other].clone());
    entries.push(swapped);
    beside.list(referrers(&digest), &entries);
    let fake = serve(&sample, &beside).await;
    let signatures = found(&fake, &[key(&signer)]).await.unwrap();
    assert!(signatures.found.is_empty());
    let told = signatures.looked_at();
    for words in [
        "is of none of the signers",
        "not about this image",
        "`https://slsa.dev/provenance/v1`",
        "is no signature that can be read",
    ] {
        assert!(told.contains(words), "{words} is not in {told}");
    }
    assert!(fake.asked(&Digest::of(b"parts").to_string()).is_empty());

    beside.0.insert(good, genuine);
    let fake = serve(&sample, &beside).await;
    let signatures = found(&fake, &[key(&signer)]).await.unwrap();
    assert_eq!(signatures.found.len(), 1);
}

#[tokio::test]
async fn lists_have_an_end() {
    let sample = Sample::new(&[10]);
    let digest = sample.digest();
    let [signer, stranger] = Signer::both();
    let mut beside = Beside::default();
    let mut entries: Vec<String> = (0..200)
        .map(|number| {
            let predicate = format!("https://example.net/{number}");
            beside.bundle(&stranger.attestation(&digest.to_string(), &predicate))
        })
        .collect();
    let good = beside.bundle(&signer.bundle(&digest.to_string()));
    entries.push(good.clone());
    beside.list(referrers(&digest), &entries);
    let fake = serve(&sample, &beside).await;
    let signatures = found(&fake, &[key(&signer)]).await.unwrap();
    assert!(signatures.found.is_empty());
    assert!(fake.seen().len() < 100, "{}", fake.seen().len());
    let told = signatures.looked_at();
    assert!(told.contains("169 more were not looked at"), "{told}");
    assert!(told.len() < 4000);

    // One that says of itself that it is a signature comes first.
    let marked = good.replacen(
        '{',
        &format!(r#"{{"annotations":{{"dev.sigstore.bundle.predicateType":"{SIGNED}"}},"#),
        1,
    );
    *entries.last_mut().unwrap() = marked;
    beside.list(referrers(&digest), &entries);
    let fake = serve(&sample, &beside).await;
    let signatures = found(&fake, &[key(&signer)]).await.unwrap();
    assert_eq!(signatures.found.len(), 1);

    let endless = vec![entries[0].clone(); 10_000];
    beside.list(referrers(&digest), &endless);
    let fake = serve(&sample, &beside).await;
    let error = found(&fake, &[key(&signer)]).await.err().unwrap();
    assert!(error.to_string().contains("is longer than"), "{error}");
}

#[tokio::test]
async fn a_registry_that_fails_is_not_taken_for_one_without_signatures() {
    let sample = Sample::new(&[10]);
    let [signer, _] = Signer::both();
    let held = sample.clone();
    let fake = Fake::start(move |seen| match seen.path.contains("sha256-") {
        true => Reply::status(503),
        false if seen.path.contains("/referrers/") => Reply::status(404),
        false => held.answer(seen),
    })
    .await;
    let error = found(&fake, &[key(&signer)]).await.err().unwrap();
    assert!(error.to_string().contains("503"), "{error}");
}

#[tokio::test]
async fn a_mirror_need_not_have_the_signatures() {
    let sample = Sample::new(&[10]);
    let digest = sample.digest();
    let [signer, _] = Signer::both();
    let mut beside = Beside::default();
    // The name is the one asked for, whatever mirror answers.
    let _ = beside.old(
        &digest,
        &[signer.payload(&digest.to_string(), "quay.io/lab/tool")],
    );
    let origin = serve(&sample, &beside).await;
    let mirror = serve(&sample, &Beside::default()).await;
    let mut settings = settings();
    settings.mirrors = mirrors(&format!(
        "[[registry]]\nprefix='quay.io'\nlocation='{}'\n[[registry.mirror]]\nlocation='{}'",
        origin.address, mirror.address
    ));
    let (client, lender) = client(settings, Lender::default());
    let name = "quay.io/lab/tool:1";
    let signatures = look(&client, name, name, &[key(&signer)]).await.unwrap();
    assert_eq!(signatures.found.len(), 1);
    let old = format!("{}.sig", tag(&digest));
    assert_eq!(mirror.asked(&old).len(), 1);
    // Each request can be seen.
    let exchanges = lender.exchanges.lock().unwrap().clone();
    for part in ["/referrers/", &*old] {
        let seen = exchanges.iter().filter(|it| it.url.contains(part));
        let answered = seen.filter(|it| it.status.is_some()).count();
        assert_eq!(answered, 2, "{exchanges:?}");
    }
}
