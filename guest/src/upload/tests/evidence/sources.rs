//! What an engine, a cache or a file says of an image.

use super::*;

#[test]
fn a_cached_archive_of_another_image_is_thrown_away() {
    engine_with_a();
    world::with(|world| {
        world.cache = vec![(digest('a'), Some(archived('b', &[], "null")))];
    });
    was_sent(&run(&request("a:1")).unwrap());
    assert!(has_called("archive.open Source::Engine"));
    assert!(warnings()[0].contains(&digest('b')), "{:?}", warnings());
    assert!(world::with(|world| world.cache.is_empty()));
}

#[test]
fn an_engine_that_saves_another_image_than_it_named_registers_nothing() {
    engine_with_a();
    world::with(|world| world.engine.as_mut().unwrap()[0].1 = archived('b', &[], "null"));
    let failure = run(&request("a:1")).unwrap_err();
    let Failure::Archive(ArchiveError::Unsound(text)) = failure else {
        panic!("{failure:?}");
    };
    assert!(text.contains(&digest('b')) && text.contains(&digest('a')));
    assert_eq!((collection_count(), links_made().len()), (0, 0));
}

#[test]
fn an_index_that_the_engine_does_not_save_is_known_by_its_layers() {
    // The layers tell only where the engine has that digest among the image's names.
    for (repo_digest, saved, is_it) in [
        (Some("a"), '0', true),
        (Some("a"), '1', false),
        (None, '0', false),
    ] {
        engine_with_manifest(&['0']);
        world::with(|world| {
            let (local, archive) = &mut world.engine.as_mut().unwrap()[0];
            local.repo_digests = repo_digest
                .map(|name| format!("{name}@{}", digest('e')))
                .into_iter()
                .collect();
            archive.manifest = Some(digest('f'));
            archive.diff_ids = vec![digest(saved)];
        });
        assert_eq!(
            run(&request("a:1")).is_ok(),
            is_it,
            "{repo_digest:?} {saved}"
        );
    }
}

#[test]
fn a_source_in_the_engine_is_what_is_uploaded_under_the_name() {
    let with_both = |names: &[(char, &str)]| {
        world::with(|world| {
            *world = World::new();
            world.engine = Some(
                names
                    .iter()
                    .map(|(letter, name)| {
                        let saved = archived(*letter, &[], "null");
                        (local(&digest(*letter), &[name]), saved)
                    })
                    .collect(),
            );
        });
    };
    let from = |source: &str, name: &str| UploadRequest {
        selection: Some(source.into()),
        ..request(name)
    };
    with_both(&[('a', "a:1"), ('b', "b:2")]);
    let uploaded = run(&from("a:1", "b:2")).unwrap();
    assert_eq!(
        (uploaded.image, uploaded.name.as_deref()),
        (digest('a'), Some("b:2"))
    );
    // What the cluster calls so is not what the engine was to give.
    with_both(&[('b', "b:2")]);
    world::with(|world| {
        world.collections = vec![stored('a', 1, USER)];
        world.links = vec![repo_tag_link(
            "a:1",
            "zzzzz-4zz18-other0000000001",
            AT,
            None,
        )];
    });
    let failure = run(&from("a:1", "b:2")).unwrap_err();
    assert_eq!(failure, Failure::NoSuchImage("a:1".into()));
    let failure = run(&from("b:2", &digest('a'))).unwrap_err();
    assert!(matches!(failure, Failure::Usage(_)));
}
