use super::*;

use crate::bindings::keepdocker::contract::api;
use crate::testing::world::{self, Fault, World};
use crate::testing::{PROJECT, USER, hash_link, repo_tag_link};

const STRANGER: &str = "zzzzz-j7d0g-stranger0000000";

fn uuid(number: usize) -> String {
    format!("zzzzz-4zz18-{number:015}")
}

fn content(number: usize) -> String {
    format!("{number:032x}+100")
}

fn at(number: usize) -> String {
    format!(
        "2020-01-01T{:02}:{:02}:00.000000000Z",
        number / 60,
        number % 60
    )
}

/// Sets up so many builds of one repository, each of which has a name of its own.
fn known(count: usize) {
    world::with(|world| {
        *world = World::new();
        for number in 0..count {
            world.collections.push(collections::Collection {
                portable_data_hash: content(number),
                size: Some(1000),
                created_at: at(number),
                ..crate::testing::collection(&uuid(number))
            });
            let id = format!("sha256:{number:064x}");
            world
                .links
                .push(hash_link(&id, &uuid(number), &at(number), None));
            let name = format!("lab/tool:{number}");
            world
                .links
                .push(repo_tag_link(&name, &uuid(number), &at(number), None));
        }
    });
}

fn request(keep_last: u32) -> PruneRequest {
    PruneRequest {
        names: Vec::new(),
        project: None,
        keep_last,
        before: None,
        used_since: at(1000),
        unnamed: false,
    }
}

fn fates(request: &PruneRequest) -> Vec<(String, Fate)> {
    let pruned = run(request).unwrap();
    let images = pruned.images.into_iter();
    images.map(|image| (image.collection, image.fate)).collect()
}

fn trash() -> Vec<String> {
    world::with(|world| world.hidden.clone())
}

#[test]
fn the_oldest_go_and_the_newest_stay_and_a_second_time_nothing_goes() {
    known(4);
    let pruned = run(&request(2)).unwrap().images;
    let told: Vec<_> = pruned
        .iter()
        .map(|image| (&*image.collection, image.fate))
        .collect();
    assert_eq!(
        told,
        [
            (&*uuid(0), Fate::Outdated),
            (&*uuid(1), Fate::Outdated),
            (&*uuid(2), Fate::Newest),
            (&*uuid(3), Fate::Newest),
        ]
    );
    assert_eq!((pruned[0].size, pruned[3].size), (Some(1000), Some(1000)));
    assert!(pruned[0].until.is_some() && pruned[3].until.is_none());
    assert_eq!(trash(), [uuid(0), uuid(1)]);
    assert_eq!(fates(&request(2)).len(), 2);
    assert_eq!(world::with(|world| world.writes), 2);
}

#[test]
fn what_others_name_or_containers_use_stays() {
    known(7);
    world::with(|world| {
        let mut theirs = repo_tag_link("their/tool:1", &uuid(0), &at(0), None);
        theirs.owner = STRANGER.into();
        let mut migration = repo_tag_link("", &content(1), &at(0), None);
        migration.class = links::Class::Migration;
        world.links.extend([theirs, migration]);
        world.used = vec![
            (content(2), None),
            (content(3), Some(at(1001))),
            (content(4), Some(at(999))),
        ];
    });
    assert_eq!(
        fates(&request(1)),
        [
            (uuid(0), Fate::LinkedElsewhere),
            (uuid(1), Fate::LinkedElsewhere),
            (uuid(2), Fate::Used),
            (uuid(3), Fate::Used),
            (uuid(4), Fate::Outdated),
            (uuid(5), Fate::Outdated),
            (uuid(6), Fate::Newest),
        ]
    );
    assert_eq!(trash(), [uuid(4), uuid(5)]);
}

#[test]
fn nothing_goes_where_it_is_not_known_what_containers_use() {
    known(3);
    let denied = api::Error::Denied("rule".into());
    world::with(|world| world.used_error = Some(denied.clone()));
    assert_eq!(run(&request(1)), Err(Failure::Api(denied)));
    assert!(trash().is_empty());
}

#[test]
fn only_what_the_project_owns_is_meant_and_only_where_it_can_be_changed() {
    known(3);
    world::with(|world| {
        let theirs = world.collections.last_mut().unwrap();
        theirs.owner = PROJECT.into();
    });
    assert_eq!(
        fates(&request(1)),
        [(uuid(0), Fate::Outdated), (uuid(1), Fate::Newest)],
        "a link to somewhere else counts for nothing"
    );
    for project in ["zzzzz-j7d0g-000000000000000", "nonsense"] {
        let mut request = request(1);
        request.project = Some(project.into());
        assert!(run(&request).is_err(), "{project}");
    }
    let mut request = request(1);
    request.before = Some("yesterday".into());
    assert!(matches!(run(&request), Err(Failure::Usage(_))));
    request.before = None;
    request.project = Some(USER.into());
    assert_eq!(world::with(|world| world.writes), 1);
}

#[test]
fn of_very_many_the_oldest_go_first_and_the_rest_is_told() {
    known(MOST + 10);
    let fates = fates(&request(1));
    let count = |wanted: Fate| fates.iter().filter(|(_, fate)| *fate == wanted).count();
    assert_eq!(count(Fate::Outdated), MOST);
    assert_eq!(count(Fate::Postponed), 9);
    assert_eq!(fates[0].0, uuid(0));
    assert_eq!(trash().len(), MOST);
    let asked = world::with(|world| {
        let calls = world.calls.iter();
        calls.filter(|call| *call == "containers.used").count()
    });
    assert_eq!(asked, MOST / PART, "each part is looked at again");
}

#[test]
fn where_the_oldest_stay_the_next_ones_are_looked_at_and_go() {
    known(MOST + 10);
    world::with(|world| world.used = vec![(content(1), None), (content(2), None)]);
    let fates = fates(&request(1));
    let count = |wanted: Fate| fates.iter().filter(|(_, fate)| *fate == wanted).count();
    assert_eq!(count(Fate::Used), 2);
    assert_eq!(count(Fate::Outdated), MOST);
    assert_eq!(count(Fate::Postponed), 7);
    assert_eq!(trash().len(), MOST);
    // What is not among those that are looked at first, is not taken for unused.
    // So few go that nothing is looked at once more.
    known(MOST + 10);
    world::with(|world| {
        let used = (10..MOST).chain([MOST + 1]);
        world.used = used.map(|number| (content(number), None)).collect();
    });
    let fates = self::fates(&request(1));
    assert_eq!(fates[MOST + 1], (uuid(MOST + 1), Fate::Used));
    assert!(!trash().contains(&uuid(MOST + 1)));
}

#[test]
fn where_one_cannot_go_it_is_told_what_went_before() {
    known(3);
    world::with(|world| world.faults = vec![(1, Fault::Fail)]);
    let error = run(&request(1)).unwrap_err();
    assert!(matches!(error, Failure::Api(_)), "{error:?}");
    assert_eq!(trash(), [uuid(0)]);
    let said = world::with(|world| world.log.clone());
    let undo = format!("keepdocker restore {}", uuid(0));
    assert!(
        said.iter().any(|(_, text)| text.contains(&undo)),
        "{said:?}"
    );
}

/// What the rule says of three builds of one repository, the latest of them named first, and of an image without a
/// name.
fn judged(change: impl Fn(&mut World), mut request: PruneRequest) -> Vec<(usize, Fate)> {
    known(0);
    world::with(|world| {
        for number in 0..4 {
            world.collections.push(collections::Collection {
                portable_data_hash: content(number),
                created_at: at(0),
                ..crate::testing::collection(&uuid(number))
            });
            let name = format!("lab/tool:{number}");
            let built = format!("\"2010-01-{:02}T00:00:00Z\"", 9 - number);
            let at = at(number + 1);
            world.links.push(match number {
                3 => hash_link("sha256:dd", &uuid(number), &at, Some(&built)),
                _ => repo_tag_link(&name, &uuid(number), &at, Some(&built)),
            });
        }
        change(world);
    });
    request.used_since = at(1000);
    let images = run(&request).unwrap().images;
    let number = |image: &PrunedImage| image.collection[12..].parse().unwrap();
    images
        .iter()
        .map(|image| (number(image), image.fate))
        .collect()
}

#[test]
fn the_newest_builds_of_each_repository_stay() {
    use Fate::{KeptUnnamed, Newest, Outdated};
    let d = (3, KeptUnnamed);
    for (keep, expected) in [
        (0, [(0, Outdated), (1, Outdated), (2, Outdated), d]),
        (1, [(0, Newest), (1, Outdated), (2, Outdated), d]),
        (2, [(0, Newest), (1, Newest), (2, Outdated), d]),
        (9, [(0, Newest), (1, Newest), (2, Newest), d]),
    ] {
        assert_eq!(judged(|_| {}, request(keep)), expected, "{keep}");
    }
    // Two tags of one image count once, and another repository keeps its own.
    let more = |world: &mut World| {
        let built = Some("\"2010-01-09T00:00:00Z\"");
        let latest = repo_tag_link("lab/tool:latest", &uuid(0), &at(6), built);
        let other = repo_tag_link("other/tool:1", &uuid(2), &at(6), None);
        world.links.extend([latest, other]);
    };
    assert_eq!(
        judged(more, request(2))[..3],
        [(0, Newest), (1, Newest), (2, Newest)]
    );
}

#[test]
fn what_was_named_lately_stays_however_old_its_build_is() {
    use Fate::{Newest, Outdated, Recent, Unnamed};
    let before = |number| PruneRequest {
        before: Some(at(number)),
        unnamed: true,
        ..request(1)
    };
    assert_eq!(
        judged(|_| {}, before(3)),
        [(0, Newest), (1, Outdated), (2, Recent), (3, Recent)]
    );
    assert_eq!(judged(|_| {}, before(5))[3], (3, Unnamed));
    let strange = |world: &mut World| world.links[1].created_at = "yesterday".into();
    assert_eq!(judged(strange, before(5))[1], (1, Recent));
}

#[test]
fn patterns_say_which_names_count_and_another_name_keeps_the_image() {
    let more = |world: &mut World| {
        world
            .links
            .push(repo_tag_link("lab/tool:stable", &uuid(2), &at(1), None));
    };
    let meant = PruneRequest {
        names: vec!["lab/tool:1".into(), "lab/tool:2".into()],
        unnamed: true,
        ..request(0)
    };
    assert_eq!(
        judged(more, meant),
        [(1, Fate::Outdated), (2, Fate::NamedOtherwise)]
    );
}
