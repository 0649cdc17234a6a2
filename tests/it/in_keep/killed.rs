//! Commands that are killed at each of their requests, and run once more.

use super::*;

const SECOND: &str = "lab/tool:2";

#[test]
fn a_name_is_given_the_next_time() {
    let ground = Ground::new();
    let words = ["tag", NAME, SECOND];
    let requests = ground.killed_at_every_request(&words, || {
        ground.told(&words);
        assert_eq!(ground.resolved(SECOND), ground.collection);
        assert_eq!(ground.resolved(NAME), ground.collection);
        ground.told(&["untag", SECOND]);
    });
    assert!(requests >= 3, "{requests}");
}

#[test]
fn a_name_is_taken_away_the_next_time() {
    let ground = Ground::new();
    ground.told(&["tag", NAME, SECOND]);
    let words = ["untag", SECOND];
    let requests = ground.killed_at_every_request(&words, || {
        ground.told(&words);
        let gone = ground.environment.keepdocker(&["resolve", SECOND]);
        gone.failure(4);
        assert_eq!(ground.resolved(NAME), ground.collection);
        ground.told(&["tag", NAME, SECOND]);
    });
    assert!(requests >= 3, "{requests}");
}

/// Returns the collections that a project has.
fn held(account: &Account<'_>, project: &str) -> Vec<Value> {
    let path = format!("collections?filters=[[\"owner_uuid\",\"=\",\"{project}\"]]");
    let listed = account.done("GET", &path, None);
    let items = listed["items"].as_array().unwrap();
    items.iter().map(|item| item["uuid"].clone()).collect()
}

#[test]
fn a_project_gets_its_one_copy_the_next_time() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let project = account.make_project("Shared tools");
    let words = ["copy", NAME, "--project", project.as_str()];
    let requests = ground.killed_at_every_request(&words, || {
        let copy = ground.told(&words)["collection"].clone();
        let held = held(&account, &project);
        assert!(held.contains(&copy) && held.len() <= 2, "{held:?}");
        account
            .check(copy.as_str().unwrap(), &ground.image)
            .unwrap();
        for uuid in held {
            let path = format!("collections/{}", uuid.as_str().unwrap());
            account.done("DELETE", &path, None);
        }
    });
    assert!(requests >= 4, "{requests}");
}

#[test]
fn an_archive_is_an_image_the_next_time() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let other = Made::of(&[(7, 2000)]);
    let archive = other.saved(&["told/by-archive:3"]);
    let collection = account.collect(account.uuid(), &[("saved.tar", &archive)], json!({}));
    let words = ["adopt", collection.as_str()];
    let requests = ground.killed_at_every_request(&words, || {
        let made = ground.told(&words)["collection"].clone();
        assert_eq!(ground.resolved("told/by-archive:3"), made);
        account.check(made.as_str().unwrap(), &other).unwrap();
        account.done(
            "DELETE",
            &format!("collections/{}", made.as_str().unwrap()),
            None,
        );
    });
    assert!(requests >= 4, "{requests}");
}
