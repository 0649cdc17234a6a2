//! Archives that hold several images: which one is meant.

use crate::image::{BlockLayout, Form};
use crate::{Digest, Error};
use keepdocker_terms::platform::Platform;

use super::fixtures::{
    Choice, Made, Part, Selection, file, noise, oci_index, read, read_as, stream, tar, with_choice,
};

/// Returns two images in one archive, as `docker save one two` makes it.
fn two_images() -> (Made, Made, Vec<u8>) {
    let shared = noise(1, 3000);
    let first = Made::new(vec![shared.clone(), noise(2, 500)]);
    let second = Made::new(vec![shared, noise(3, 500)]);
    let mut parts = Vec::new();
    let mut account = Vec::new();
    for (image, name) in [(&first, "one"), (&second, "two")] {
        let (blobs, _, _) = image.oci_parts(<[u8]>::to_vec);
        // The manifests are no part of this archive, only config and layers.
        for blob in &blobs[..3] {
            if !parts.contains(blob) {
                parts.push(blob.clone());
            }
        }
        let blob = |bytes: &[u8]| format!("blobs/sha256/{}", Digest::of(bytes).hex());
        let layers: Vec<_> = image.layers.iter().map(|layer| blob(layer)).collect();
        account.push(serde_json::json!({
            "Config": blob(&image.config),
            "RepoTags": [format!("example/{name}:1"), format!("example/{name}:latest")],
            "Layers": layers,
        }));
    }
    let account = serde_json::Value::from(account).to_string();
    parts.push(Part::file("manifest.json", account));
    (first, second, tar(&parts))
}

/// Returns one image for two platforms, as the containerd store keeps it.
fn two_platforms() -> (Made, Made, Vec<u8>) {
    let amd = Made::new(vec![noise(1, 3000)]);
    let arm = Made::for_platform("arm64", vec![noise(2, 3000)]);
    let mut parts = Vec::new();
    let mut manifests = Vec::new();
    for image in [&arm, &amd] {
        let (blobs, digest, length) = image.oci_parts(<[u8]>::to_vec);
        parts.extend(blobs);
        manifests.push(serde_json::json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": digest.to_string(), "size": length,
        }));
    }
    // One more, which this engine has not fetched, and a build's attestation.
    manifests.push(serde_json::json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": Digest::of(b"elsewhere").to_string(), "size": 9,
    }));
    let attestation = Part::file(format!("blobs/sha256/{}", Digest::of(b"{}").hex()), "{}");
    parts.push(attestation);
    manifests.push(serde_json::json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": Digest::of(b"{}").to_string(), "size": 2,
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }));
    let inner = serde_json::json!({"schemaVersion": 2, "manifests": manifests}).to_string();
    let digest = Digest::of(inner.as_bytes());
    parts.push(Part::file(
        format!("blobs/sha256/{}", digest.hex()),
        inner.clone(),
    ));
    let outer = serde_json::json!({"schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": digest.to_string(), "size": inner.len(),
        "annotations": {"io.containerd.image.name": "docker.io/example/both:1"},
    }]});
    parts.push(Part::file("index.json", outer.to_string()));
    (amd, arm, tar(&parts))
}

fn platform(architecture: &str) -> Choice {
    Choice {
        name: None,
        platform: Some(Platform {
            os: "linux".into(),
            architecture: architecture.into(),
            variant: String::new(),
        }),
    }
}

/// Returns the ID of the image that is chosen of a stream and of a file.
fn chosen(bytes: &[u8], choice: Choice, selection: &Selection) -> Result<String, Error> {
    let streamed = read(
        with_choice(stream(bytes.to_vec()), choice.clone()),
        selection,
    );
    let indexed = read(with_choice(file(bytes).unwrap(), choice), selection);
    match (streamed, indexed) {
        (Ok(first), Ok(second)) => {
            assert_eq!(first.bytes, second.bytes);
            Ok(first.reading.image.id)
        }
        (Err(first), Err(second)) => {
            assert_eq!(first.to_string(), second.to_string());
            Err(first)
        }
        (first, second) => panic!("{first:?} {second:?}"),
    }
}

#[test]
fn one_of_several_images_is_chosen_by_name_or_id() {
    let (first, second, bytes) = two_images();
    let any = Choice::default;
    for (selection, image) in [
        (Selection::Name("example/one:1".into()), &first),
        (Selection::Name("example/two".into()), &second),
        (Selection::Id(second.id().to_string()), &second),
    ] {
        assert_eq!(
            chosen(&bytes, any(), &selection).unwrap(),
            image.id().to_string()
        );
    }
    let named = |name: &str| Choice {
        name: Some(name.into()),
        platform: None,
    };
    let only = Selection::Only;
    let found = chosen(&bytes, named("example/two:1"), &only).unwrap();
    assert_eq!(found, second.id().to_string());
    let found = chosen(&bytes, named(&first.id().to_string()), &only).unwrap();
    assert_eq!(found, first.id().to_string());

    for (position, image) in [("@0", &first), ("@1", &second)] {
        let found = chosen(&bytes, named(position), &only).unwrap();
        assert_eq!(found, image.id().to_string());
    }
    for position in ["@2", "@", "@-1", "@x"] {
        let error = chosen(&bytes, named(position), &only).unwrap_err();
        assert!(matches!(error, Error::NoSuchImage { .. }), "{error}");
    }

    let error = chosen(&bytes, any(), &only).unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }));
    let text = error.to_string();
    assert!(
        text.contains("example/one:1") && text.contains("example/two:1"),
        "{text}"
    );
    let error = chosen(&bytes, named("example/three"), &only).unwrap_err();
    assert!(matches!(error, Error::NoSuchImage { .. }), "{error}");
}

#[test]
fn of_several_platforms_the_usual_or_the_wanted_is_chosen() {
    let (amd, arm, bytes) = two_platforms();
    let only = Selection::Only;
    let found = chosen(&bytes, Choice::default(), &only).unwrap();
    assert_eq!(found, amd.id().to_string());
    let found = chosen(&bytes, platform("arm64"), &only).unwrap();
    assert_eq!(found, arm.id().to_string());
    let error = chosen(&bytes, platform("riscv64"), &only)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("for linux/riscv64") && error.contains("linux/arm64"),
        "{error}"
    );
    let name = Selection::Name("example/both:1".into());
    let found = chosen(&bytes, platform("arm64"), &name).unwrap();
    assert_eq!(found, arm.id().to_string());
    let mut told = file(&bytes).unwrap();
    let told = told.images(&crate::Wanted::default()).unwrap().unwrap();
    let ids: Vec<String> = told.iter().map(|held| held.image.id.clone()).collect();
    assert_eq!(ids, [arm.id().to_string(), amd.id().to_string()]);
    assert!(
        told.iter()
            .all(|held| (held.position, held.group) == (0, 0))
    );
    assert!(told.iter().all(|held| held.indexes.len() == 1));
}

#[test]
fn an_only_image_is_taken_whatever_its_platform() {
    let arm = Made::for_platform("arm64", vec![noise(1, 10)]);
    let bytes = tar(&arm.docker_parts(<[u8]>::to_vec));
    let only = Selection::Only;
    let found = chosen(&bytes, Choice::default(), &only).unwrap();
    assert_eq!(found, arm.id().to_string());
    assert!(chosen(&bytes, platform("amd64"), &only).is_err());
}

#[test]
fn a_folder_is_read_like_its_archive() {
    let image = Made::new(vec![noise(1, 3000), noise(2, 10)]);
    let (mut parts, digest, length) = image.oci_parts(super::fixtures::gzip);
    parts.push(oci_index(&[(digest, length, "stable")]));
    let folder = tempfile::tempdir().unwrap();
    for part in &parts {
        let path = folder.path().join(&part.name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &part.data).unwrap();
    }
    let open = |name: &str| {
        super::fixtures::open(&format!("oci:{}{name}", folder.path().display())).unwrap()
    };
    let stored = read(open(""), &Selection::Only).unwrap();
    let archived = read(stream(tar(&parts)), &Selection::Only).unwrap();
    assert_eq!(stored.bytes, archived.bytes);
    // The layout's own names, as in other tools, are mostly tags.
    assert!(read(open(":stable"), &Selection::Only).is_ok());
    let error = read(open(":other"), &Selection::Only).unwrap_err();
    assert!(matches!(error, Error::NoSuchImage { .. }), "{error}");

    // A folder is no sequence of bytes that could be kept.
    let layout = BlockLayout::Layered;
    let error = read_as(&mut open(""), &Selection::Only, Form::Verbatim, layout).unwrap_err();
    assert!(matches!(error, Error::Unsupported(_)), "{error}");
    assert!(error.to_string().contains("leave out the wish"), "{error}");

    // A link out of the folder is not followed.
    let blob = folder.path().join(&parts[1].name);
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(&blob, elsewhere.path()).unwrap();
    std::fs::remove_file(&blob).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), &blob).unwrap();
    assert!(read(open(""), &Selection::Only).is_err());
}

#[test]
fn names_are_told_as_docker_writes_them() {
    let mut parts = Made::new(vec![noise(1, 10)]).docker_parts(<[u8]>::to_vec);
    let account = parts.last_mut().unwrap();
    let text = String::from_utf8(account.data.clone()).unwrap();
    let text = text.replace("example/made:1", "docker.io/library/made:1");
    account.data = text.into_bytes();
    let stored = read(stream(tar(&parts)), &Selection::Only).unwrap();
    assert_eq!(stored.reading.image.repo_tags, ["made:1"]);
}
