//! Blocks that need not be sent, and what follows if the cluster refuses them.

use super::*;

/// Sets up a cluster whose image `a:0` has the block of the image that is to be uploaded.
fn cluster_with_a() {
    let mut former = stored('a', 7, PROJECT);
    // Another file name: the same blocks, and not the same image.
    former.manifest = former.manifest.map(|text| text.replace(".tar", ".tar.old"));
    let link = repo_tag_link("a:0", &former.uuid, AT, None);
    world::with(|world| {
        world.collections.push(former);
        world.links.push(link);
    });
}

fn former() -> String {
    world::with(|world| world.collections[0].uuid.clone())
}

fn stores() -> Vec<(Vec<String>, bool)> {
    world::with(|world| {
        let stores = world.stores.iter();
        stores
            .map(|options| (options.reuse.clone(), options.resume))
            .collect()
    })
}

#[test]
fn blocks_of_the_same_repository_are_not_sent() {
    engine_with_a();
    cluster_with_a();
    let uploaded = run(&request("a:1")).unwrap();
    assert_eq!(
        (uploaded.size, uploaded.sent, uploaded.reused),
        (1000, 0, 1000)
    );
    assert_eq!(stores(), [(vec![former()], true)]);
    assert_eq!(warnings(), [""; 0]);
}

#[test]
fn nothing_is_looked_for_if_every_block_is_to_be_sent() {
    engine_with_a();
    cluster_with_a();
    let uploaded = run(&UploadRequest {
        reuse: Reach::None,
        resume: false,
        ..request("a:1")
    })
    .unwrap();
    assert_eq!((uploaded.sent, uploaded.reused), (1000, 0));
    assert_eq!(stores(), [(vec![], false)]);
}

#[test]
fn the_lowest_layer_is_noted_and_finds_the_image_again() {
    let image = |letter, tag| archives::Image {
        diff_ids: vec![digest('0'), digest(letter)],
        ..archived(letter, &[tag], "null")
    };
    give(vec![image('a', "a:1")], false);
    let first = run(&given(None)).unwrap();
    world::with(|world| {
        let images = vec![image('b', "other:1")];
        world.given = Some(GivenArchive {
            images,
            is_stream: false,
        });
        world.links.clear();
        world.stores.clear();
    });
    run(&given(None)).unwrap();
    assert_eq!(stores(), [(vec![first.collection], true)]);
}

#[test]
fn refused_blocks_are_sent() {
    for source in ["engine", "file"] {
        if source == "engine" {
            engine_with_a();
        } else {
            give(vec![archived('a', &["a:1"], "null")], false);
        }
        cluster_with_a();
        world::with(|world| world.refuses_reused = true);
        let request = if source == "engine" {
            request("a:1")
        } else {
            given(None)
        };
        let uploaded = run(&request).unwrap();
        assert_eq!((uploaded.sent, uploaded.reused), (1000, 0), "{source}");
        assert_eq!(
            stores(),
            [(vec![former()], true), (vec![], false)],
            "{source}"
        );
        assert_eq!(links_made().len(), 3, "{source}");
        assert_eq!(warnings().len(), 1, "{source}");
    }
}

#[test]
fn what_comes_but_once_is_not_sent_again() {
    give(vec![archived('a', &["a:1"], "null")], true);
    cluster_with_a();
    world::with(|world| {
        world.refuses_reused = true;
        world.reads_given_once = true;
    });
    // The names of a stream are not known from the start, so that it is named here.
    let failure = run(&given(Some("a:1"))).unwrap_err();
    assert_eq!(failure, Failure::ReuseRefused("403".into()));
    assert_eq!(collection_count(), 1);
}

#[test]
fn a_refusal_without_reuse_is_the_users_to_read() {
    engine_with_a();
    cluster_with_a();
    world::with(|world| world.refuses_all = true);
    let failure = run(&UploadRequest {
        reuse: Reach::None,
        ..request("a:1")
    })
    .unwrap_err();
    assert!(matches!(failure, Failure::Api(api::Error::Forbidden(_))));
    assert_eq!(stores().len(), 1);
    // With reuse it is tried once more, and not for ever.
    assert!(run(&request("a:1")).is_err());
    assert_eq!(stores().len(), 3);
}
