use super::*;

use crate::testing::world::{self, Fault, World};
use crate::testing::{PROJECT, USER, hash_link, image_in, repo_tag_link};

const IMAGE: &str = "zzzzz-4zz18-image0000000000";
const OTHER: &str = "zzzzz-4zz18-other0000000000";
const STRANGER: &str = "zzzzz-j7d0g-stranger0000000";
const AT: &str = "2020-01-01T00:00:00.000000000Z";
const LATER: &str = "2021-01-01T00:00:00.000000000Z";

/// Makes a link with a number in its UUID.
fn link(number: u32, name: &str, head: &str, owner: &str, at: &str) -> links::Link {
    links::Link {
        uuid: format!("zzzzz-o0j2j-{number:015}"),
        owner: owner.into(),
        ..repo_tag_link(name, head, at, None)
    }
}

/// Sets up a collection of the user's with two names, of which it tells both.
fn known(more: &[links::Link]) {
    let id = format!("sha256:{}", "a".repeat(64));
    let collection = |uuid: &str, owner: &str| collections::Collection {
        properties: vec![crate::types::Property {
            key: image::REPO_TAG.into(),
            value: r#"["lab/tool:1","lab/tool:2"]"#.into(),
        }],
        ..image_in(uuid, owner)
    };
    world::with(|world| {
        *world = World::new();
        world.projects.push(crate::capabilities::projects::Project {
            uuid: STRANGER.into(),
            name: "theirs".into(),
            group_class: Some("project".into()),
            writable: false,
        });
        world.collections = vec![collection(IMAGE, USER), collection(OTHER, STRANGER)];
        world.links = vec![
            links::Link {
                uuid: "zzzzz-o0j2j-hash00000000000".into(),
                ..hash_link(&id, IMAGE, AT, None)
            },
            link(1, "lab/tool:1", IMAGE, USER, AT),
            link(2, "lab/tool:2", IMAGE, USER, AT),
        ];
        world.links.extend_from_slice(more);
    });
}

fn untag(names: &[&str], project: Option<&str>) -> Result<Vec<UntaggedName>, Failure> {
    let request = UntagRequest {
        names: names.iter().map(|name| (*name).into()).collect(),
        project: project.map(Into::into),
    };
    run(&request).map(|told| told.names)
}

/// Returns the last parts of the UUIDs of the links that are left.
fn left() -> Vec<String> {
    world::with(|world| {
        let links = world.links.iter();
        links.map(|link| link.uuid[12..].to_owned()).collect()
    })
}

fn number(number: u32) -> String {
    format!("{number:015}")
}

fn told(collection: usize) -> Vec<String> {
    world::with(|world| image::told_names(&world.collections[collection].properties).unwrap())
}

#[test]
fn a_name_goes_with_all_its_links_and_the_collection_stays_and_tells_it_no_more() {
    // Tags are not unique.
    known(&[link(3, "lab/tool:1", IMAGE, USER, LATER)]);
    let names = untag(&["lab/tool:1"], None).unwrap();
    assert_eq!(names.len(), 1);
    assert_eq!(names[0].name, "lab/tool:1");
    assert_eq!(names[0].removed, [IMAGE]);
    assert_eq!(names[0].leads_to, None);
    assert_eq!(left(), ["hash00000000000".to_owned(), number(2)]);
    assert_eq!(told(0), ["lab/tool:2"]);
    assert_eq!(world::with(|world| world.collections.len()), 2);

    // Again, nothing is written.
    let writes = world::with(|world| world.writes);
    let again = untag(&["lab/tool:1"], None).unwrap();
    assert!(again[0].removed.is_empty());
    assert_eq!(world::with(|world| world.writes), writes);
}

#[test]
fn several_names_go_at_once_each_as_it_is_registered() {
    known(&[link(3, "lab/tool:latest", IMAGE, USER, AT)]);
    let names = untag(
        &["lab/tool", "lab/tool:2", "lab/tool:latest", "lab/none:1"],
        None,
    )
    .unwrap();
    let told_of: Vec<_> = names
        .iter()
        .map(|name| (name.name.as_str(), name.removed.len()))
        .collect();
    assert_eq!(
        told_of,
        [("lab/tool:latest", 1), ("lab/tool:2", 1), ("lab/none:1", 0)]
    );
    assert_eq!(left(), ["hash00000000000".to_owned(), number(1)]);
    assert_eq!(told(0), ["lab/tool:1"]);
    let changes = world::with(|world| {
        let calls = world.calls.iter();
        calls
            .filter(|call| call.starts_with("collections.update"))
            .count()
    });
    assert_eq!(changes, 1, "a collection is changed once");
}

#[test]
fn what_others_have_stays_and_what_the_name_leads_to_then_is_told() {
    known(&[link(3, "lab/tool:1", OTHER, STRANGER, AT)]);
    let names = untag(&["lab/tool:1"], None).unwrap();
    assert_eq!(names[0].removed.len(), 1);
    assert_eq!(names[0].left, ["zzzzz-o0j2j-000000000000003"]);
    assert_eq!(names[0].leads_to.as_deref(), Some(OTHER));
    assert_eq!(told(1), ["lab/tool:1", "lab/tool:2"], "a stranger's word");
    // Only theirs is left, and that it is there is no failure.
    let again = untag(&["lab/tool:1"], None).unwrap();
    assert_eq!((again[0].removed.len(), again[0].left.len()), (0, 1));
}

#[test]
fn a_name_that_several_projects_have_is_taken_away_in_the_one_that_is_named() {
    known(&[link(3, "lab/tool:1", OTHER, PROJECT, AT)]);
    let before = left();
    // Nor is another name of the same command.
    let error = untag(&["lab/tool:2", "lab/tool:1"], None).unwrap_err();
    let Failure::Usage(text) = &error else {
        panic!("{error:?}")
    };
    assert!(text.contains(USER) && text.contains(PROJECT), "{text}");
    assert_eq!(left(), before);
    assert_eq!(world::with(|world| world.writes), 0);

    let names = untag(&["lab/tool:1"], Some(PROJECT)).unwrap();
    assert_eq!(names[0].removed.len(), 1);
    assert_eq!(names[0].leads_to.as_deref(), Some(IMAGE));
    assert_eq!(left().len(), before.len() - 1);
    let names = untag(&["lab/tool:1"], Some(USER)).unwrap();
    assert_eq!(names[0].removed.len(), 1);
}

#[test]
fn what_cannot_be_taken_away_is_refused_before_anything_is_removed() {
    known(&[link(3, "lab/tool:3", OTHER, STRANGER, AT)]);
    let error = untag(&["lab/tool:3"], Some(STRANGER)).unwrap_err();
    assert!(matches!(error, Failure::UnusableProject(_)), "{error:?}");
    let error = untag(&["lab/none:1"], Some("zzzzz-j7d0g-nowhere00000000")).unwrap_err();
    assert!(matches!(error, Failure::UnusableProject(_)), "{error:?}");
    let digest = format!("sha256:{}", "a".repeat(64));
    for (names, project) in [
        (&["Lab/Tool:1"][..], None),
        (&["lab/tool:1", IMAGE], None),
        (&[digest.as_str()], None),
        (&["lab/tool:1"], Some("nonsense")),
        (&["lab/tool:1"], Some(IMAGE)),
    ] {
        let error = untag(names, project).unwrap_err();
        assert!(matches!(error, Failure::Usage(_)), "{names:?}: {error:?}");
    }
    let many: Vec<_> = (10..40)
        .map(|at| {
            let owner = format!("zzzzz-j7d0g-{at:015}");
            link(at, "lab/many:1", IMAGE, &owner, AT)
        })
        .collect();
    world::with(|world| world.links.extend(many));
    let error = untag(&["lab/many:1"], None).unwrap_err();
    assert!(matches!(error, Failure::Usage(_)), "{error:?}");
    assert_eq!(world::with(|world| world.writes), 0);
}

#[test]
fn where_a_removal_fails_it_is_told_what_went_before() {
    known(&[]);
    world::with(|world| world.faults = vec![(1, Fault::Fail)]);
    let error = untag(&["lab/tool:1", "lab/tool:2"], None).unwrap_err();
    assert!(matches!(error, Failure::Api(_)), "{error:?}");
    assert_eq!(left(), ["hash00000000000".to_owned(), number(2)]);
    let said = world::with(|world| world.log.clone());
    assert!(
        said.iter().any(|(level, text)| {
            *level == Level::Warning && text.contains(&format!("tag {IMAGE} lab/tool:1"))
        }),
        "{said:?}"
    );

    // The next run finds what this one could not tell the collection any more.
    assert_eq!(told(0), ["lab/tool:1", "lab/tool:2"]);
    world::with(|world| world.faults.clear());
    untag(&["lab/tool:1", "lab/tool:2"], None).unwrap();
    assert_eq!(told(0), [""; 0]);
    assert_eq!(told(1), ["lab/tool:1", "lab/tool:2"], "a stranger's word");

    // Anybody who may write there can make more of them than one run is to change.
    known(&[]);
    world::with(|world| {
        world.links.clear();
        let more: Vec<_> = (0..30)
            .map(|at| collections::Collection {
                properties: world.collections[0].properties.clone(),
                ..image_in(&format!("zzzzz-4zz18-{at:015}"), USER)
            })
            .collect();
        world.collections.extend(more);
    });
    untag(&["lab/tool:1"], None).unwrap();
    let changed = world::with(|world| world.writes);
    assert_eq!(changed, MOST_LEFT);

    // A collection that cannot be changed is no reason to fail.
    known(&[]);
    world::with(|world| world.refuses_updates = true);
    assert_eq!(untag(&["lab/tool:1"], None).unwrap()[0].removed.len(), 1);
    let said = world::with(|world| world.log.clone());
    assert!(
        said.iter()
            .any(|(_, text)| text.contains("tells them still")),
        "{said:?}"
    );
}

#[test]
fn all_that_leads_to_what_is_gone_is_taken_away_by_its_uuid() {
    const GONE: &str = "zzzzz-4zz18-gone00000000000";
    let id = format!("sha256:{}", "b".repeat(64));
    known(&[
        links::Link {
            uuid: "zzzzz-o0j2j-gone00000000000".into(),
            ..hash_link(&id, GONE, AT, None)
        },
        link(3, "lab/gone:1", GONE, USER, AT),
        link(4, "$(touch it)", GONE, USER, AT),
        link(5, "lab/gone:1", GONE, STRANGER, AT),
        link(6, GONE, IMAGE, USER, AT),
    ]);
    let removed = untag(&[GONE, "lab/gone:1", GONE], None).unwrap();
    assert_eq!(removed.len(), 2);
    assert_eq!(removed[0].name, "lab/gone:1");
    assert_eq!(removed[1].name, GONE);
    for named in &removed {
        assert_eq!(named.removed, [GONE]);
        assert_eq!(named.left, ["zzzzz-o0j2j-000000000000005"]);
        assert_eq!(named.leads_to, None);
    }
    let left = || {
        world::with(|world| {
            world
                .links
                .iter()
                .map(|link| link.uuid.clone())
                .collect::<Vec<_>>()
        })
    };
    // Those of what is there, of a stranger, and one that only has the name.
    assert_eq!(left().len(), 5, "{:?}", left());
    assert_eq!(untag(&[GONE], None).unwrap()[0].removed, [""; 0]);
    let refused = untag(&[IMAGE], None).unwrap_err();
    assert!(
        matches!(&refused, Failure::Usage(why) if why.contains("which of its names")),
        "{refused:?}"
    );
    assert_eq!(left().len(), 5);
}
