use super::*;
use crate::manifest;
use crate::resolution::Term;
use crate::testing::recorded::Recorded;
use crate::testing::world::{self, World};
use crate::testing::{USER, hash_link, repo_tag_link};

const X: &str = "zzzzz-4zz18-xxxxxxxxxxxxxxx";
const Y: &str = "zzzzz-4zz18-yyyyyyyyyyyyyyy";
const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn collection(uuid: &str, file: &str) -> collections::Collection {
    let manifest = format!(". acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:{file}\n");
    collections::Collection {
        portable_data_hash: manifest::portable_data_hash(&manifest),
        manifest: Some(manifest),
        ..crate::testing::collection(uuid)
    }
}

/// Sets up two images under the name `a:1`; the first was built later.
fn two_builds() {
    world::with(|world| {
        *world = World::new();
        world.collections = vec![
            collection(X, &format!("sha256:{A}.tar")),
            collection(Y, &format!("sha256:{B}.tar")),
        ];
        world.links = vec![
            hash_link(
                &format!("sha256:{A}"),
                X,
                "2020-01-01T00:00:00Z",
                Some("\"2020-01-01T00:00:00Z\""),
            ),
            repo_tag_link(
                "a:1",
                X,
                "2020-01-01T00:00:00Z",
                Some("\"2020-01-01T00:00:00Z\""),
            ),
            hash_link(
                &format!("sha256:{B}"),
                Y,
                "2021-01-01T00:00:00Z",
                Some("\"2019-01-01T00:00:00Z\""),
            ),
            repo_tag_link(
                "a:1",
                Y,
                "2021-01-01T00:00:00Z",
                Some("\"2019-01-01T00:00:00Z\""),
            ),
        ];
    });
}

#[test]
fn the_command_answers_as_the_recorded_server_did() {
    let Some(recorded) = Recorded::load() else {
        return;
    };
    for case in recorded.cases.iter().filter(|case| case.is_filtered) {
        let text = case.terms.join(":");
        world::with(|world| {
            *world = World::new();
            world.formats = Some(case.formats.clone());
            world.links = recorded.links(&case.user);
            world.collections = recorded
                .collections(&case.user)
                .into_iter()
                .map(world::collection)
                .collect();
        });
        let answer = match run(&text) {
            Ok(found) => {
                let mut all = vec![found.collection];
                // By content the server names one collection, whatever has it too.
                if matches!(Term::parse(&text), Term::Named(_)) {
                    all.extend(found.others);
                }
                Some(all)
            }
            Err(Failure::NoSuchImage(asked)) => {
                assert_eq!(asked, text);
                Some(Vec::new())
            }
            Err(Failure::UnsupportedFormat(_)) => None,
            Err(failure) => panic!("{failure:?}"),
        };
        assert_eq!(answer, case.answer, "{case:?}");
    }
}

#[test]
fn the_reasons_name_what_decided() {
    two_builds();
    let resolution = run("a:1").unwrap();
    assert_eq!(
        (resolution.collection.as_str(), resolution.others.as_slice()),
        (X, [Y.to_owned()].as_slice())
    );
    assert_eq!(
        resolution.reasons,
        [
            "2 readable collections have the name `a:1`.".to_owned(),
            format!(
                "{X} comes before {Y}: the server prefers the later build, and that one was built 2020-01-01T00:00:00Z, this one 2019-01-01T00:00:00Z."
            ),
        ]
    );
}

#[test]
fn of_links_of_one_second_the_server_may_take_either() {
    two_builds();
    world::with(|world| {
        for link in &mut world.links {
            link.properties.clear();
            link.created_at = "2021-01-01T00:00:00.123000000Z".into();
        }
    });
    let resolution = run("a:1").unwrap();
    let last = resolution.reasons.last().unwrap();
    assert!(
        last.contains("2021-01-01T00:00:00Z, so that it may take either"),
        "{last}"
    );
}

#[test]
fn an_id_with_its_algorithm_finds_another_image_and_says_so() {
    two_builds();
    let text = format!("sha256:{B}");
    let resolution = run(&text).unwrap();
    assert_eq!(resolution.collection, X);
    assert!(
        resolution.reasons[0].contains("takes every image whose ID begins with `sha256`"),
        "{:?}",
        resolution.reasons
    );
}

#[test]
fn a_port_without_a_tag_is_looked_up_without_latest() {
    two_builds();
    let Err(Failure::NoSuchImage(asked)) = run("host:5000/img") else {
        panic!("found");
    };
    assert_eq!(asked, "host:5000/img");
    world::with(|world| {
        world.links.push(repo_tag_link(
            "host:5000/img",
            Y,
            "2020-01-01T00:00:00Z",
            None,
        ))
    });
    let resolution = run("host:5000/img").unwrap();
    assert_eq!(resolution.collection, Y);
    assert_eq!(
        resolution.reasons[0],
        "The server looks for the name `host:5000/img`, but uploads are registered as `host:5000/img:latest`."
    );
}

#[test]
fn what_holds_no_image_or_cannot_be_read_is_passed_over() {
    two_builds();
    world::with(|world| world.collections[0] = collection(X, "agreement.pdf"));
    let resolution = run("a:1").unwrap();
    assert_eq!(resolution.collection, Y);
    assert!(
        resolution.reasons[1].contains(&format!("{X} comes before, but is passed over")),
        "{:?}",
        resolution.reasons
    );
    two_builds();
    world::with(|world| world.hidden.push(X.into()));
    let resolution = run("a:1").unwrap();
    assert_eq!(
        (resolution.collection.as_str(), resolution.others.len()),
        (Y, 0)
    );
}

#[test]
fn a_migration_link_of_the_system_user_leads_to_the_new_form() {
    for (text_of, formats, expected) in [
        ("name", "v2", Some(Y)),
        ("content", "v2", Some(Y)),
        ("name", "v1", Some(X)),
        ("content", "v1", Some(X)),
    ] {
        let old = collection(X, &format!("{A}.tar"));
        let new = collection(Y, &format!("sha256:{A}.tar"));
        let text = if text_of == "name" {
            "a:1".into()
        } else {
            old.portable_data_hash.clone()
        };
        world::with(|world| {
            *world = World::new();
            world.formats = Some(vec![formats.into()]);
            world.links = vec![
                repo_tag_link("a:1", X, "2020-01-01T00:00:00Z", None),
                links::Link {
                    class: links::Class::Migration,
                    tail: old.portable_data_hash.clone(),
                    owner: "zzzzz-tpzed-000000000000000".into(),
                    ..hash_link(
                        "migrate_1.9_1.10",
                        &new.portable_data_hash,
                        "2020-01-01T00:00:00Z",
                        None,
                    )
                },
            ];
            world.collections = vec![old, new];
        });
        assert_eq!(
            run(&text)
                .ok()
                .map(|resolution| resolution.collection)
                .as_deref(),
            expected,
            "{text_of} {formats}"
        );
    }
    world::with(|world| world.links[1].owner = USER.into());
    world::with(|world| world.formats = Some(vec!["v2".into()]));
    assert!(matches!(run("a:1"), Err(Failure::UnsupportedFormat(_))));
}

#[test]
fn a_cluster_that_runs_no_format_resolves_nothing() {
    two_builds();
    world::with(|world| world.formats = Some(Vec::new()));
    assert!(matches!(run("a:1"), Err(Failure::UnsupportedFormat(_))));
}

#[test]
fn an_endless_text_is_refused() {
    assert!(matches!(
        run(&"a".repeat(1_000_000)),
        Err(Failure::Usage(_))
    ));
}
