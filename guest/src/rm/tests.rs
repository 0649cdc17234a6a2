use super::*;

use crate::testing::world::{self, Fault, World};
use crate::testing::{PROJECT, USER, hash_link, image_in, repo_tag_link};

const IMAGE: &str = "zzzzz-4zz18-image0000000000";
const OTHER: &str = "zzzzz-4zz18-other0000000000";
const STRANGER: &str = "zzzzz-j7d0g-stranger0000000";
const AT: &str = "2020-01-01T00:00:00.000000000Z";
const LATER: &str = "2021-01-01T00:00:00.000000000Z";

fn tag(name: &str, head: &str, owner: &str, at: &str) -> links::Link {
    links::Link {
        owner: owner.into(),
        ..repo_tag_link(name, head, at, None)
    }
}

/// Sets up an image of the user's with two names, and an older one with the first of them of a project where the user can
/// change nothing.
fn known(more: &[links::Link]) {
    let id = format!("sha256:{}", "a".repeat(64));
    world::with(|world| {
        *world = World::new();
        world.collections = vec![image_in(IMAGE, USER), image_in(OTHER, PROJECT)];
        world.links = vec![
            hash_link(&id, IMAGE, LATER, None),
            tag("lab/tool:1", IMAGE, USER, LATER),
            tag("lab/tool:2", IMAGE, USER, LATER),
            tag("lab/tool:1", OTHER, PROJECT, AT),
        ];
        world.links.extend_from_slice(more);
        world.projects[0].writable = false;
    });
}

fn rm(names: &[&str], project: Option<&str>) -> Result<Vec<RemovedImage>, Failure> {
    let request = RmRequest {
        names: names.iter().map(|name| (*name).into()).collect(),
        project: project.map(Into::into),
    };
    run(&request).map(|removed| removed.images)
}

fn trash() -> Vec<String> {
    world::with(|world| world.hidden.clone())
}

#[test]
fn an_image_goes_with_all_of_its_names_and_its_links_stay() {
    known(&[]);
    let links = world::with(|world| world.links.len());
    let images = rm(&["lab/tool:1", "lab/tool:2", "lab/none:1"], None).unwrap();
    assert_eq!(images[0].collection.as_deref(), Some(IMAGE));
    assert!(images[0].until.is_some());
    assert_eq!(
        images[0].leads_to.as_deref(),
        Some(OTHER),
        "what is left of the name"
    );
    assert_eq!(images[1].collection.as_deref(), Some(IMAGE));
    assert_eq!((&images[2].collection, &images[2].leads_to), (&None, &None));
    assert_eq!(trash(), [IMAGE]);
    assert_eq!(
        world::with(|world| (world.links.len(), world.writes)),
        (links, 1)
    );

    // Again, nothing of it is written.
    let again = rm(&["lab/tool:2"], None).unwrap();
    assert_eq!(again[0].collection, None);
    let again = rm(&[IMAGE], None).unwrap();
    assert_eq!(again[0].collection, None);
    assert_eq!(world::with(|world| world.writes), 1);
}

#[test]
fn of_several_builds_under_a_name_only_the_one_that_is_named_goes() {
    let older = tag("lab/tool:3", OTHER, USER, AT);
    let newer = tag("lab/tool:3", IMAGE, USER, LATER);
    let set_up = || {
        known(&[older.clone(), newer.clone()]);
        world::with(|world| {
            world.links.retain(|link| link.name == "lab/tool:3");
            world.collections[1].owner = USER.into();
        });
    };
    set_up();
    let Err(Failure::Usage(text)) = rm(&["lab/tool:3"], None) else {
        panic!("two have the name")
    };
    assert!(text.contains(OTHER) && text.contains(IMAGE), "{text}");
    assert!(trash().is_empty());
    // The name leads to the newer one, as before.
    rm(&[OTHER], None).unwrap();
    assert_eq!(trash(), [OTHER]);
    // Nobody is left to take the name.
    set_up();
    let Err(Failure::Usage(text)) = rm(&[IMAGE], None) else {
        panic!("the name leads there")
    };
    assert!(text.contains("lab/tool:3"), "{text}");
    let images = rm(&[IMAGE, "lab/tool:3"], None).unwrap();
    assert_eq!(images[1].leads_to.as_deref(), Some(OTHER));
    assert_eq!(trash(), [IMAGE]);
}

#[test]
fn what_has_another_name_or_another_s_link_stays() {
    let theirs = tag("lab/tool:1", IMAGE, STRANGER, AT);
    let mut known_there = hash_link("sha256:ff", IMAGE, AT, None);
    known_there.owner = STRANGER.into();
    for (names, more, told) in [
        (&["lab/tool:1"][..], vec![], "lab/tool:2"),
        (&[IMAGE], vec![], "lab/tool:1"),
        (&["lab/tool:1", "lab/tool:2"], vec![theirs], STRANGER),
        (&["lab/tool:1", "lab/tool:2"], vec![known_there], STRANGER),
    ] {
        known(&more);
        let Err(Failure::Usage(text)) = rm(names, None) else {
            panic!("{names:?}")
        };
        assert!(
            text.contains(told) && text.contains("nothing was removed"),
            "{text}"
        );
        assert_eq!(world::with(|world| world.writes), 0);
    }
    let many: Vec<_> = (0..30)
        .map(|at| tag(&format!("lab/more:{at}"), IMAGE, USER, AT))
        .collect();
    known(&many);
    let Err(Failure::Usage(text)) = rm(&[IMAGE], None) else {
        panic!("it has many names")
    };
    assert!(text.contains("and more") && text.len() < 1000, "{text}");
}

#[test]
fn only_what_the_project_owns_goes_where_one_is_named() {
    known(&[]);
    let error = rm(&["lab/tool:1"], Some(PROJECT)).unwrap_err();
    assert!(matches!(error, Failure::UnusableProject(_)), "{error:?}");
    for (names, project) in [
        (&["Lab/Tool:1"][..], None),
        (&["zzzzz-j7d0g-000000000000000"], None),
        (&[IMAGE], Some("nonsense")),
    ] {
        let error = rm(names, project).unwrap_err();
        assert!(matches!(error, Failure::Usage(_)), "{names:?}: {error:?}");
    }
    assert_eq!(world::with(|world| world.writes), 0);
    let images = rm(&[OTHER, "lab/tool:1", "lab/tool:2"], None).unwrap();
    assert_eq!(images.len(), 3);
    assert_eq!(trash().len(), 2);
}

#[test]
fn of_a_name_that_several_projects_have_only_that_of_the_named_one_goes_however_often() {
    let set_up = || {
        known(&[]);
        world::with(|world| {
            world.links.retain(|link| link.name != "lab/tool:2");
            world.projects[0].writable = true;
        });
    };
    set_up();
    let Err(Failure::Usage(text)) = rm(&["lab/tool:1"], None) else {
        panic!("two projects have it")
    };
    assert!(text.contains(USER) && text.contains(PROJECT), "{text}");
    assert_eq!(world::with(|world| world.writes), 0);
    for (project, gone, left) in [(PROJECT, OTHER, IMAGE), (USER, IMAGE, OTHER)] {
        set_up();
        let images = rm(&["lab/tool:1"], Some(project)).unwrap();
        assert_eq!(images[0].collection.as_deref(), Some(gone));
        assert_eq!(images[0].leads_to.as_deref(), Some(left));
        assert_eq!(trash(), [gone]);
        let again = rm(&["lab/tool:1"], Some(project)).unwrap();
        assert_eq!(again[0].collection, None);
        assert_eq!(trash(), [gone]);
    }
    // Beside its collection, a name stands for that one, be it in the trash by now.
    set_up();
    for _ in 0..2 {
        let images = rm(&[IMAGE, "lab/tool:1"], None).unwrap();
        assert_eq!(images[1].leads_to.as_deref(), Some(OTHER));
        assert_eq!(trash(), [IMAGE]);
    }
}

#[test]
fn what_a_migration_leads_to_stays() {
    known(&[]);
    let content = image_in(IMAGE, USER).portable_data_hash;
    let migration = links::Link {
        class: links::Class::Migration,
        ..tag("migration", &content, STRANGER, AT)
    };
    let uuid = migration.uuid.clone();
    world::with(|world| world.links.push(migration));
    let Err(Failure::Usage(text)) = rm(&["lab/tool:1", "lab/tool:2"], None) else {
        panic!("a migration leads there")
    };
    assert!(text.contains(&uuid), "{text}");
    assert!(trash().is_empty());
}

#[test]
fn where_one_cannot_go_it_is_told_what_went_before() {
    known(&[]);
    world::with(|world| world.faults = vec![(1, Fault::Fail)]);
    let error = rm(&[IMAGE, "lab/tool:1", "lab/tool:2", OTHER], None).unwrap_err();
    assert!(matches!(error, Failure::Api(_)), "{error:?}");
    assert_eq!(trash(), [IMAGE]);
    let said = world::with(|world| world.log.clone());
    let undo = format!("keepdocker restore {IMAGE}");
    assert!(
        said.iter().any(|(_, text)| text.contains(&undo)),
        "{said:?}"
    );
}

#[test]
fn what_a_container_uses_stays_and_where_that_is_not_known_it_is_told() {
    known(&[]);
    let content = image_in(OTHER, PROJECT).portable_data_hash;
    // What ran once can be run no more, but nothing waits for it.
    let ended = (content.clone(), Some(LATER.to_owned()));
    world::with(|world| world.used = vec![(content, None)]);
    let error = rm(&[OTHER, "lab/tool:1", "lab/tool:2"], None).unwrap_err();
    assert!(
        matches!(&error, Failure::Usage(text) if text.contains("container")),
        "{error:?}"
    );
    assert_eq!(world::with(|world| world.writes), 0);
    let denied = Some(api::Error::Denied("rule".into()));
    for (used, error) in [(vec![ended], None), (Vec::new(), denied)] {
        known(&[]);
        let is_told = error.is_some();
        world::with(|world| (world.used, world.used_error) = (used, error));
        rm(&["lab/tool:1", "lab/tool:2"], None).unwrap();
        assert_eq!(trash(), [IMAGE]);
        let said = world::with(|world| world.log.clone());
        assert_eq!(
            said.iter().any(|(_, text)| text.contains("is not known")),
            is_told
        );
    }
}
