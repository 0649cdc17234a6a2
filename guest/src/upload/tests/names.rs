//! What a collection tells of the names of its image, as further ones are registered.

use super::*;
use crate::types::Property;

/// Adds names of the engine's image.
fn tag(tags: &[&str]) {
    world::with(|world| {
        let images = world.engine.as_mut().unwrap();
        let names = &mut images[0].0.repo_tags;
        names.extend(tags.iter().map(|tag| (*tag).to_owned()));
    });
}

/// Returns what the collection at this place tells, as JSON.
fn told(number: usize) -> Option<String> {
    world::with(|world| {
        let properties = &world.collections[number].properties;
        let told = properties
            .iter()
            .find(|property| property.key == image::REPO_TAG);
        told.map(|property| property.value.clone())
    })
}

fn tell(value: Option<&str>) {
    world::with(|world| {
        let properties = &mut world.collections[0].properties;
        properties.retain(|property| property.key != image::REPO_TAG);
        properties.extend(value.map(|value| Property {
            key: image::REPO_TAG.into(),
            value: value.into(),
        }));
    });
}

#[test]
fn a_further_name_is_told_by_the_collection_too() {
    engine_with_a();
    tag(&["a:2", "b:1"]);
    run(&request("a:1")).unwrap();
    assert_eq!(told(0).as_deref(), Some(r#""a:1""#));
    let before = world::with(|world| world.collections[0].clone());
    for (name, expected) in [
        ("a:2", r#"["a:1","a:2"]"#),
        ("b:1", r#"["a:1","a:2","b:1"]"#),
    ] {
        assert_eq!(run(&request(name)).unwrap().outcome, Outcome::Registered);
        assert_eq!(told(0).as_deref(), Some(expected));
    }
    // Nothing else of it changed.
    let mut after = world::with(|world| world.collections[0].clone());
    let others = |mut collection: collections::Collection| {
        collection
            .properties
            .retain(|property| property.key != image::REPO_TAG);
        collection
    };
    after = others(after);
    assert_eq!(after, others(before));

    for name in ["a:1", "a:2", "b:1"] {
        calls();
        assert_eq!(run(&request(name)).unwrap().outcome, Outcome::Present);
        assert!(!has_called("collections.update"), "{name}");
    }
}

#[test]
fn an_upload_by_id_that_gets_a_name_later_tells_it() {
    engine_with_a();
    run(&request(&digest('a'))).unwrap();
    assert_eq!(told(0), None);
    // The Python program writes null.
    for before in [None, Some("null"), Some("[]")] {
        tell(before);
        run(&request("a:1")).unwrap();
        assert_eq!(told(0).as_deref(), Some(r#""a:1""#), "{before:?}");
    }
}

#[test]
fn names_that_only_links_tell_are_told_in_the_order_of_their_links() {
    engine_with_a();
    tag(&["a:2"]);
    run(&request("a:1")).unwrap();
    world::with(|world| {
        let head = world.collections[0].uuid.clone();
        let made = |name, at| repo_tag_link(name, &head, at, None);
        world.links.push(made("z:1", "2026-01-02T00:00:00Z"));
        world.links.push(made("y:1", "2026-01-01T12:00:00Z"));
        world.links.push(made("y:1", "2026-01-03T12:00:00Z"));
        world.links.push(links::Link {
            owner: SOMEBODY.into(),
            ..made("theirs:1", "2026-01-01T12:00:00Z")
        });
    });
    run(&request("a:2")).unwrap();
    let expected = r#"["a:1","a:2","y:1","z:1"]"#;
    assert_eq!(told(0).as_deref(), Some(expected));
}

#[test]
fn several_names_of_a_new_collection_are_told_at_once() {
    give(vec![archived('a', &["a:1", "a:2"], "null")], false);
    run(&given(None)).unwrap();
    assert_eq!(told(0).as_deref(), Some(r#"["a:1","a:2"]"#));
    assert!(!has_called("collections.update"));
}

#[test]
fn a_value_that_is_no_names_is_left_alone() {
    engine_with_a();
    tag(&["a:2"]);
    run(&request("a:1")).unwrap();
    for value in ["7", r#"{"a":1}"#, r#"["a:1",7]"#] {
        tell(Some(value));
        run(&request("a:2")).unwrap();
        assert_eq!(told(0).as_deref(), Some(value));
    }
}

#[test]
fn a_change_that_is_refused_is_a_warning_and_the_links_hold() {
    engine_with_a();
    tag(&["a:2"]);
    run(&request("a:1")).unwrap();
    world::with(|world| world.refuses_updates = true);
    let uploaded = run(&request("a:2")).unwrap();
    assert_eq!(uploaded.outcome, Outcome::Registered);
    assert_eq!(links_made().len(), 3);
    let warning = format!(
        "the image has its names, but collection {} does not tell them all: 403",
        uploaded.collection
    );
    assert_eq!(warnings(), [warning]);
    // The next run makes up for it.
    world::with(|world| world.refuses_updates = false);
    run(&request("a:2")).unwrap();
    assert_eq!(told(0).as_deref(), Some(r#"["a:1","a:2"]"#));
    assert_eq!(links_made().len(), 3);
}

#[test]
fn a_run_cut_short_before_the_name_is_told_is_completed_by_the_next() {
    for fault in [Fault::Fail, Fault::LoseAnswer, Fault::LoseRequest] {
        engine_with_a();
        tag(&["a:2"]);
        run(&request("a:1")).unwrap();
        world::with(|world| world.faults = vec![(world.writes + 1, fault)]);
        run(&request("a:2")).unwrap();
        world::with(|world| world.faults.clear());
        run(&request("a:2")).unwrap();
        let told = told(0);
        assert_eq!(told.as_deref(), Some(r#"["a:1","a:2"]"#), "{fault:?}");
        assert_eq!((collection_count(), links_made().len()), (1, 3));
    }
}

#[test]
fn a_copy_of_the_project_tells_its_own_names() {
    engine_with_a();
    tag(&["a:2"]);
    run(&request("a:1")).unwrap();
    run(&to_project("a:2")).unwrap();
    assert_eq!(told(0).as_deref(), Some(r#""a:1""#));
    assert_eq!(told(1).as_deref(), Some(r#""a:2""#));
    run(&to_project("a:1")).unwrap();
    assert_eq!(told(0).as_deref(), Some(r#""a:1""#));
    assert_eq!(told(1).as_deref(), Some(r#"["a:2","a:1"]"#));
}
