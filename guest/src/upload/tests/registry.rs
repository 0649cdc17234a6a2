//! Images that come from a registry without an engine.

use super::*;
use crate::testing::world::archives::Signature;
use crate::testing::world::registry::INDEX;

/// Puts images for these platforms under a name.
fn in_registry(name: &str, images: &[(char, &str)]) {
    world::with(|world| {
        *world = World::new();
        world.engine = None;
        for (letter, platform) in images {
            let mut image = archived(*letter, &[], "null");
            let mut parts = platform.split('/').map(str::to_owned);
            image.platform.os = parts.next().unwrap_or_default();
            image.platform.architecture = parts.next().unwrap_or_default();
            image.platform.variant = parts.next().unwrap_or_default();
            image.manifest = Some(digest(letter.to_ascii_uppercase()));
            world.in_registry.push((name.into(), image));
        }
    });
}

fn from(source: &str, name: Option<&str>) -> UploadRequest {
    UploadRequest {
        origin: Origin::Registry,
        image: name.map(Into::into),
        selection: Some(source.into()),
        ..request("")
    }
}

fn property(key: &str) -> Option<String> {
    world::with(|world| {
        let properties = world.collections[0].properties.iter();
        let mut values = properties.filter(|property| property.key == key);
        values
            .next()
            .map(|property| property.value.trim_matches('"').to_owned())
    })
}

#[test]
fn an_image_is_registered_by_the_name_it_has_there_or_another_and_its_origin_is_noted() {
    let pinned = format!("quay.io/lab/tool@{}", digest('c'));
    let both = format!("quay.io/lab/tool:1@{}", digest('c'));
    for (source, name, registered) in [
        ("quay.io/lab/tool:1", None, "quay.io/lab/tool:1"),
        ("quay.io/lab/tool", None, "quay.io/lab/tool:latest"),
        ("quay.io/lab/tool:1", Some("mine:2"), "mine:2"),
        (both.as_str(), None, "quay.io/lab/tool:1"),
        (pinned.as_str(), None, pinned.as_str()),
    ] {
        in_registry(source, &[('a', "linux/amd64")]);
        let uploaded = run(&from(source, name)).unwrap();
        assert_eq!(uploaded.outcome, Outcome::Uploaded);
        assert_eq!(uploaded.image, digest('a'));
        assert_eq!(uploaded.name.as_deref(), Some(registered), "{source}");
        let origin = format!("quay.io/lab/tool@{INDEX}");
        assert_eq!(property(image::SOURCE_REFERENCE), Some(origin));
        assert_eq!(property(image::MANIFEST_DIGEST), Some(digest('A')));
    }
}

#[test]
fn a_signature_that_the_host_has_checked_is_noted() {
    let holder = digest('b');
    for signed in [true, false] {
        in_registry("quay.io/lab/tool:1", &[('a', "linux/amd64")]);
        let signature = Signature {
            signer: digest('a'),
            holder: holder.clone(),
        };
        world::with(|world| world.signatures = signed.then_some(signature).into_iter().collect());
        let _ = run(&from("quay.io/lab/tool:1", None)).unwrap();
        assert_eq!(property(image::SIGNER), signed.then(|| digest('a')));
        assert_eq!(property(image::SIGNATURE), signed.then(|| holder.clone()));
    }
}

#[test]
fn the_platform_is_chosen_before_anything_of_an_image_is_asked() {
    let platforms = [
        ('b', "linux/arm64/v8"),
        ('a', "linux/amd64"),
        ('c', "linux/amd64"),
    ];
    for (wanted, expected) in [
        (None, Some('a')),
        (Some("linux/arm64"), Some('b')),
        (Some("linux/s390x"), None),
    ] {
        in_registry("lab/tool:1", &platforms);
        let parts: Vec<&str> = wanted.unwrap_or_default().split('/').collect();
        let asked = UploadRequest {
            platform: wanted.map(|_| crate::types::Platform {
                os: parts[0].into(),
                architecture: parts[1].into(),
                variant: String::new(),
            }),
            ..from("lab/tool:1", None)
        };
        match (run(&asked), expected) {
            (Ok(uploaded), Some(letter)) => assert_eq!(uploaded.image, digest(letter)),
            (Err(Failure::Archive(ArchiveError::NoSuchImage(text))), None) => {
                assert!(
                    text.contains("linux/arm64/v8") && text.contains("linux/amd64"),
                    "{text}"
                );
                assert!(!has_called("registry.fetch lab/tool:1"));
            }
            (result, _) => panic!("{wanted:?}: {result:?}"),
        }
    }
}

#[test]
fn what_the_project_has_is_not_read_again() {
    in_registry("lab/tool:1", &[('a', "linux/amd64")]);
    run(&from("lab/tool:1", None)).unwrap();
    let stored = world::with(|world| world.stores.len());
    let again = run(&from("lab/tool:1", None)).unwrap();
    assert_eq!(again.outcome, Outcome::Present);
    assert_eq!(world::with(|world| world.stores.len()), stored);
}

#[test]
fn what_is_no_name_is_not_looked_for() {
    in_registry("lab/tool:1", &[('a', "linux/amd64")]);
    for (source, name) in [
        ("aaaaaaaaaaaa", None),
        ("lab/tool:1", Some("aaaaaaaaaaaa")),
        ("lab/A", None),
    ] {
        let failure = run(&from(source, name)).unwrap_err();
        assert!(
            matches!(failure, Failure::Usage(_)),
            "{source}: {failure:?}"
        );
        assert!(world::with(|world| world
            .calls
            .iter()
            .all(|call| !call.starts_with("registry"))));
    }
}
