//! What names mean: tags, digests, indexes, mirrors.

use super::fake::{Fake, Reply, Sample};
use super::program::{Lender, client, image, mirrors, pull, settings, target};
use keepdocker_archive::{Digest, Platform};
use keepdocker_registry::Error;

#[tokio::test]
async fn a_tag_is_asked_once_and_all_else_by_digest() {
    let sample = Sample::new(&[1000, 2000, 1000]);
    let other = Sample::new(&[10]);
    let (first, second) = (sample.clone(), other.clone());
    // The tag moves after the first request.
    let fake = Fake::start(move |seen| {
        if seen.path.ends_with("/manifests/1") && seen.before > 0 {
            return second.answer(seen);
        }
        first.answer(seen)
    })
    .await;
    let (client, lender) = client(settings(), Lender::default());
    let layers = pull(&client, &fake.name("lab/tool:1")).await.unwrap();
    assert_eq!(layers, sample.layers);
    assert_eq!(fake.asked("/manifests/").len(), 1);
    let accept = fake.asked("/manifests/")[0]
        .header("accept")
        .unwrap()
        .to_owned();
    assert!(
        accept.contains("index")
            && accept.contains("manifest.list")
            && !accept.contains("v1+prettyjws"),
        "{accept}"
    );
    let exchanges = lender.exchanges.lock().unwrap().clone();
    assert_eq!(
        exchanges.iter().filter(|it| it.status == Some(200)).count(),
        1 + 1 + 3
    );
}

#[tokio::test]
async fn a_digest_is_held_against_what_comes() {
    let sample = Sample::new(&[10]);
    let held = sample.clone();
    let fake = Fake::start(move |seen| match seen.path.contains("/manifests/") {
        true => Reply::manifest(&held.manifest),
        false => held.answer(seen),
    })
    .await;
    let (client, _) = client(settings(), Lender::default());
    let right = fake.name(&format!("lab/tool:9@{}", sample.digest()));
    assert!(pull(&client, &right).await.is_ok());
    assert!(fake.asked("/manifests/9").is_empty(), "the digest decides");
    let wrong = fake.name(&format!("lab/tool@{}", Digest::of(b"other")));
    let error = pull(&client, &wrong).await.unwrap_err();
    assert!(matches!(error, Error::Unsound { .. }), "{error}");
    assert!(
        error.to_string().contains(&sample.digest().to_string()),
        "{error}"
    );
}

#[tokio::test]
async fn a_config_is_held_against_its_digest() {
    let sample = Sample::new(&[10]);
    let held = sample.clone();
    let fake = Fake::start(move |seen| match seen.path.contains("/blobs/") {
        true => Reply::of("{}"),
        false => held.answer(seen),
    })
    .await;
    let (client, _) = client(settings(), Lender::default());
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    assert!(matches!(error, Error::Unsound { .. }), "{error}");
}

/// Returns an index of these entries: digest, platform, what else stands there.
fn index(entries: &[(Digest, usize, &str, &str)]) -> String {
    let entries: Vec<String> = entries
        .iter()
        .map(|(digest, size, platform, more)| {
            let mut parts = platform.split('/');
            let (os, architecture) = (parts.next().unwrap(), parts.next().unwrap());
            let variant = parts.next().unwrap_or_default();
            format!(
                r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":{size},"platform":{{"os":"{os}","architecture":"{architecture}","variant":"{variant}"}}{more}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
        entries.join(",")
    )
}

#[tokio::test]
async fn an_index_leads_to_images_and_to_nothing_else() {
    let sample = Sample::new(&[10]);
    let attested = Digest::of(b"attestation");
    let inner = index(&[(sample.digest(), sample.manifest.len(), "linux/arm64/v8", "")]);
    let nested = format!(
        r#"{{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"{}","size":{}}}"#,
        Digest::of(inner.as_bytes()),
        inner.len()
    );
    let outer = index(&[
        (attested, 1, "unknown/unknown", ""),
        (
            attested,
            1,
            "linux/amd64",
            r#","annotations":{"vnd.docker.reference.type":"attestation-manifest"}"#,
        ),
        (
            attested,
            1,
            "linux/amd64",
            r#","artifactType":"application/spdx+json""#,
        ),
        (Digest::of(b"amd64"), 1, "linux/amd64", ""),
    ]);
    let outer = outer.replacen("]}", &format!(",{nested}]}}"), 1);
    let held = sample.clone();
    let whole = outer.clone();
    let fake = Fake::start(move |seen| {
        if seen.path.ends_with("/manifests/1") {
            return Reply::of(whole.clone())
                .header("Content-Type", "application/json; charset=utf-8");
        }
        if seen
            .path
            .ends_with(&Digest::of(inner.as_bytes()).to_string())
        {
            return Reply::of(inner.clone());
        }
        held.answer(seen)
    })
    .await;
    let (client, _) = client(settings(), Lender::default());
    let resolved = client
        .resolve(&target(&fake.name("lab/tool:1")))
        .await
        .unwrap();
    assert_eq!(resolved.digest, Digest::of(outer.as_bytes()));
    let found: Vec<(Digest, Platform)> = resolved
        .candidates
        .iter()
        .map(|candidate| (candidate.manifest, candidate.platform.clone()))
        .collect();
    let platform = |text| Platform::parse(text).unwrap();
    assert_eq!(
        found,
        [
            (Digest::of(b"amd64"), platform("linux/amd64")),
            (sample.digest(), platform("linux/arm64/v8")),
        ]
    );
    assert_eq!(
        fake.asked("/manifests/").len(),
        2,
        "no image of a platform that is not wanted"
    );
    let image = client.image(&resolved, &sample.digest()).await.unwrap();
    assert_eq!(image.manifest, sample.digest());
    assert_eq!(image.size(), 10);
}

/// Rules and plans go by what an index says.
#[tokio::test]
async fn the_size_that_an_index_says_is_held_against_the_manifest() {
    let sample = Sample::new(&[10]);
    for (more, is_sound) in [(0, true), (1, false)] {
        let size = sample.manifest.len() + more;
        let index = index(&[(sample.digest(), size, "linux/amd64", "")]);
        let held = sample.clone();
        let fake = Fake::start(move |seen| match seen.path.ends_with("/manifests/1") {
            true => Reply::of(index.clone()),
            false => held.answer(seen),
        })
        .await;
        let (client, _) = client(settings(), Lender::default());
        let pulled = pull(&client, &fake.name("lab/tool:1")).await;
        assert_eq!(pulled.is_ok(), is_sound);
        if let Err(error) = pulled {
            let words = format!(
                "it has {} bytes, where {size} are said",
                sample.manifest.len()
            );
            assert!(error.to_string().contains(&words), "{error}");
        }
    }
    let mut longer = sample.clone();
    let said = format!("\"size\":{}", sample.config.len());
    longer.manifest = sample.manifest.replacen(&said, "\"size\":3", 1);
    let fake = Fake::with(longer).await;
    let (client, _) = client(settings(), Lender::default());
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    assert!(
        error.to_string().contains("where 3 are said of it"),
        "{error}"
    );
}

#[tokio::test]
async fn mirrors_are_asked_before_the_registry_and_need_not_have_all() {
    let sample = Sample::new(&[1000]);
    let origin = Fake::with(sample.clone()).await;
    let held = sample.clone();
    // It has the manifest and nothing else.
    let partial = Fake::start(move |seen| match seen.path.contains("/blobs/") {
        true => Reply::status(404),
        false => held.answer(seen),
    })
    .await;
    let broken = Fake::start(|_| Reply::status(500)).await;
    let mut settings = settings();
    settings.mirrors = mirrors(&format!(
        "[[registry]]\nprefix='quay.io'\nlocation='{}'\n[[registry.mirror]]\nlocation='{}/cache'\n[[registry.mirror]]\nlocation='{}'",
        origin.address, broken.address, partial.address
    ));
    let (client, lender) = client(settings, Lender::default());
    assert_eq!(
        pull(&client, "quay.io/lab/tool:1").await.unwrap(),
        sample.layers
    );
    assert!(
        broken
            .seen()
            .iter()
            .all(|seen| seen.path.starts_with("/v2/cache/lab/tool/"))
    );
    assert_eq!(partial.asked("/manifests/").len(), 1);
    assert!(origin.asked("/manifests/").is_empty());
    assert_eq!(origin.asked("/blobs/").len(), 2);
    assert!(lender.notes().contains("next"), "{}", lender.notes());
}

#[tokio::test]
async fn a_layer_may_be_elsewhere_by_its_manifest() {
    let mut sample = Sample::new(&[1000]);
    let layer = sample.layers[0].clone();
    let elsewhere = {
        let layer = layer.clone();
        Fake::start(move |seen| Reply::part(seen, &layer)).await
    };
    sample.manifest = sample.manifest.replace(
        "\"size\":1000",
        &format!(
            "\"size\":1000,\"urls\":[\"http://{}/foreign?sig=s3cr3t\"]",
            elsewhere.address
        ),
    );
    let held = sample.clone();
    let fake = Fake::start(move |seen| {
        if held.blob(seen).is_some_and(|blob| blob.len() == 1000) {
            return Reply::status(404);
        }
        held.answer(seen)
    })
    .await;
    let (client, lender) = client(settings(), Lender::default());
    assert_eq!(
        pull(&client, &fake.name("lab/tool:1")).await.unwrap(),
        [layer]
    );
    let exchanges = format!("{:?}", lender.exchanges.lock().unwrap());
    assert!(
        exchanges.contains("/foreign") && !exchanges.contains("s3cr3t"),
        "{exchanges}"
    );
}

#[tokio::test]
async fn documents_in_their_descriptors_save_a_request() {
    use base64::Engine as _;
    let mut sample = Sample::new(&[10]);
    let data = base64::prelude::BASE64_STANDARD.encode(&sample.config);
    sample.manifest = sample.manifest.replacen(
        &format!("\"size\":{}", sample.config.len()),
        &format!("\"size\":{},\"data\":\"{data}\"", sample.config.len()),
        1,
    );
    let fake = Fake::with(sample.clone()).await;
    let (client, _) = client(settings(), Lender::default());
    let image = image(&client, &fake.name("lab/tool:1")).await.unwrap();
    assert!(fake.asked("/blobs/").is_empty());
    assert_eq!(image.documents.len(), 2);
}
