use super::*;

use crate::commands::ImageDigest;
use crate::testing::world::{self, World};
use crate::testing::{PROJECT, USER, hash_link, repo_tag_link};
use crate::types::Platform;

const OLD: &str = "zzzzz-4zz18-old000000000000";
const STRANGER: &str = "zzzzz-tpzed-stranger0000000";
const AT: &str = "2020-01-01T00:00:00.000000000Z";

fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

fn content() -> archives::Image {
    archives::Image {
        id: digest('a'),
        manifest: Some(digest('f')),
        repo_tags: vec!["told/by-archive:1".into()],
        config: r#"{"created":"2024-05-06T07:08:09Z"}"#.into(),
        diff_ids: vec![digest('1')],
        platform: Platform {
            os: "linux".into(),
            architecture: "amd64".into(),
            variant: String::new(),
        },
    }
}

/// Sets up a collection with an archive in a file of this name, which the links make known if there are any.
fn stored(file: &str, owner: &str, linked: bool) {
    let block = world::keep::locator(&content());
    let text = manifest::build(std::slice::from_ref(&block), file, 1000).unwrap();
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
            name: "some".into(),
            portable_data_hash: manifest::portable_data_hash(&text),
            created_at: AT.into(),
            properties: vec![image::text_property(
                image::SOURCE_REFERENCE,
                "lab/tool@sha256:0",
            )],
            manifest: Some(text),
            ..crate::testing::collection(OLD)
        }];
        if linked {
            world.links = vec![
                link(hash_link(&digest('a'), OLD, AT, built), 1),
                link(repo_tag_link("lab/tool:1", OLD, AT, built), 2),
            ];
        }
    });
}

fn known(owner: &str) {
    stored(&image::file_name(&digest('a')), owner, true);
}

fn request(image: &str, names: &[&str], project: Option<&str>) -> RegisterRequest {
    RegisterRequest {
        image: image.into(),
        project: project.map(Into::into),
        names: names.iter().map(|name| (*name).into()).collect(),
        verify: keep::Depth::Config,
        named_by: ImageDigest::Config,
    }
}

fn register(image: &str, names: &[&str], project: Option<&str>) -> Result<Registered, Failure> {
    run(&request(image, names, project))
}

/// Returns the names of the links to a collection.
fn links_to(collection: &str) -> Vec<String> {
    world::with(|world| {
        let links = world.links.iter().filter(|link| link.head == collection);
        links.map(|link| link.name.clone()).collect()
    })
}

fn writes() -> usize {
    world::with(|world| world.writes)
}

#[test]
fn further_names_lead_to_the_same_collection_and_are_made_once() {
    for owner in [USER, PROJECT] {
        known(owner);
        let registered = register("lab/tool:1", &["lab/tool:stable", "lab/tool"], None).unwrap();
        assert_eq!(registered.collection, OLD);
        assert_eq!(registered.source, OLD);
        assert_eq!(registered.outcome, Outcome::Registered);
        assert_eq!(registered.names, ["lab/tool:stable", "lab/tool:latest"]);
        let expected = [
            &digest('a'),
            "lab/tool:1",
            "lab/tool:stable",
            "lab/tool:latest",
        ];
        assert_eq!(links_to(OLD), expected);
        let owners = world::with(|world| {
            let links = world.links.iter();
            links.map(|link| link.owner.clone()).collect::<Vec<_>>()
        });
        assert_eq!(owners, [owner; 4]);
        let before = writes();
        let again = register("lab/tool:1", &["lab/tool:stable", "lab/tool"], None).unwrap();
        assert_eq!(again.outcome, Outcome::Present);
        assert_eq!(writes(), before);
    }
}

#[test]
fn another_project_gets_the_blocks_under_the_name_that_was_asked_for() {
    for (owner, is_trusted) in [(USER, true), (STRANGER, false)] {
        known(owner);
        let registered = register("lab/tool:1", &[], Some(PROJECT)).unwrap();
        assert_eq!(registered.source, OLD);
        assert_ne!(registered.collection, OLD);
        assert_eq!(registered.names, ["lab/tool:1"]);
        assert_eq!(
            links_to(&registered.collection),
            [&digest('a'), "lab/tool:1"]
        );
        let made = world::with(|world| world.collections[1].clone());
        assert_eq!(made.owner, PROJECT);
        assert_eq!(
            made.portable_data_hash,
            world::with(|world| world.collections[0].portable_data_hash.clone())
        );
        let told = image::text_of(&made.properties, image::SOURCE_REFERENCE);
        assert_eq!(
            told.is_some(),
            is_trusted,
            "a stranger's word counts for nothing"
        );
        let before = writes();
        let again = register("lab/tool:1", &[], Some(PROJECT)).unwrap();
        assert_eq!(again.outcome, Outcome::Present);
        assert_eq!(again.collection, registered.collection);
        assert_eq!(writes(), before);
    }
}

#[test]
fn a_file_of_any_name_is_adopted_by_what_is_in_it() {
    stored("saved.tar", USER, false);
    let registered = register(OLD, &[], None).unwrap();
    assert_eq!(registered.image, digest('a'));
    assert_eq!(registered.names, ["told/by-archive:1"]);
    assert_ne!(registered.collection, OLD, "the former file keeps its name");
    let made = world::with(|world| world.collections[1].manifest.clone().unwrap());
    let (file, _) = manifest::only_file(&made).unwrap();
    assert_eq!(file, image::file_name(&digest('a')));

    // Named right, it only lacks its links.
    stored(&image::file_name(&digest('a')), USER, false);
    let registered = register(OLD, &["lab/tool:9"], None).unwrap();
    assert_eq!(registered.collection, OLD);
    assert_eq!(links_to(OLD), [&digest('a'), "lab/tool:9"]);
}

#[test]
fn a_file_named_as_another_image_leads_nobody() {
    // The name says `b`, and the archive holds `a`.
    let lie = image::file_name(&digest('b'));
    stored(&lie, STRANGER, true);
    let error = register("lab/tool:1", &["lab/tool:2"], None).unwrap_err();
    assert!(
        matches!(error, Failure::Archive(ArchiveError::Unsound(_))),
        "{error:?}"
    );
    assert_eq!(writes(), 0);

    // Whoever names the collection itself gets what is in it, under its own digest.
    stored(&lie, STRANGER, false);
    let registered = register(OLD, &["lab/tool:2"], Some(PROJECT)).unwrap();
    assert_eq!(registered.image, digest('a'));
    assert_eq!(registered.registered_as, digest('a'));
    // Nor does it take a name away with what its archive says.
    let unnamed = register(OLD, &[], Some(PROJECT)).unwrap();
    assert_eq!(unnamed.names, Vec::<String>::new());
    let told = world::with(|world| world.log.clone());
    assert!(
        told.iter().any(|(level, text)| {
            *level == Level::Warning && text.contains("and holds image sha256:aaaa")
        }),
        "{told:?}"
    );
}

#[test]
fn what_is_not_there_not_readable_or_no_image_is_refused_before_anything_is_written() {
    known(USER);
    let error = register("lab/other:1", &["x:1"], None).unwrap_err();
    assert!(matches!(error, Failure::NoSuchImage(_)), "{error:?}");
    let error = register("zzzzz-4zz18-nothing00000000", &["x:1"], None).unwrap_err();
    assert!(matches!(error, Failure::NoSuchImage(_)), "{error:?}");
    for name in [
        &digest('c'),
        "x@sha256:aa",
        "-",
        "lab/Case:1",
        PROJECT,
        USER,
        OLD,
    ] {
        let error = register("lab/tool:1", &[name], None).unwrap_err();
        assert!(matches!(error, Failure::Usage(_)), "{name}: {error:?}");
    }
    world::with(|world| {
        for (_, content) in &mut world.contents {
            *content = None;
        }
    });
    let error = register("lab/tool:1", &["x:1"], None).unwrap_err();
    assert!(
        matches!(error, Failure::Archive(ArchiveError::Unsound(_))),
        "{error:?}"
    );

    known(USER);
    world::with(|world| world.projects[0].writable = false);
    let error = register("lab/tool:1", &[], Some(PROJECT)).unwrap_err();
    assert!(matches!(error, Failure::UnusableProject(_)), "{error:?}");
    assert_eq!(writes(), 0);
}

#[test]
fn the_beginning_of_a_digest_is_no_name() {
    known(USER);
    for text in ["sha256:aaaaaa", "sha256:ffff", "sha256", "sha:1", "s"] {
        let error = register(text, &["x:1"], None).unwrap_err();
        let is_refused = matches!(error, Failure::NoSuchImage(_) | Failure::Usage(_));
        assert!(is_refused, "{text}: {error:?}");
    }
    assert_eq!(writes(), 0);
}

#[test]
fn what_a_name_led_to_and_what_was_not_read_is_told() {
    known(USER);
    register("lab/tool:1", &["other/tool:1"], None).unwrap();
    world::with(|world| {
        let mut other = world.collections[0].clone();
        other.uuid = "zzzzz-4zz18-other0000000000".into();
        world.collections.push(other);
        let mut link = world.links[1].clone();
        link.name = "moved/tool:1".into();
        link.head = "zzzzz-4zz18-other0000000000".into();
        world.links.push(link);
    });
    register("lab/tool:1", &["moved/tool:1"], None).unwrap();
    let told =
        |words: &str| world::with(|world| world.log.iter().any(|(_, text)| text.contains(words)));
    assert!(told(
        "`moved/tool:1` had a link to zzzzz-4zz18-other0000000000"
    ));
    assert!(!told("layers were not read"));
    known(STRANGER);
    register("lab/tool:1", &[], Some(PROJECT)).unwrap();
    assert!(told("layers were not read"));
}

#[test]
fn a_denied_look_ends_it() {
    known(USER);
    world::with(|world| {
        world.examine_error = Some(keep::Error::Denied("no".into()));
    });
    let error = register("lab/tool:1", &["x:1"], None).unwrap_err();
    assert!(
        matches!(error, Failure::Keep(keep::Error::Denied(_))),
        "{error:?}"
    );
    assert_eq!(writes(), 0);
}
