//! Images that go to the trash.

use keepdocker_sandbox::seed::Image;

use super::*;

/// Returns the UUIDs of the collections in the trash.
pub(super) fn trash(cluster: &Cluster) -> Vec<Value> {
    let collections = cluster.collections().into_iter();
    collections
        .filter(|collection| collection["is_trashed"] == true)
        .map(|collection| collection["uuid"].clone())
        .collect()
}

#[test]
fn until_when_it_can_come_back_is_told_in_words() {
    let ground = Ground::new();
    let output = ground.environment.keepdocker(&["rm", NAME]);
    let _ = output.success();
    let (_, until) = output.stderr.split_once("undoes that until ").unwrap();
    assert!(
        until.starts_with("20") && until.trim_end().ends_with(" UTC"),
        "{output}"
    );
    assert_eq!(
        until.trim_end().len(),
        "2026-12-14 01:14 UTC".len(),
        "{output}"
    );
}

#[test]
fn an_image_goes_with_all_of_its_names_and_comes_back_by_what_was_printed() {
    let ground = Ground::new();
    ground.told(&["tag", NAME, "lab/tool:2"]);
    let links = ground.cluster.links_of_images();
    let gone = ground.told(&["rm", NAME, "lab/tool:2", "lab/none:1"]);
    assert_eq!(gone["schema"], "keepdocker.rm/1");
    for at in [0, 1] {
        assert_eq!(gone["images"][at]["collection"], ground.collection);
        assert!(gone["images"][at]["until"].is_string(), "{gone}");
        assert_eq!(gone["images"][at]["leads_to"], Value::Null);
    }
    assert_eq!(gone["images"][2]["collection"], Value::Null);
    assert_eq!(trash(&ground.cluster), [json!(ground.collection)]);
    assert_eq!(
        ground.cluster.links_of_images(),
        links,
        "the names stay with it"
    );
    // The Python program does not list it any more, and nothing is deleted.
    let listed = ground.environment.arv_keepdocker::<&str>(&[]).success();
    assert!(!listed.contains("lab/tool"), "{listed}");
    let _ = ground.environment.keepdocker(&["resolve", NAME]).failure(4);
    assert_eq!(ground.cluster.log().count("DELETE", ""), 0);

    let before = state(&ground.cluster);
    for asked in [NAME, &ground.collection] {
        let again = ground.environment.keepdocker(&["rm", asked]);
        assert_eq!(again.success(), "");
        assert!(again.stderr.contains("nothing was removed"), "{again}");
    }
    assert_eq!(state(&ground.cluster), before);

    let back = ["restore", &ground.collection];
    let _ = ground.environment.keepdocker(&back).success();
    let gone = ground.environment.keepdocker(&["rm", NAME, "lab/tool:2"]);
    assert_eq!(gone.success().trim(), ground.collection);
    let undo = format!("keepdocker restore {}", ground.collection);
    assert!(gone.stderr.contains(&undo), "{gone}");
}

#[test]
fn what_is_planned_goes_and_another_name_that_came_later_ends_it() {
    let ground = Ground::new();
    let plan = ground.environment.home().join("plan.json");
    let plan = plan.to_str().unwrap();
    let before = state(&ground.cluster);
    let words = ["rm", NAME, "--dry-run", "-o", plan];
    let printed = ground.environment.keepdocker(&words).success();
    assert!(printed.contains("- move collection"), "{printed}");
    let planned = ground.told(&["rm", NAME, "--dry-run"]);
    assert_eq!(planned["images"][0]["leads_to"], Value::Null);
    assert_eq!(planned["steps"][0]["verb"], "collections.trash");
    assert_eq!(state(&ground.cluster), before, "nothing was written");

    ground.told(&["tag", NAME, "lab/tool:2"]);
    let run = || ground.environment.keepdocker(&["apply", plan]);
    refused(&ground.cluster, run, 2, "lab/tool:2");
    ground.told(&["untag", "lab/tool:2"]);
    let applied = ground.told(&["apply", plan]);
    assert_eq!(applied["schema"], "keepdocker.rm/1");
    assert_eq!(trash(&ground.cluster), [json!(ground.collection)]);
    let again = ground.told(&["apply", plan]);
    assert_eq!(again["images"][0]["collection"], Value::Null);
}

#[test]
fn what_others_have_or_name_stays_and_what_is_left_of_the_name_is_told() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let project = account.make_project("mine");
    let copied = ground.told(&["copy", NAME, "--project-uuid", &project]);
    let copy = copied["collection"].as_str().unwrap();
    let stranger = Account::further(&ground.cluster, "stranger");
    let public = stranger.make_public_project("tools");
    let archive = ground.image.saved(&["their/tool:1"]);
    let theirs = stranger.collect(&public, &[(&ground.image.file(), &archive)], json!({}));
    stranger.make(
        "links",
        json!({"link_class": "docker_image_repo+tag", "name": "their/tool:1", "head_uuid": theirs,
            "owner_uuid": public, "properties": {}}),
    );
    let run = || ground.environment.keepdocker(&["rm", "their/tool:1"]);
    refused(&ground.cluster, run, 1, "move the collection to the trash");
    let run = || {
        ground
            .environment
            .keepdocker(&["rm", &theirs, "their/tool:1", "--project", &project])
    };
    refused(&ground.cluster, run, 2, &public);

    // Of a name that two projects have, nobody knows which is meant; and once one is gone, the other one is not meant.
    let run = || ground.environment.keepdocker(&["rm", NAME]);
    refused(&ground.cluster, run, 2, &project);
    for gone in [json!(copy), Value::Null] {
        let told = ground.told(&["rm", NAME, "--project-uuid", &project]);
        assert_eq!(told["images"][0]["collection"], gone);
        assert_eq!(told["images"][0]["leads_to"], json!(ground.collection));
        assert_eq!(trash(&ground.cluster), [json!(copy)]);
    }

    // Somebody else's link in the way, though the name is the same.
    let link = account.make(
        "links",
        json!({"link_class": "docker_image_repo+tag", "name": NAME, "head_uuid": ground.collection,
            "owner_uuid": account.make_project("third"), "properties": {}}),
    );
    let run = || {
        let words = ["rm", NAME, "--project-uuid", account.uuid()];
        ground.environment.keepdocker(&words)
    };
    refused(&ground.cluster, run, 2, "keepdocker untag NAME --project");
    account.done("DELETE", &format!("links/{link}"), None);
    ground.told(&["rm", NAME]);
    let _ = ground.environment.keepdocker(&["resolve", NAME]).failure(4);

    // A project that is not there is no reason to say that nothing had to be done.
    for verb in ["rm", "untag", "restore"] {
        let words = [verb, NAME, "--project-uuid", "kdbox-j7d0g-nowhere00000000"];
        let run = || ground.environment.keepdocker(&words);
        refused(&ground.cluster, run, 1, "there is no project");
    }
}

#[test]
fn of_several_builds_the_one_that_is_named_goes_and_the_name_leads_where_it_did() {
    let ground = Ground::new();
    let seeded = |number: u32| Image {
        name: Some("lab/built:1".into()),
        hash: format!("{number:064x}"),
        timestamp: Some(format!("2026-01-{number:02}T00:00:00Z")),
        owner_uuid: ground.cluster.user_uuid(),
    };
    let built = ground.cluster.seed();
    let built = built.images(&[1, 2, 3].map(seeded)).unwrap();
    let [oldest, older, newest] = &built[..] else {
        panic!("three were made")
    };
    // Were the newest to go by the name, the next one would when the command is repeated.
    let run = || ground.environment.keepdocker(&["rm", "lab/built:1"]);
    refused(&ground.cluster, run, 2, oldest);
    assert_eq!(ground.resolved("lab/built:1"), **newest);
    for _ in 0..2 {
        ground.told(&["rm", oldest]);
        assert_eq!(trash(&ground.cluster), [json!(oldest)]);
        assert_eq!(ground.resolved("lab/built:1"), **newest);
    }
    // The name is lost to the newest alone.
    let run = || ground.environment.keepdocker(&["rm", newest]);
    refused(&ground.cluster, run, 2, "lab/built:1");
    ground.told(&["rm", older]);
    let gone = ground.told(&["rm", "lab/built:1"]);
    assert_eq!(gone["images"][0]["collection"], **newest);
    let before = state(&ground.cluster);
    ground.told(&["rm", "lab/built:1"]);
    assert_eq!(state(&ground.cluster), before);
}

#[test]
fn what_is_malformed_or_denied_moves_nothing() {
    let ground = Ground::new();
    ground.told(&["tag", NAME, "lab/tool:2"]);
    let policy = ground.environment.home().join("listed.toml");
    fs::write(
        &policy,
        "schema = \"keepdocker.policy/1\"\n[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"r\"\n\
         [[deny]]\nid = \"kept\"\nverbs = [\"collections.trash\"]\nreason = \"r\"\n",
    )
    .unwrap();
    let policy = policy.to_str().unwrap();
    let data = Account::usual(&ground.cluster);
    let data = data.collect(data.uuid(), &[("results.tar", b"data")], json!({}));
    for (words, code, named) in [
        (vec!["rm"], 2, "<NAME>"),
        (vec!["rm", "Not A Name"], 2, "Not A Name"),
        (vec!["rm", &ground.image.id()], 2, "no name"),
        (vec!["rm", NAME], 2, "lab/tool:2"),
        (vec!["rm", &ground.collection], 2, NAME),
        // What holds no image is none of our business.
        (vec!["rm", &data], 1, "does not hold the image"),
        (
            vec!["--policy", policy, "rm", NAME, "lab/tool:2"],
            3,
            "kept",
        ),
    ] {
        let run = || ground.environment.keepdocker(&words);
        refused(&ground.cluster, run, code, named);
    }
}

#[test]
fn killed_at_any_request_it_is_done_or_not_and_done_the_next_time() {
    let ground = Ground::new();
    let requests = ground.killed_at_every_request(&["rm", NAME], || {
        let gone = trash(&ground.cluster);
        assert!(
            gone.is_empty() || gone == [json!(ground.collection)],
            "{gone:?}"
        );
        ground.told(&["rm", NAME]);
        assert_eq!(trash(&ground.cluster), [json!(ground.collection)]);
        ground.told(&["restore", NAME]);
        assert_eq!(ground.resolved(NAME), ground.collection);
    });
    assert!(requests >= 5, "{requests}");
}

#[test]
fn what_holds_something_else_by_now_than_was_planned_stays() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let plan = ground.environment.home().join("plan.json");
    let plan = plan.to_str().unwrap();
    let words = ["rm", NAME, "--dry-run", "-o", plan];
    let _ = ground.environment.keepdocker(&words).success();
    let archive = Made::of(&[(5, 100)]);
    let file = [(&*archive.file(), &*archive.saved(&[NAME]))];
    let other = account.collect(account.uuid(), &file, json!({}));
    let manifest = account.done("GET", &format!("collections/{other}"), None);
    account.done(
        "PUT",
        &format!("collections/{}", ground.collection),
        Some(json!({"collection": {"manifest_text": manifest["manifest_text"]}})),
    );
    let run = || ground.environment.keepdocker(&["apply", plan]);
    refused(&ground.cluster, run, 11, &ground.collection);
    assert_eq!(trash(&ground.cluster), [Value::Null; 0]);
}
