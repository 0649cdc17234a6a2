use super::*;

use crate::commands::ImageDigest;
use crate::manifest;
use crate::testing::world::{self, Fault, World};
use crate::testing::{PROJECT, USER, hash_link, repo_tag_link};
use crate::types::Platform;

const OLD: &str = "zzzzz-4zz18-old000000000000";
const AT: &str = "2020-01-01T00:00:00.000000000Z";

fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

fn content() -> archives::Image {
    archives::Image {
        id: digest('a'),
        manifest: Some(digest('f')),
        repo_tags: Vec::new(),
        config: r#"{"created":"2024-05-06T07:08:09Z"}"#.into(),
        diff_ids: Vec::new(),
        platform: Platform {
            os: "linux".into(),
            architecture: "amd64".into(),
            variant: String::new(),
        },
    }
}

/// Sets up a collection of an image under two names, whose file is named by this digest.
fn registered_as(name: char, owner: &str) {
    let block = world::keep::locator(&content());
    let text = manifest::build(
        std::slice::from_ref(&block),
        &format!("{}.tar", digest(name)),
        1000,
    )
    .unwrap();
    let link = |link: links::Link, number: u32| links::Link {
        uuid: format!("zzzzz-o0j2j-{number:015}"),
        owner: owner.into(),
        ..link
    };
    let built = Some("\"2024-05-06T07:08:09Z\"");
    world::with(|world| {
        *world = World::new();
        world.engine = None;
        world.contents = vec![(block[..32].into(), Some(content()))];
        world.collections = vec![collections::Collection {
            uuid: OLD.into(),
            owner: owner.into(),
            name: format!("mine {}", image::short(&digest(name))),
            portable_data_hash: manifest::portable_data_hash(&text),
            created_at: AT.into(),
            properties: vec![
                image::text_property(image::CONFIG_DIGEST, &digest('a')),
                image::text_property(image::SOURCE_REFERENCE, "lab/tool@sha256:0"),
            ],
            manifest: Some(text),
        }];
        world.links = vec![
            link(hash_link(&digest(name), OLD, AT, built), 1),
            link(repo_tag_link("lab/tool:1", OLD, AT, built), 2),
            link(repo_tag_link("lab/tool:latest", OLD, AT, built), 3),
        ];
    });
}

fn repair(image: &str, named_by: ImageDigest) -> Result<Repaired, Failure> {
    run(&RepairRequest {
        image: image.into(),
        tag: None,
        project: None,
        named_by,
    })
}

#[test]
fn the_image_gets_a_collection_of_the_other_name_with_its_blocks_and_its_names_once() {
    for (from, to, named_by) in [
        ('a', 'f', ImageDigest::Manifest),
        ('f', 'a', ImageDigest::Config),
    ] {
        for owner in [USER, PROJECT] {
            registered_as(from, owner);
            let repaired = repair("lab/tool", named_by).unwrap();
            assert_eq!(repaired.outcome, Outcome::Registered);
            assert_eq!(repaired.registered_as, digest(to));
            assert_eq!(repaired.image, digest('a'));
            assert_eq!(repaired.names, ["lab/tool:1", "lab/tool:latest"]);
            assert_eq!(repaired.former.as_deref(), Some(OLD));
            assert_eq!(repaired.former_links.len(), 3);
            let made = world::with(|world| world.collections[1].clone());
            assert_eq!(made.uuid, repaired.collection);
            assert_eq!(made.owner, owner);
            assert_eq!(made.name, format!("mine {}", image::short(&digest(to))));
            let text = made.manifest.unwrap();
            let (file, _) = manifest::only_file(&text).unwrap();
            assert_eq!(file, format!("{}.tar", digest(to)));
            let before = world::with(|world| world.collections[0].manifest.clone().unwrap());
            let blocks = |text: &str| text.split(' ').nth(1).unwrap().to_owned();
            assert_eq!(blocks(&text), blocks(&before));
            world::with(|world| {
                let new: Vec<_> = world.links[3..].iter().collect();
                assert_eq!(new.len(), 3);
                assert_eq!(new[0].name, digest(to));
                for link in new {
                    assert_eq!(
                        (&link.head, link.owner.as_str()),
                        (&repaired.collection, owner)
                    );
                    assert_eq!(link.properties[0].value, "\"2024-05-06T07:08:09Z\"");
                }
                assert!(
                    world
                        .calls
                        .iter()
                        .all(|call| !call.starts_with("keep.store"))
                );
            });

            // Whatever it is called by, nothing is made twice.
            for again in ["lab/tool:1", &digest(to), &digest(from)] {
                let repaired = repair(again, named_by).unwrap();
                assert_eq!(repaired.outcome, Outcome::Present, "{again}");
                assert_eq!(repaired.registered_as, digest(to), "{again}");
            }
            world::with(|world| {
                assert_eq!((world.collections.len(), world.links.len()), (2, 6));
                assert_eq!(world.log, [], "nothing to warn of");
            });
        }
    }
}

#[test]
fn there_and_back_the_names_lead_to_what_was_asked_for_last() {
    registered_as('a', USER);
    for (to, named_by) in [
        ('f', ImageDigest::Manifest),
        ('a', ImageDigest::Config),
        ('f', ImageDigest::Manifest),
    ] {
        let repaired = repair("lab/tool:1", named_by).unwrap();
        assert_eq!(repaired.outcome, Outcome::Registered, "{to}");
        let again = repair("lab/tool:1", named_by).unwrap();
        assert_eq!(again.outcome, Outcome::Present, "{to}");
        assert_eq!(again.collection, repaired.collection);
        assert_eq!(again.registered_as, digest(to));
    }
    world::with(|world| {
        assert_eq!((world.collections.len(), world.links.len()), (4, 12));
        assert_eq!(world.log, [], "nothing to warn of");
    });
}

#[test]
fn a_run_cut_short_is_completed_by_the_next() {
    for at in 0..4 {
        registered_as('a', USER);
        world::with(|world| world.faults = vec![(at, Fault::Fail)]);
        assert!(repair("lab/tool:1", ImageDigest::Manifest).is_err());
        let repaired = repair("lab/tool:1", ImageDigest::Manifest).unwrap();
        assert_eq!(repaired.outcome, Outcome::Registered, "{at}");
        let repaired = repair("lab/tool:latest", ImageDigest::Manifest).unwrap();
        assert_eq!(repaired.outcome, Outcome::Present, "{at}");
        world::with(|world| {
            assert_eq!((world.collections.len(), world.links.len()), (2, 6), "{at}");
        });
    }
}

#[test]
fn only_what_is_shown_to_be_the_image_is_registered() {
    let of = |image: Option<archives::Image>| {
        registered_as('a', USER);
        world::with(|world| world.contents[0].1 = image);
        let failure = repair("lab/tool:1", ImageDigest::Manifest).unwrap_err();
        assert!(
            matches!(failure, Failure::Archive(ArchiveError::Unsupported(_))),
            "{failure:?}"
        );
        world::with(|world| assert_eq!((world.collections.len(), world.links.len()), (1, 3)));
    };
    of(None);
    of(Some(archives::Image {
        id: digest('b'),
        ..content()
    }));
    // Stored as it was.
    of(Some(archives::Image {
        manifest: None,
        ..content()
    }));
}

#[test]
fn a_project_bounds_what_is_meant() {
    registered_as('a', PROJECT);
    let request = |image: &str, project: &str| RepairRequest {
        image: image.into(),
        tag: None,
        project: Some(project.into()),
        named_by: ImageDigest::Manifest,
    };
    for image in ["lab/tool:1", &digest('a')] {
        assert_eq!(
            run(&request(image, USER)).unwrap_err(),
            Failure::NoSuchImage(image.into())
        );
    }
    let repaired = run(&request("lab/tool:1", PROJECT)).unwrap();
    assert_eq!(repaired.outcome, Outcome::Registered);
    for image in ["lab/tool:1", &digest('a'), &digest('f')] {
        let repaired = run(&request(image, PROJECT)).unwrap();
        assert_eq!(repaired.outcome, Outcome::Present, "{image}");
    }
    world::with(|world| world.projects[0].writable = false);
    assert!(matches!(
        run(&request("lab/tool:1", PROJECT)).unwrap_err(),
        Failure::UnusableProject(_)
    ));
}
