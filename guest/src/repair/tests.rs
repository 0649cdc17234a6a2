use super::*;

use crate::bindings::keepdocker::contract::log::Level;
use crate::commands::ImageDigest;
use crate::manifest;
use crate::testing::world::{self, Fault, World};
use crate::testing::{PROJECT, USER, hash_link, repo_tag_link};
use crate::types::Platform;

pub(super) const OLD: &str = "zzzzz-4zz18-old000000000000";
const AT: &str = "2020-01-01T00:00:00.000000000Z";

pub(super) fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

pub(super) fn content() -> archives::Image {
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
pub(super) fn registered_as(name: char, owner: &str) {
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
            owner: owner.into(),
            name: format!("mine {}", image::short(&digest(name))),
            portable_data_hash: manifest::portable_data_hash(&text),
            created_at: AT.into(),
            properties: vec![
                image::text_property(image::CONFIG_DIGEST, &digest('a')),
                image::text_property(image::SOURCE_REFERENCE, "lab/tool@sha256:0"),
            ],
            manifest: Some(text),
            ..crate::testing::collection(OLD)
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
        named_by,
        ..request(image, None)
    })
}

/// Asks for an image to be registered by the digest of its manifest.
fn request(image: &str, project: Option<&str>) -> RepairRequest {
    RepairRequest {
        image: image.into(),
        tag: None,
        project: project.map(Into::into),
        named_by: ImageDigest::Manifest,
        origin: None,
        selection: None,
        platform: None,
    }
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
fn the_new_collection_keeps_as_many_replicas_in_the_same_classes() {
    registered_as('a', USER);
    world::with(|world| {
        world.collections[0].replicas = Some(3);
        world.collections[0].storage_classes = vec!["archive".into(), "hot".into()];
    });
    repair("lab/tool:1", ImageDigest::Manifest).unwrap();
    world::with(|world| {
        let made = &world.collections[1];
        assert_eq!(made.replicas, Some(3));
        assert_eq!(made.storage_classes, ["archive", "hot"]);
    });
}

/// Returns an image ID with these first digits, which `fill` follows.
fn digest_of(digits: &str, fill: char) -> String {
    let rest = fill.to_string().repeat(64 - digits.len());
    format!("sha256:{digits}{rest}")
}

#[test]
fn the_first_digits_of_either_digest_are_enough_and_never_silently_too_few() {
    for (name, named_by) in [('f', ImageDigest::Manifest), ('a', ImageDigest::Config)] {
        registered_as(name, USER);
        world::with(|world| {
            let properties = &mut world.collections[0].properties;
            properties.push(image::text_property(image::MANIFEST_DIGEST, &digest('f')));
        });
        for digits in ["a", "f"].map(|digit| digit.repeat(12)) {
            for asked in [digits.clone(), format!("sha256:{digits}")] {
                let repaired = repair(&asked, named_by).unwrap();
                assert_eq!(repaired.outcome, Outcome::Present, "{asked}");
                assert_eq!(repaired.image, digest('a'), "{asked}");
            }
        }
        // What somebody only says is no image that the digits could mean too.
        world::with(|world| {
            let mut other = world.collections[0].clone();
            other.uuid = "zzzzz-4zz18-lie000000000000".into();
            let lie = digest_of(&"a".repeat(12), 'b');
            other.properties = vec![image::text_property(image::CONFIG_DIGEST, &lie)];
            world.collections.push(other);
        });
        let repaired = repair(&"a".repeat(12), named_by).unwrap();
        assert_eq!(repaired.image, digest('a'));
        // An image that is there, and begins alike, is one.
        let other = digest_of(&"a".repeat(12), 'c');
        world::with(|world| {
            let mut link = hash_link(&other, OLD, AT, None);
            link.uuid = "zzzzz-o0j2j-other0000000000".into();
            world.links.push(link);
        });
        let failure = repair(&"a".repeat(12), named_by).unwrap_err();
        let Failure::AmbiguousImage(ambiguity) = failure else {
            panic!("{failure:?}");
        };
        let mut both = [other, digest(name)];
        both.sort();
        assert_eq!(ambiguity.images, both);
    }
}

#[test]
fn more_beginnings_than_can_be_looked_into_are_told_as_ambiguous() {
    registered_as('f', USER);
    world::with(|world| {
        for fill in '0'..='8' {
            let mut other = world.collections[0].clone();
            let noted = digest_of(&"a".repeat(12), fill);
            other.properties = vec![image::text_property(image::CONFIG_DIGEST, &noted)];
            world.collections.push(other);
        }
    });
    let failure = repair(&"a".repeat(12), ImageDigest::Manifest).unwrap_err();
    assert!(matches!(failure, Failure::AmbiguousImage(_)), "{failure:?}");
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
    for image in ["lab/tool:1", &digest('a')] {
        assert_eq!(
            run(&request(image, Some(USER))).unwrap_err(),
            Failure::NoSuchImage(image.into())
        );
    }
    let repaired = run(&request("lab/tool:1", Some(PROJECT))).unwrap();
    assert_eq!(repaired.outcome, Outcome::Registered);
    for image in ["lab/tool:1", &digest('a'), &digest('f')] {
        let repaired = run(&request(image, Some(PROJECT))).unwrap();
        assert_eq!(repaired.outcome, Outcome::Present, "{image}");
    }
    world::with(|world| world.projects[0].writable = false);
    assert!(matches!(
        run(&request("lab/tool:1", Some(PROJECT))).unwrap_err(),
        Failure::UnusableProject(_)
    ));
}

/// The second in which the world's clock begins.
const BEGINNING: &str = "2026-01-01T00:00:00.400000000Z";

/// Returns the collection to which the name leads by the server's rule.
fn leads_to(name: &str) -> String {
    resolution_of(name).remove(0).collection
}

fn resolution_of(name: &str) -> Vec<resolution::Candidate> {
    world::with(|world| {
        let named: Vec<_> = world
            .links
            .iter()
            .filter(|link| link.name == name)
            .collect();
        resolution::candidates(&named)
    })
}

fn counts() -> (usize, usize) {
    world::with(|world| (world.collections.len(), world.links.len()))
}

/// Sets up an image that was linked in the very second in which the server's clock stands.
fn registered_just_now() {
    registered_as('a', USER);
    world::with(|world| {
        world.is_stopped = true;
        for link in &mut world.links {
            link.created_at = BEGINNING.into();
        }
    });
}

#[test]
fn no_name_gets_a_link_within_the_second_of_the_former_one() {
    for again in ["lab/tool:1", "lab/tool:latest", &digest('a'), &digest('f')] {
        for runs in 1..4 {
            registered_just_now();
            for _ in 0..runs {
                let failure = repair("lab/tool:1", ImageDigest::Manifest).unwrap_err();
                let Failure::TooEarly(text) = failure else {
                    panic!("{failure:?}");
                };
                assert!(text.contains("its names still lead to"), "{text}");
                assert_eq!(leads_to("lab/tool:1"), OLD);
            }
            // From the second run on, a hash link tells the time.
            assert_eq!(counts(), (2, 3 + runs - 1));
            world::with(|world| world.is_stopped = false);
            let repaired = repair(again, ImageDigest::Manifest).unwrap();
            assert_eq!(repaired.outcome, Outcome::Registered, "{again}");
            assert_eq!(repaired.former.as_deref(), Some(OLD), "{again}");
            assert_eq!(counts(), (2, 3 + runs + 2), "{again}");
            for name in ["lab/tool:1", "lab/tool:latest"] {
                assert_eq!(leads_to(name), repaired.collection, "{again}");
                assert_eq!(resolution_of(name)[0].links, 1);
            }
            let repaired = repair(again, ImageDigest::Manifest).unwrap();
            assert_eq!(repaired.outcome, Outcome::Present, "{again}");
            world::with(|world| assert_eq!(world.log, [], "nothing to warn of"));
        }
    }
}

#[test]
fn names_that_lead_elsewhere_are_mended_by_the_id_too() {
    for from in ["lab/tool:1", &digest('a'), &digest('f')] {
        registered_as('a', USER);
        repair("lab/tool:1", ImageDigest::Manifest).unwrap();
        // As though all had been linked within one second, in which the lower UUID wins.
        world::with(|world| {
            for link in &mut world.links {
                link.created_at = AT.into();
            }
            let first = "zzzzz-4zz18-000000000000000";
            world.collections[0].uuid = first.into();
            for link in &mut world.links[..3] {
                link.head = first.into();
            }
        });
        let repaired = repair(from, ImageDigest::Manifest).unwrap();
        assert_eq!(repaired.outcome, Outcome::Registered, "{from}");
        for name in ["lab/tool:1", "lab/tool:latest"] {
            assert_eq!(leads_to(name), repaired.collection, "{from}");
        }
        assert_eq!(counts(), (3, 9));
        for again in ["lab/tool:1", &digest('a'), &digest('f')] {
            let repaired = repair(again, ImageDigest::Manifest).unwrap();
            assert_eq!(repaired.outcome, Outcome::Present, "{from} {again}");
        }
    }
}

#[test]
fn an_id_completes_a_run_cut_short() {
    for at in 1..4 {
        registered_as('a', USER);
        world::with(|world| world.faults = vec![(at, Fault::Fail)]);
        assert!(repair("lab/tool:1", ImageDigest::Manifest).is_err());
        let repaired = repair(&digest('f'), ImageDigest::Manifest).unwrap();
        assert_eq!(repaired.outcome, Outcome::Registered, "{at}");
        assert_eq!(counts(), (2, 6), "{at}");
        assert_eq!(leads_to("lab/tool:1"), repaired.collection, "{at}");
    }
}

#[test]
fn a_later_build_under_the_name_is_told_of_and_makes_no_further_collection() {
    registered_as('a', USER);
    world::with(|world| {
        world.links[1].properties[0].value = "\"2025-01-01T00:00:00Z\"".into();
    });
    for _ in 0..3 {
        repair("lab/tool:1", ImageDigest::Manifest).unwrap();
        assert_eq!(counts(), (2, 6));
    }
    // By the ID of what is right, too.
    world::with(|world| world.log.clear());
    repair(&digest('f'), ImageDigest::Manifest).unwrap();
    assert_eq!(counts(), (2, 6));
    world::with(|world| {
        assert!(
            world
                .log
                .iter()
                .any(|(level, text)| *level == Level::Warning
                    && text.contains("a container request for `lab/tool:1` still gets")),
            "{:?}",
            world.log
        );
    });
}

#[test]
fn what_the_policy_withholds_is_denied() {
    let denied = || keep::Error::Denied("no keep.examine".into());
    for project in [None, Some(USER.to_owned())] {
        for image in ["lab/tool:1", &digest('a'), &digest('f')] {
            registered_as('a', USER);
            world::with(|world| {
                world.examine_error = Some(denied());
                let properties = &mut world.collections[0].properties;
                properties.push(image::text_property(image::MANIFEST_DIGEST, &digest('f')));
            });
            let failure = run(&request(image, project.as_deref())).unwrap_err();
            // Which collection of a project has the manifest's digest shows by its links alone.
            if project.is_some() && image == digest('f') {
                assert_eq!(failure, Failure::NoSuchImage(image.into()));
            } else {
                assert_eq!(failure, Failure::Keep(denied()), "{image} {project:?}");
            }
            assert_eq!(counts(), (1, 3));
        }
    }
}

#[test]
fn what_is_named_like_no_image_is_left_to_adopt() {
    registered_as('a', USER);
    let uuid = world::with(|world| {
        let manifest = world.collections[0].manifest.as_mut().unwrap();
        let (start, _) = manifest.rsplit_once(':').unwrap();
        *manifest = format!("{start}:my.tar\n");
        world.collections[0].uuid.clone()
    });
    let failure = run(&request(&uuid, None)).unwrap_err();
    let told = format!("{failure:?}");
    let hint = format!("keepdocker adopt {uuid}");
    assert!(
        matches!(failure, Failure::Archive(_)) && told.contains(&hint),
        "{told}"
    );
}

#[test]
fn a_project_is_meant_by_its_uuid() {
    registered_as('a', USER);
    let failure = run(&request("lab/tool:1", Some("foo"))).unwrap_err();
    let Failure::Usage(text) = failure else {
        panic!("{failure:?}");
    };
    assert!(
        text.starts_with("`foo` is not the UUID of a project"),
        "{text}"
    );
}
