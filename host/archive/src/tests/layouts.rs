//! OCI layouts that hold more than the image that is meant: signatures, other artifacts, blobs by other
//! digests, platforms that are not there, hundreds of images.

use serde_json::{Value, json};

use crate::{Digest, Error};

use super::fixtures::{
    Choice, Made, Part, Selection, file, gzip, noise, open, read, stream, tar, with_choice,
};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const REFERENCE: &str = "org.opencontainers.image.ref.name";

/// A layout under construction.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) parts: Vec<Part>,
    pub(super) manifests: Vec<Value>,
}

impl Layout {
    /// Adds a blob, and returns its descriptor.
    pub(super) fn blob(&mut self, kind: &str, bytes: impl Into<Vec<u8>>) -> Value {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        let descriptor = json!({
            "mediaType": kind, "digest": digest.to_string(), "size": bytes.len(),
        });
        let part = Part::file(format!("blobs/sha256/{}", digest.hex()), bytes);
        if !self.parts.contains(&part) {
            self.parts.push(part);
        }
        descriptor
    }

    /// Adds an image, and returns the descriptor of its manifest.
    pub(super) fn image(&mut self, made: &Made, change: impl FnOnce(&mut Value)) -> Value {
        let config = self.blob(
            "application/vnd.oci.image.config.v1+json",
            made.config.clone(),
        );
        let layers = made.layers.iter();
        let layers: Vec<Value> = layers
            .map(|layer| self.blob("application/vnd.oci.image.layer.v1.tar+gzip", gzip(layer)))
            .collect();
        let mut manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
        change(&mut manifest);
        self.blob(MANIFEST, manifest.to_string())
    }

    /// Adds an entry of `index.json`, with a name unless that is empty.
    pub(super) fn entry(&mut self, mut descriptor: Value, name: &str) {
        if !name.is_empty() {
            descriptor["annotations"][REFERENCE] = name.into();
        }
        self.manifests.push(descriptor);
    }

    /// Returns the tar of the layout.
    pub(super) fn tar(&self) -> Vec<u8> {
        let index = json!({"schemaVersion": 2, "manifests": self.manifests}).to_string();
        tar(&[&self.parts[..], &[Part::file("index.json", index)]].concat())
    }
}

pub(super) fn named(name: &str) -> Choice {
    Choice {
        name: Some(name.into()),
        platform: None,
    }
}

/// Returns the ID and the manifest's digest of what is chosen; a stream and a file must agree.
pub(super) fn chosen(bytes: &[u8], choice: &Choice) -> Result<(String, Option<String>), Error> {
    let only = Selection::Only;
    let first = read(with_choice(stream(bytes.to_vec()), choice.clone()), &only);
    let second = file(bytes).and_then(|archive| read(with_choice(archive, choice.clone()), &only));
    match (first, second) {
        (Ok(first), Ok(second)) => {
            assert!(first.bytes == second.bytes);
            Ok((first.reading.image.id, first.reading.image.manifest))
        }
        (Err(first), Err(second)) => {
            assert_eq!(first.to_string(), second.to_string());
            Err(first)
        }
        (first, second) => panic!("{first:?} {second:?}"),
    }
}

fn good() -> Made {
    Made::new(vec![noise(1, 3000), noise(2, 100)])
}

/// Puts something into a layout, and returns what leads to it.
type Neighbour = fn(&mut Layout) -> Value;

/// Returns what may stand in a layout beside an image.
fn neighbours() -> Vec<(&'static str, Neighbour)> {
    vec![
        (
            "another algorithm",
            |_| json!({"mediaType": MANIFEST, "digest": format!("sha512:{}", "9".repeat(128)), "size": 5}),
        ),
        (
            "an unknown algorithm",
            |_| json!({"mediaType": MANIFEST, "digest": "blake3:abc", "size": 5}),
        ),
        (
            "no digest",
            |_| json!({"mediaType": MANIFEST, "digest": null, "size": null}),
        ),
        ("an artifact with an image's config type", |layout| {
            layout.image(&Made::new(vec![noise(9, 10)]), |manifest| {
                manifest["config"] = json!({
                    "mediaType": "application/vnd.oci.image.config.v1+json",
                    "digest": Digest::of(b"{}").to_string(), "size": 2,
                });
            });
            let config = layout.blob("application/vnd.oci.image.config.v1+json", "{}");
            let data = layout.blob("application/octet-stream", "some data");
            let manifest = json!({"schemaVersion": 2, "config": config, "layers": [data]});
            layout.blob(MANIFEST, manifest.to_string())
        }),
        ("a chart", |layout| {
            let config = layout.blob(
                "application/vnd.cncf.helm.config.v1+json",
                "{\"name\":\"x\"}",
            );
            let data = layout.blob("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "x");
            let manifest = json!({"schemaVersion": 2, "config": config, "layers": [data]});
            layout.blob(MANIFEST, manifest.to_string())
        }),
        ("a signature", |layout| {
            let payload = b"{\"critical\":{}}";
            let made = Made::new(vec![payload.to_vec()]);
            let config = layout.blob("application/vnd.oci.image.config.v1+json", made.config);
            let data = layout.blob("application/vnd.dev.cosign.simplesigning.v1+json", *payload);
            let manifest = json!({"schemaVersion": 2, "config": config, "layers": [data]});
            layout.blob(MANIFEST, manifest.to_string())
        }),
        ("an attestation without its annotation", |layout| {
            let statement = b"{\"_type\":\"https://in-toto.io/Statement/v0.1\"}";
            let made = Made::new(vec![statement.to_vec()]);
            let config = layout.blob("application/vnd.oci.image.config.v1+json", made.config);
            let data = layout.blob("application/vnd.in-toto+json", *statement);
            let manifest = json!({"schemaVersion": 2, "config": config, "layers": [data]});
            let mut descriptor = layout.blob(MANIFEST, manifest.to_string());
            descriptor["platform"] = json!({"os": "unknown", "architecture": "unknown"});
            descriptor
        }),
        ("a platform without a config", |layout| {
            let arm = Made::for_platform("arm64", vec![noise(3, 2000)]);
            let descriptor = layout.image(&arm, |_| {});
            let config = format!("blobs/sha256/{}", arm.id().hex());
            layout.parts.retain(|part| part.name != config);
            descriptor
        }),
        (
            "a manifest that is not there",
            |_| json!({"mediaType": MANIFEST, "digest": Digest::of(b"gone").to_string(), "size": 4}),
        ),
        ("an index of things that are not there", |layout| {
            let gone = json!({"mediaType": MANIFEST, "digest": Digest::of(b"gone").to_string(), "size": 4});
            let index = json!({"schemaVersion": 2, "manifests": [gone]});
            layout.blob(INDEX, index.to_string())
        }),
        ("a manifest of the first kind", |layout| {
            let kind = "application/vnd.docker.distribution.manifest.v1+prettyjws";
            layout.blob(kind, "{\"schemaVersion\":1,\"name\":\"x\",\"fsLayers\":[]}")
        }),
        ("something of another type", |layout| {
            layout.blob("application/vnd.oci.artifact.manifest.v1+json", "{}")
        }),
        ("a manifest that is no JSON", |layout| {
            layout.blob(MANIFEST, "hello")
        }),
    ]
}

#[test]
fn odd_neighbours_are_passed_over() {
    let good = good();
    for (what, neighbour) in neighbours() {
        for is_before in [true, false] {
            let mut layout = Layout::default();
            if is_before {
                let odd = neighbour(&mut layout);
                layout.entry(odd, "odd");
            }
            let manifest = layout.image(&good, |_| {});
            let digest = manifest["digest"].as_str().unwrap().to_owned();
            layout.entry(manifest, "good");
            if !is_before {
                let odd = neighbour(&mut layout);
                layout.entry(odd, "odd");
            }
            let expected = (good.id().to_string(), Some(digest));
            for choice in [named("good"), named(&expected.0), Choice::default()] {
                let found = chosen(&layout.tar(), &choice);
                let found = found.unwrap_or_else(|error| panic!("{what}: {error}"));
                assert_eq!(found, expected, "{what}");
            }
            // It is told only to those who ask for it.
            let error = chosen(&layout.tar(), &named("odd")).unwrap_err();
            let text = error.to_string();
            assert!(!text.contains("several images"), "{what}: {text}");
            // Docker's own account of the image is found with the digest of the manifest.
            let blob = |digest: &Digest| format!("blobs/sha256/{}", digest.hex());
            let layers = good.layers.iter();
            let layers: Vec<String> = layers
                .map(|layer| blob(&Digest::of(&gzip(layer))))
                .collect();
            let account = json!([{
                "Config": blob(&good.id()), "RepoTags": ["lab/good:1"], "Layers": layers,
            }]);
            layout
                .parts
                .push(Part::file("manifest.json", account.to_string()));
            assert_eq!(
                chosen(&layout.tar(), &Choice::default()).unwrap(),
                expected,
                "{what}"
            );
        }
    }
}

#[test]
fn what_is_damaged_is_told_unless_something_else_is_named() {
    let good = good();
    let mut layout = Layout::default();
    let other = Made::new(vec![noise(5, 900)]);
    let damaged = layout.image(&other, |_| {});
    let manifest = layout.image(&good, |_| {});
    layout.entry(damaged, "other");
    layout.entry(manifest, "good");
    let config = format!("blobs/sha256/{}", other.id().hex());
    let part = layout.parts.iter_mut().find(|part| part.name == config);
    part.unwrap().data[3] ^= 1;
    // Of a stream every member is read, and its name tells.
    let only = Selection::Only;
    let read_file = |choice| read(with_choice(file(&layout.tar()).unwrap(), choice), &only);
    let error = read_file(Choice::default()).unwrap_err().to_string();
    assert!(
        error.contains(&config) && error.contains("has digest"),
        "{error}"
    );
    assert!(read_file(named("other")).is_err());
    let stored = read_file(named("good")).unwrap();
    assert_eq!(stored.reading.image.id, good.id().to_string());
}

#[test]
fn the_config_tells_what_is_an_image_and_not_its_type() {
    let good = good();
    for kind in [
        json!("application/octet-stream"),
        json!("application/json"),
        json!("text/html"),
        json!("text/plain; charset=utf-8"),
        json!(""),
        json!("application/vnd.example.config"),
        Value::Null,
    ] {
        let mut layout = Layout::default();
        let manifest = layout.image(&good, |manifest| {
            manifest["config"]["mediaType"] = kind.clone();
        });
        layout.entry(manifest, "");
        let found = chosen(&layout.tar(), &Choice::default());
        assert_eq!(found.unwrap().0, good.id().to_string(), "{kind}");
    }
}

#[test]
fn null_is_read_like_nothing_in_layouts() {
    let good = good();
    let empty = Made::new(Vec::new());
    let mut layout = Layout::default();
    let manifest = layout.image(&empty, |manifest| manifest["layers"] = Value::Null);
    layout.entry(manifest, "empty");
    let mut manifest = layout.image(&good, |manifest| {
        manifest["layers"][0]["annotations"] = Value::Null;
        manifest["layers"][0]["urls"] = Value::Null;
        manifest["layers"][0]["size"] = Value::Null;
        manifest["annotations"] = Value::Null;
    });
    manifest["platform"] = Value::Null;
    manifest["annotations"] = json!({"other": null});
    manifest["mediaType"] = Value::Null;
    layout.entry(manifest, "good");
    for (name, made) in [("good", &good), ("empty", &empty)] {
        let found = chosen(&layout.tar(), &named(name)).unwrap();
        assert_eq!(found.0, made.id().to_string());
    }
    // Docker 25.0.0 writes such an index beside its own account.
    let mut parts = good.docker_parts(<[u8]>::to_vec);
    for index in [
        "{\"manifests\":null}",
        "{\"manifests\":7}",
        "null",
        "no JSON",
    ] {
        let part = Part::file("index.json", index);
        let bytes = tar(&[&parts[..], &[part]].concat());
        let found = chosen(&bytes, &Choice::default()).unwrap();
        assert_eq!(found.0, good.id().to_string(), "{index}");
    }
    parts.clear();
    parts.push(Part::file("index.json", "{\"manifests\":null}"));
    let error = chosen(&tar(&parts), &Choice::default()).unwrap_err();
    assert!(matches!(error, Error::NoSuchImage { .. }), "{error}");
}

#[test]
fn only_what_can_be_chosen_counts() {
    // As official images are: platforms and attestations, of which one is there.
    let mut layout = Layout::default();
    let mut first = None;
    for number in 0..40_u64 {
        let made = Made::new(vec![noise(number + 1, 50)]);
        let manifest = layout.image(&made, |_| {});
        let absent = (0..15).map(|_| {
            json!({"mediaType": MANIFEST, "digest": Digest::of(b"gone").to_string(), "size": 4})
        });
        let manifests: Vec<Value> = absent.chain([manifest]).collect();
        let index = json!({"schemaVersion": 2, "manifests": manifests}).to_string();
        let index = layout.blob(INDEX, index);
        layout.entry(index, &format!("lab/i{number}:1"));
        first.get_or_insert(made);
    }
    let found = chosen(&layout.tar(), &named("lab/i0:1")).unwrap();
    assert_eq!(found.0, first.unwrap().id().to_string());
    let error = chosen(&layout.tar(), &Choice::default()).unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }), "{error}");
}

#[test]
fn one_of_hundreds_of_images_can_be_named() {
    let mut layout = Layout::default();
    let mut last = None;
    for number in 0..300_u64 {
        let made = Made::new(vec![noise(number + 1, 20)]);
        let manifest = layout.image(&made, |_| {});
        layout.entry(manifest, &format!("lab/i{number}:1"));
        last = Some(made);
    }
    let last = last.unwrap();
    for name in ["lab/i299:1", "@299", &last.id().to_string()] {
        let found = chosen(&layout.tar(), &named(name)).unwrap();
        assert_eq!(found.0, last.id().to_string(), "{name}");
    }
    let error = chosen(&layout.tar(), &Choice::default()).unwrap_err();
    assert!(error.to_string().contains("too many images"), "{error}");
    assert!(chosen(&layout.tar(), &named("lab/none:1")).is_err());

    // The same by Docker's account.
    let mut parts = Vec::new();
    let mut account = Vec::new();
    for number in 0..300_u64 {
        let made = Made::new(vec![noise(number + 1, 20)]);
        let mut own = made.docker_parts(<[u8]>::to_vec);
        let text = own.pop().unwrap().data;
        let mut entry: Value = serde_json::from_slice(&text).unwrap();
        let layer = format!("{number}.tar");
        entry[0]["RepoTags"] = json!([format!("lab/i{number}:1")]);
        entry[0]["Layers"] = json!([&layer]);
        own[1].name = layer;
        account.push(entry[0].take());
        parts.extend(own);
    }
    parts.push(Part::file(
        "manifest.json",
        Value::from(account).to_string(),
    ));
    for name in ["lab/i299:1", "@299", &last.id().to_string()] {
        let found = chosen(&tar(&parts), &named(name)).unwrap();
        assert_eq!(found.0, last.id().to_string(), "{name}");
    }
    let error = chosen(&tar(&parts), &Choice::default()).unwrap_err();
    assert!(error.to_string().contains("too many images"), "{error}");
}

#[test]
fn what_layers_are_not_there_for_is_told() {
    let good = good();
    let mut layout = Layout::default();
    let manifest = layout.image(&good, |manifest| {
        manifest["layers"][0]["urls"] = json!(["https://example.com/layer"]);
    });
    layout.entry(manifest, "");
    let first = format!("blobs/sha256/{}", Digest::of(&gzip(&good.layers[0])).hex());
    layout.parts.retain(|part| part.name != first);
    let error = chosen(&layout.tar(), &Choice::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("it has to be fetched from https://example.com/layer"),
        "{error}"
    );
    // The same where Docker's account says it.
    let mut parts = good.docker_parts(<[u8]>::to_vec);
    let account = parts.last_mut().unwrap();
    let mut value: Value = serde_json::from_slice(&account.data).unwrap();
    let diff_id = Digest::of(&good.layers[0]).to_string();
    value[0]["LayerSources"] = json!({diff_id: {"urls": ["https://example.com/layer"]}});
    account.data = value.to_string().into_bytes();
    parts.remove(1);
    let error = chosen(&tar(&parts), &Choice::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("it has to be fetched from"), "{error}");

    let mut layout = Layout::default();
    let manifest = layout.image(&good, |manifest| {
        manifest["layers"][1]["mediaType"] =
            json!("application/vnd.oci.image.layer.v1.tar+gzip+encrypted");
    });
    layout.entry(manifest, "");
    let error = chosen(&layout.tar(), &Choice::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("is an encrypted layer"), "{error}");
}

#[test]
fn a_manifest_that_is_not_there_is_named() {
    let mut layout = Layout::default();
    let gone = Digest::of(b"gone");
    layout.entry(
        json!({"mediaType": MANIFEST, "digest": gone.to_string(), "size": 4}),
        "a:1",
    );
    let error = chosen(&layout.tar(), &Choice::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(&gone.hex()) && error.contains("is named by index.json but missing"),
        "{error}"
    );
}

#[test]
fn endless_indexes_are_refused() {
    // An index of many that are the same, and so on.
    let mut layout = Layout::default();
    let gone = json!({"mediaType": MANIFEST, "digest": Digest::of(b"gone").to_string(), "size": 4});
    let mut inner = vec![gone; 400];
    for _ in 0..3 {
        let index = json!({"schemaVersion": 2, "manifests": inner}).to_string();
        inner = vec![layout.blob(INDEX, index); 400];
    }
    layout.manifests = inner;
    let error = chosen(&layout.tar(), &Choice::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("the limit is"), "{error}");
}

#[test]
fn a_link_out_of_a_folder_is_named() {
    let good = good();
    let mut layout = Layout::default();
    let manifest = layout.image(&good, |_| {});
    layout.entry(manifest, "");
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let index = json!({"manifests": layout.manifests}).to_string();
    layout.parts.push(Part::file("index.json", index));
    for (at, part) in layout.parts.iter().enumerate() {
        let path = folder.path().join(&part.name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let target = elsewhere.path().join(at.to_string());
        std::fs::write(&target, &part.data).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    }
    let location = format!("oci:{}", folder.path().display());
    let mut errors = Vec::new();
    let archive = open(&location).unwrap();
    errors.push(read(archive, &Selection::Only).unwrap_err().to_string());
    // The account itself may be there, and a blob not.
    let path = folder.path().join("index.json");
    std::fs::remove_file(&path).unwrap();
    std::fs::write(path, &layout.parts.last().unwrap().data).unwrap();
    let archive = open(&location).unwrap();
    errors.push(read(archive, &Selection::Only).unwrap_err().to_string());
    for error in errors {
        assert!(error.contains("is a link out of the folder"), "{error}");
        assert!(error.contains("cp -rL"), "{error}");
    }
}
