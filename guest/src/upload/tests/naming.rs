//! By which of its digests an image is registered, and what is found of one that has the other.

use super::*;

fn by_manifest(image: &str) -> UploadRequest {
    UploadRequest {
        named_by: ImageDigest::Manifest,
        ..request(image)
    }
}

/// Sets up an engine with a classic store; of what is stored, another would make the manifest `f`.
fn engine_with_a_and_its_manifest() {
    engine_with_a();
    world::with(|world| world.loaded_as = Some(digest('f')));
}

/// Makes a collection of image `a` whose file has this name.
fn named(name: char, number: u32, owner: &str) -> collections::Collection {
    let mut collection = stored('a', number, owner);
    let text = collection.manifest.as_deref().unwrap();
    let text = manifest::with_file_name(text, &format!("{}.tar", digest(name))).unwrap();
    collection.portable_data_hash = manifest::portable_data_hash(&text);
    collection.manifest = Some(text);
    collection.properties = vec![image::text_property(image::CONFIG_DIGEST, &digest('a'))];
    collection
}

fn add(collection: collections::Collection, hash: Option<char>) {
    world::with(|world| {
        if let Some(hash) = hash {
            world.links.push(links::Link {
                owner: collection.owner.clone(),
                ..hash_link(&digest(hash), &collection.uuid, AT, None)
            });
        }
        world.collections.push(collection);
    });
}

fn files() -> Vec<String> {
    world::with(|world| {
        let texts = world.collections.iter().map(|one| one.manifest.as_deref());
        texts
            .map(|text| manifest::only_file(text.unwrap()).unwrap().0)
            .collect()
    })
}

fn stores() -> usize {
    world::with(|world| world.stores.len())
}

#[test]
fn file_and_hash_link_have_the_digest_of_the_manifest_and_the_next_run_finds_it() {
    engine_with_a_and_its_manifest();
    let uploaded = run(&by_manifest("a:1")).unwrap();
    assert_eq!(uploaded.outcome, Outcome::Uploaded);
    assert_eq!(
        (uploaded.image, uploaded.registered_as),
        (digest('a'), digest('f'))
    );
    assert_eq!(files(), [format!("{}.tar", digest('f'))]);
    let made = ["hash sha256:ff user 00", "name a:1 user 00"];
    let lines = links_made();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with(&made[0][..14]), "{lines:?}");
    let again = run(&by_manifest("a:1")).unwrap();
    assert_eq!(again.outcome, Outcome::Present);
    assert_eq!(
        (again.image, again.registered_as),
        (digest('a'), digest('f'))
    );

    // An engine with a containerd store calls it so.
    world::with(|world| {
        let images = world.engine.as_mut().unwrap();
        images[0].0.id = digest('f');
        images[0].1.manifest = Some(digest('f'));
    });
    let again = run(&by_manifest("a:1")).unwrap();
    assert_eq!(again.outcome, Outcome::Present);
    assert_eq!(again.image, digest('a'));
    // Without an engine it is found by either digest.
    world::with(|world| {
        let image = world.engine.take().unwrap().remove(0).1;
        world.given = Some(GivenArchive {
            images: vec![image],
            is_stream: false,
        });
    });
    for id in ['a', 'f'] {
        let again = run(&by_manifest(&digest(id))).unwrap();
        assert_eq!(again.outcome, Outcome::Present, "{id}");
        assert_eq!(again.registered_as, digest('f'));
    }
    assert_eq!(stores(), 1);
    assert_eq!(links_made(), lines);
    assert_eq!(warnings(), [""; 0]);
}

#[test]
fn what_the_project_has_by_the_other_digest_is_there_and_said_to_be_misnamed() {
    for (file, named_by) in [('a', ImageDigest::Manifest), ('f', ImageDigest::Config)] {
        engine_with_a_and_its_manifest();
        add(named(file, 1, USER), Some(file));
        let request = UploadRequest {
            named_by,
            ..request("a:1")
        };
        let uploaded = run(&request).unwrap();
        assert_eq!(uploaded.outcome, Outcome::Registered, "for its name");
        assert_eq!(uploaded.registered_as, digest(file));
        assert_eq!(uploaded.image, digest('a'));
        assert_eq!(run(&request).unwrap().outcome, Outcome::Present);
        let warnings = warnings();
        assert!(
            warnings
                .iter()
                .all(|text| text.contains("keepdocker repair")),
            "{warnings:?}"
        );
        assert_eq!(warnings.len(), 2);
        assert_eq!((stores(), collection_count()), (0, 1));
        assert_eq!(links_made().len(), 2, "no hash link by another name");

        // With one by the right name beside it, that is the one.
        let right = if file == 'a' { 'f' } else { 'a' };
        add(named(right, 2, USER), Some(right));
        world::with(|world| world.log.clear());
        let uploaded = run(&request).unwrap();
        assert_eq!(uploaded.registered_as, digest(right));
        assert!(uploaded.collection.ends_with("other0000000002"));
        let warnings = self::warnings();
        assert!(
            !warnings.iter().any(|text| text.contains("repair")),
            "{warnings:?}"
        );
    }
}

#[test]
fn what_somebody_else_has_is_copied_by_the_right_name() {
    for file in ['a', 'f'] {
        engine_with_a_and_its_manifest();
        add(named(file, 1, SOMEBODY), Some(file));
        let uploaded = run(&by_manifest("a:1")).unwrap();
        assert_eq!(uploaded.outcome, Outcome::Registered);
        assert_eq!(
            (uploaded.image, uploaded.registered_as),
            (digest('a'), digest('f'))
        );
        assert_eq!(files()[1], format!("{}.tar", digest('f')));
        assert_eq!(stores(), 0, "{file}");
        assert_eq!(run(&by_manifest("a:1")).unwrap().outcome, Outcome::Present);
    }
}

#[test]
fn a_note_of_the_digests_is_no_proof_of_them() {
    // The file is named by a manifest that an engine would not make of it; the content is another image;
    // the archive is none of which the manifest can be told.
    let another = archived('b', &[], "null");
    let without = archived('a', &[], "null");
    let lies = [
        archives::Image {
            manifest: Some(digest('e')),
            ..without.clone()
        },
        archives::Image {
            manifest: Some(digest('f')),
            ..another
        },
        without,
    ];
    for (number, content) in lies.into_iter().enumerate() {
        for owner in [SOMEBODY, USER] {
            engine_with_a_and_its_manifest();
            let lie = named('f', 1, owner);
            world::with(|world| {
                let block = lie.manifest.as_deref().unwrap()[2..34].to_owned();
                world.contents.push((block, Some(content.clone())));
                world.heals = true;
            });
            add(lie, Some('f'));
            let uploaded = run(&by_manifest("a:1")).unwrap();
            assert_eq!(uploaded.outcome, Outcome::Uploaded, "{number} {owner}");
            assert_eq!(uploaded.registered_as, digest('f'));
        }
    }
}

#[test]
fn what_is_stored_as_it_is_has_no_manifest_to_be_named_by() {
    engine_with_a_and_its_manifest();
    let request = UploadRequest {
        form: Form::Verbatim,
        ..by_manifest("a:1")
    };
    assert!(matches!(run(&request), Err(Failure::Usage(_))));
    world::with(|world| world.loaded_as = None);
    let failure = run(&by_manifest("a:1")).unwrap_err();
    assert!(
        matches!(failure, Failure::Archive(ArchiveError::Unsupported(_))),
        "{failure:?}"
    );
    assert_eq!(collection_count(), 0);
}
