//! Images of registries that somebody must have signed.

use std::fs;

use keepdocker_signer::{BUNDLE, PAYLOAD, SIGNATURE, SIGNED, Signer};
use serde_json::{Value, json};

use crate::support::own_registry::{OwnRegistry, Serving};
use crate::support::{Cluster, Deed, Environment, FaultyRegistry, Made, Output, digest};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

pub(crate) fn image() -> Made {
    Made::of(&[(1, 100_000), (2, 1000)])
}

/// The tag of signatures on what has this digest.
pub(crate) fn tag(digest: &str) -> String {
    digest.replace(':', "-")
}

/// Where a test can put what a signature is made of.
pub(crate) trait Shelf {
    fn blob(&self, text: &str) -> String;
    fn manifest(&self, name: &str, kind: &'static str, text: &str);
}

impl Shelf for FaultyRegistry {
    fn blob(&self, text: &str) -> String {
        self.add_blob(text)
    }

    fn manifest(&self, name: &str, kind: &'static str, text: &str) {
        self.add(name, kind, text);
    }
}

impl Shelf for Serving {
    fn blob(&self, text: &str) -> String {
        self.put_blob("lab/tool", text)
    }

    fn manifest(&self, name: &str, kind: &'static str, text: &str) {
        self.put_manifest("lab/tool", name, kind, text);
    }
}

/// Puts a bundle where cosign 3 puts it for registries without referrers; returns its digest.
pub(crate) fn add_bundle(registry: &impl Shelf, digest: &str, bundle: &str) -> String {
    let blob = registry.blob(bundle);
    let _ = registry.blob("{}");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": crate::support::digest(b"{}"), "size": 2},
        "layers": [{"mediaType": BUNDLE, "digest": blob, "size": bundle.len()}],
        "subject": {"mediaType": MANIFEST, "digest": digest, "size": 1},
    })
    .to_string();
    let manifest_digest = crate::support::digest(manifest.as_bytes());
    registry.manifest(&manifest_digest, MANIFEST, &manifest);
    let list = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{
        "mediaType": MANIFEST, "digest": manifest_digest, "size": manifest.len(), "artifactType": BUNDLE,
        "annotations": {"dev.sigstore.bundle.predicateType": SIGNED},
    }]});
    registry.manifest(&tag(digest), INDEX, &list.to_string());
    blob
}

/// Puts a signature where cosign 1 and 2 put it; returns the digest of its manifest.
fn add_old(registry: &impl Shelf, digest: &str, (payload, signature): (String, String)) -> String {
    add_annotated(registry, digest, &payload, &json!({SIGNATURE: signature}))
}

/// The same with all that stands beside it.
pub(crate) fn add_annotated(
    registry: &impl Shelf,
    digest: &str,
    payload: &str,
    annotations: &Value,
) -> String {
    let blob = registry.blob(payload);
    let _ = registry.blob("{}");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": crate::support::digest(b"{}"), "size": 2},
        "layers": [{
            "mediaType": PAYLOAD, "digest": blob, "size": payload.len(),
            "annotations": annotations,
        }],
    })
    .to_string();
    registry.manifest(&format!("{}.sig", tag(digest)), MANIFEST, &manifest);
    crate::support::digest(manifest.as_bytes())
}

/// Writes the public key of a signer into a file of this name.
fn key_file(environment: &Environment, name: &str, signer: &Signer) -> String {
    let path = environment.home().join(name);
    fs::write(&path, signer.pem()).unwrap();
    path.display().to_string()
}

/// Writes a policy under which images must be signed, and all else goes.
fn policy(environment: &Environment, more: &str, signers: &[String]) -> String {
    let file = environment.home().join("policy.toml");
    let signers: Vec<String> = signers
        .iter()
        .map(|path| format!("{{ key = \"{path}\" }}"))
        .collect();
    let text = format!(
        "schema = \"keepdocker.policy/1\"\n{more}\n[[allow]]\nid = \"signed\"\nverbs = [\"registry.fetch\"]\nrequire-signature = true\nsigners = [{}]\nreason = \"r\"\n[[allow]]\nid = \"rest\"\nverbs = [\"log.*\", \"archives.*\", \"locks.*\", \"keep.*\", \"cluster.*\", \"users.*\", \"projects.*\", \"links.*\", \"collections.*\", \"registry.resolve\"]\nreason = \"r\"\n",
        signers.join(", ")
    );
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

fn upload(environment: &Environment, policy: &str, source: &str) -> Output {
    environment.keepdocker(&["--policy", policy, "upload", "--from", source])
}

fn fingerprint(signer: &Signer) -> String {
    use base64::Engine as _;

    digest(
        &base64::prelude::BASE64_STANDARD
            .decode(signer.base64())
            .unwrap(),
    )
}

#[test]
fn a_signed_image_is_taken_and_its_signer_is_noted() {
    let image = image();
    for signer in Signer::both() {
        for is_old in [false, true] {
            let registry = FaultyRegistry::serve(&image, |_| None);
            let repository = format!("{}/lab/tool", registry.host());
            let holder = if is_old {
                let signed = signer.payload(&registry.manifest, &repository);
                add_old(&registry, &registry.manifest, signed)
            } else {
                let bundle = signer.bundle(&registry.manifest);
                add_bundle(&registry, &registry.manifest, &bundle)
            };
            let cluster = Cluster::start();
            let environment = Environment::on(&cluster);
            let key = key_file(&environment, "lab.pem", &signer);
            let policy = policy(&environment, "", &[key]);
            let source = registry.source("lab/tool:index");
            let _ = upload(&environment, &policy, &source).success();
            let properties = &cluster.only_collection()["properties"];
            assert_eq!(properties["arv:docker-signer"], fingerprint(&signer));
            assert_eq!(properties["arv:docker-signature"], holder);
            // Both places that were asked stand in the log, and a replay needs none of them.
            let exported = environment
                .keepdocker(&["audit", "export", "last"])
                .success();
            for part in [
                format!("/v2/lab/tool/referrers/{}", registry.index),
                format!("/v2/lab/tool/manifests/{}.sig", tag(&registry.index)),
                format!("/v2/lab/tool/referrers/{}", registry.manifest),
                fingerprint(&signer),
            ] {
                assert!(exported.contains(&part), "{part} is not in {exported}");
            }
            for verb in ["verify", "replay"] {
                let _ = environment.keepdocker(&["audit", verb, "last"]).success();
            }
        }
    }
}

#[test]
fn a_real_registry_holds_signatures_of_both_forms() {
    let Some(registry) = OwnRegistry::find() else {
        return;
    };
    let serving = registry.serve("", "");
    let image = image();
    let media = |kind: &str| format!("application/vnd.oci.image.{kind}");
    let layers: Vec<Value> = image
        .layers
        .iter()
        .map(|layer| {
            let digest = serving.put_bytes("lab/tool", layer);
            json!({"mediaType": media("layer.v1.tar"), "digest": digest, "size": layer.len()})
        })
        .collect();
    let config = serving.put_blob("lab/tool", &image.config);
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": media("config.v1+json"), "digest": config, "size": image.config.len()},
        "layers": layers,
    })
    .to_string();
    serving.put_manifest("lab/tool", "1", MANIFEST, &manifest);
    let signed = digest(manifest.as_bytes());
    let [first, second] = Signer::both();
    let name = format!("{}/lab/tool", serving.host());
    let _ = add_bundle(&serving, &signed, &first.bundle(&signed));
    let _ = add_old(&serving, &signed, second.payload(&signed, &name));
    for (signer, is_good) in [(&first, true), (&second, true), (&Signer::p256(), false)] {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let key = key_file(&environment, "lab.pem", signer);
        let policy = policy(&environment, "", &[key]);
        let output = upload(&environment, &policy, &format!("docker://{name}:1"));
        if is_good {
            let _ = output.success();
            let properties = &cluster.only_collection()["properties"];
            assert_eq!(properties["arv:docker-signer"], fingerprint(signer));
        } else {
            let told = output.failure(3);
            assert!(told.contains("is of none of the signers"), "{output}");
            cluster.assert_nothing_registered();
        }
    }
}

#[test]
fn the_signature_of_the_index_is_enough() {
    let image = image();
    let registry = FaultyRegistry::serve(&image, |_| None);
    let signer = Signer::p256();
    let _ = add_bundle(&registry, &registry.index, &signer.bundle(&registry.index));
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let key = key_file(&environment, "lab.pem", &signer);
    let policy = policy(&environment, "", &[key]);
    let source = registry.source("lab/tool:index");
    let _ = upload(&environment, &policy, &source).success();
    assert!(
        registry
            .asked(&format!("referrers/{}", registry.manifest))
            .is_empty()
    );
    // The manifest by itself, nobody has signed.
    let source = registry.source("lab/tool:1");
    let output = upload(&environment, &policy, &source);
    assert!(output.failure(3).contains(&registry.manifest), "{output}");
}

#[test]
fn what_is_not_signed_as_it_must_be_is_denied_and_told() {
    let image = image();
    let (signer, stranger) = (Signer::p256(), Signer::ed25519());
    type Sign<'a> = (&'a str, Box<dyn Fn(&FaultyRegistry, &str, &str)>, &'a str);
    let (good, other) = (std::rc::Rc::new(signer), std::rc::Rc::new(stranger));
    let with = |who: &std::rc::Rc<Signer>| who.clone();
    let cases: Vec<Sign<'_>> = vec![
        ("nothing", Box::new(|_, _, _| {}), "there is none"),
        (
            "another signer",
            {
                let who = with(&other);
                Box::new(move |registry, digest, _| {
                    let _ = add_bundle(registry, digest, &who.bundle(digest));
                })
            },
            "is of none of the signers",
        ),
        (
            "another image",
            {
                let who = with(&good);
                Box::new(move |registry, at, _| {
                    let _ = add_bundle(registry, at, &who.bundle(&digest(b"other")));
                })
            },
            "not about this image",
        ),
        (
            "another repository",
            {
                let who = with(&good);
                Box::new(move |registry, digest, _| {
                    let signed = who.payload(digest, "quay.io/lab/tool");
                    let _ = add_old(registry, digest, signed);
                })
            },
            "an image named `quay.io/lab/tool`",
        ),
        (
            "a payload that was swapped",
            {
                let who = with(&good);
                Box::new(move |registry, at, repository| {
                    let (_, signature) = who.payload(&digest(b"other"), repository);
                    let (payload, _) = who.payload(at, repository);
                    let _ = add_old(registry, at, (payload, signature));
                })
            },
            "is of none of the signers",
        ),
        (
            "an attestation",
            {
                let who = with(&good);
                Box::new(move |registry, digest, _| {
                    let bundle = who.attestation(digest, "https://slsa.dev/provenance/v1");
                    let _ = add_bundle(registry, digest, &bundle);
                })
            },
            "https://slsa.dev/provenance/v1",
        ),
    ];
    for (what, sign, words) in cases {
        let registry = FaultyRegistry::serve(&image, |_| None);
        let repository = format!("{}/lab/tool", registry.host());
        sign(&registry, &registry.manifest, &repository);
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let key = key_file(&environment, "lab.pem", &good);
        let policy = policy(&environment, "", std::slice::from_ref(&key));
        let output = upload(&environment, &policy, &registry.source("lab/tool:1"));
        let told = output.failure(3);
        for words in [
            words,
            &registry.manifest,
            &key,
            &fingerprint(&good),
            &repository,
        ] {
            assert!(told.contains(words), "{what}: {words} is not in {output}");
        }
        output.assert_told_to_people(&[&cluster.token()]);
        cluster.assert_nothing_registered();
        // Of the image nothing but its config was fetched.
        let layers = registry.asked("/blobs/").len();
        let signatures = usize::from(what != "nothing");
        assert_eq!(layers, 1 + signatures, "{what}");
    }
}

#[test]
fn what_the_cluster_has_must_be_signed_too() {
    let image = image();
    let registry = FaultyRegistry::serve(&image, |_| None);
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let source = registry.source("lab/tool:1");
    let _ = environment
        .keepdocker(&["upload", "--from", &source])
        .success();
    let key = key_file(&environment, "lab.pem", &Signer::p256());
    let policy = policy(&environment, "", &[key]);
    let output = environment.keepdocker(&[
        "--policy",
        &policy,
        "upload",
        "--from",
        &source,
        "lab/other:1",
    ]);
    let _ = output.failure(3);
    assert_eq!(cluster.links_of("docker_image_repo+tag").len(), 1);
}

#[test]
fn a_tag_that_moves_cannot_borrow_a_signature() {
    let (image, evil) = (image(), Made::of(&[(3, 5000)]));
    let signer = Signer::p256();
    let evil_registry = FaultyRegistry::serve(&evil, |_| None);
    let evil_manifest = evil_registry.manifest.clone();
    let body = evil_registry.served(&evil_manifest);
    // The tag leads to what is signed but for the first request, or for the first alone.
    for first_is_signed in [true, false] {
        let body = body.clone();
        let registry = FaultyRegistry::serve(&image, move |asked| {
            let is_other = (asked.before == 0) != first_is_signed;
            (asked.path.ends_with("/manifests/1") && is_other).then(|| Deed::Body(body.clone()))
        });
        registry.add_all_of(&evil_registry);
        let _ = add_bundle(
            &registry,
            &registry.manifest,
            &signer.bundle(&registry.manifest),
        );
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let key = key_file(&environment, "lab.pem", &signer);
        let policy = policy(&environment, "", &[key]);
        let output = upload(&environment, &policy, &registry.source("lab/tool:1"));
        if first_is_signed {
            let _ = output.success();
            let properties = &cluster.only_collection()["properties"];
            assert_eq!(properties["arv:docker-config-digest"], image.id());
        } else {
            assert!(output.failure(3).contains(&evil_manifest), "{output}");
            cluster.assert_nothing_registered();
        }
    }
}

#[test]
fn the_option_demands_a_signature_without_a_policy_and_a_plan_keeps_it() {
    let image = image();
    let registry = FaultyRegistry::serve(&image, |_| None);
    let (signer, other) = (Signer::ed25519(), Signer::p256());
    let _ = add_bundle(
        &registry,
        &registry.manifest,
        &signer.bundle(&registry.manifest),
    );
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let key = key_file(&environment, "lab.pem", &signer);
    let stranger = key_file(&environment, "other.pem", &other);
    let source = registry.source("lab/tool:1");
    let with = |keys: &[&str], command: &[&str]| {
        let mut words = command.to_vec();
        for key in keys {
            words.extend(["--require-signature", key]);
        }
        words.extend(["--from", &source]);
        environment.keepdocker(&words)
    };
    let output = with(&[&stranger], &["upload"]);
    let told = output.failure(3);
    for words in [
        &*stranger,
        "is of none of the signers",
        "--require-signature",
    ] {
        assert!(told.contains(words), "{words} is not in {output}");
    }
    cluster.assert_nothing_registered();

    let plan = environment.home().join("plan.json");
    let plan = plan.to_str().unwrap();
    // One key, named twice, is one.
    let _ = with(&[&stranger, &key, &key], &["plan", "-o", plan]).success();
    // What was signed when it was planned must be when it is done.
    registry.forget(&tag(&registry.manifest));
    let _ = environment.keepdocker(&["apply", plan]).failure(3);
    cluster.assert_nothing_registered();
    let _ = add_bundle(
        &registry,
        &registry.manifest,
        &signer.bundle(&registry.manifest),
    );
    let _ = environment.keepdocker(&["apply", plan]).success();
    let properties = &cluster.only_collection()["properties"];
    assert_eq!(properties["arv:docker-signer"], fingerprint(&signer));

    // A file that is none, and a source that has no signatures.
    let output = with(&["/nonexistent/lab.pem"], &["upload"]);
    assert!(
        output.failure(1).contains("/nonexistent/lab.pem"),
        "{output}"
    );
    // Who wrote no policy is told of none.
    assert!(output.stderr.contains("cosign.pub"), "{output}");
    assert!(!output.stderr.contains("policy"), "{output}");
    let output = environment.keepdocker(&[
        "upload",
        "--require-signature",
        &key,
        "--from",
        "docker-archive:image.tar",
    ]);
    assert!(output.failure(2).contains("docker://"), "{output}");
}

#[test]
fn a_layer_that_only_warns_lets_the_image_through_and_says_so() {
    let image = image();
    let registry = FaultyRegistry::serve(&image, |_| None);
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let key = key_file(&environment, "lab.pem", &Signer::p256());
    let policy = policy(&environment, "mode = \"warn\"", &[key]);
    let output = upload(&environment, &policy, &registry.source("lab/tool:1"));
    assert!(output.stderr.contains("registry.fetch"), "{output}");
    let _ = output.success();
    let properties = &cluster.only_collection()["properties"];
    assert!(properties["arv:docker-signer"].is_null());
}

#[test]
fn an_image_may_be_too_large_for_a_rule() {
    let image = image();
    let registry = FaultyRegistry::serve(&image, |_| None);
    for (most, is_allowed) in [(registry.layers, true), (registry.layers - 1, false)] {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let file = environment.home().join("policy.toml");
        let text = format!(
            "schema = \"keepdocker.policy/1\"\n[[allow]]\nid = \"small\"\nverbs = [\"registry.fetch\"]\nmax-bytes = \"{most}B\"\nreason = \"r\"\n[[allow]]\nid = \"rest\"\nverbs = [\"log.*\", \"archives.*\", \"locks.*\", \"keep.*\", \"cluster.*\", \"users.*\", \"projects.*\", \"links.*\", \"collections.*\", \"registry.resolve\"]\nreason = \"r\"\n",
        );
        fs::write(&file, text).unwrap();
        let source = registry.source("lab/tool:1");
        let before = registry.asked("/blobs/").len();
        let output = upload(&environment, &file.display().to_string(), &source);
        if is_allowed {
            let _ = output.success();
        } else {
            let told = output.failure(3);
            assert!(told.contains("max-bytes"), "{output}");
            let bytes = format!("bytes={}", registry.layers);
            assert!(told.contains(&bytes), "{output}");
            cluster.assert_nothing_registered();
            assert_eq!(registry.asked("/blobs/").len() - before, 1, "the config");
        }
    }
}
