//! Images that come back from the trash.

use super::*;

#[test]
fn an_image_comes_back_with_its_names_by_one_of_them_or_its_uuid() {
    let ground = Ground::new();
    ground.told(&["tag", NAME, "lab/tool:2"]);
    let account = Account::usual(&ground.cluster);
    let before = state(&ground.cluster).1;
    for asked in [NAME, &ground.collection] {
        ground.told(&["rm", NAME, "lab/tool:2"]);
        let back = ground.told(&["restore", asked, "lab/none:1"]);
        assert_eq!(back["schema"], "keepdocker.restore/1");
        assert_eq!(back["images"][0]["collection"], ground.collection);
        assert_eq!(back["images"][1]["collection"], Value::Null);
        for name in [NAME, "lab/tool:2"] {
            assert_eq!(ground.resolved(name), ground.collection);
        }
        account.check(&ground.collection, &ground.image).unwrap();
        assert_eq!(state(&ground.cluster).1, before);
        // The Python program lists it again.
        let listed = ground.environment.arv_keepdocker::<&str>(&[]).success();
        assert!(listed.contains("lab/tool"), "{listed}");
        let before = state(&ground.cluster);
        let again = ground.environment.keepdocker(&["restore", asked]);
        assert_eq!(again.success(), "");
        assert!(again.stderr.contains("nothing was brought back"), "{again}");
        assert_eq!(state(&ground.cluster), before);
    }
}

#[test]
fn what_is_planned_comes_back_and_the_plan_knows_what_the_name_gets_then() {
    let ground = Ground::new();
    ground.told(&["rm", NAME]);
    let plan = ground.environment.home().join("plan.json");
    let plan = plan.to_str().unwrap();
    let before = state(&ground.cluster);
    let words = ["restore", NAME, "--dry-run", "-o", plan];
    let printed = ground.environment.keepdocker(&words).success();
    assert!(printed.contains("+ bring collection"), "{printed}");
    let planned = ground.told(&["restore", NAME, "--dry-run"]);
    assert_eq!(planned["steps"][0]["verb"], "collections.untrash");
    assert_eq!(planned["images"][0]["leads_to"], ground.collection);
    assert_eq!(state(&ground.cluster), before, "nothing was written");
    let applied = ground.told(&["apply", plan]);
    assert_eq!(applied["schema"], "keepdocker.restore/1");
    assert_eq!(ground.resolved(NAME), ground.collection);
    let again = ground.told(&["apply", plan]);
    assert_eq!(again["images"][0]["collection"], Value::Null);
}

#[test]
fn beside_a_later_image_of_the_name_it_is_told_which_one_counts() {
    let ground = Ground::new();
    ground.told(&["rm", NAME]);
    let later = Made::of(&[(2, 500)]);
    let path = ground.environment.home().join("later.tar");
    fs::write(&path, later.saved(&[NAME])).unwrap();
    let from = format!("docker-archive:{}", path.display());
    let second = ground
        .environment
        .keepdocker(&["upload", "--from", &from])
        .success();
    let second = second.trim();
    let back = ground.environment.keepdocker(&["restore", NAME]);
    assert_eq!(back.success().trim(), ground.collection);
    let meant = ground.resolved(NAME);
    if meant == second {
        assert!(back.stderr.contains(second), "{back}");
    }
    // Of two in the trash, one must be named.
    for uuid in [second, &ground.collection] {
        ground.told(&["rm", uuid, NAME]);
    }
    let run = || ground.environment.keepdocker(&["restore", NAME]);
    refused(&ground.cluster, run, 2, second);
    ground.told(&["restore", second]);
    assert_eq!(ground.resolved(NAME), second);
}

#[test]
fn what_is_gone_others_or_denied_does_not_come_back() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let project = account.make_project("mine");
    ground.told(&["rm", NAME]);
    let policy = ground.environment.home().join("listed.toml");
    fs::write(
        &policy,
        "schema = \"keepdocker.policy/1\"\n[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"r\"\n\
         [[deny]]\nid = \"kept\"\nverbs = [\"collections.untrash\"]\nreason = \"r\"\n",
    )
    .unwrap();
    let policy = policy.to_str().unwrap();
    let absent = "kdbox-4zz18-000000000000000";
    for (words, code, named) in [
        (vec!["restore"], 2, "<NAME>"),
        (vec!["restore", "Not A Name"], 2, "Not A Name"),
        (vec!["restore", absent], 4, absent),
        (
            vec!["restore", &ground.collection, "--project", &project],
            1,
            &ground.collection,
        ),
        (vec!["--policy", policy, "restore", NAME], 3, "kept"),
    ] {
        let run = || ground.environment.keepdocker(&words);
        refused(&ground.cluster, run, code, named);
    }
}

#[test]
fn killed_at_any_request_it_is_back_or_not_and_back_the_next_time() {
    let ground = Ground::new();
    ground.told(&["rm", NAME]);
    let requests = ground.killed_at_every_request(&["restore", NAME], || {
        ground.told(&["restore", NAME]);
        assert_eq!(ground.resolved(NAME), ground.collection);
        ground.told(&["rm", NAME]);
    });
    assert!(requests >= 5, "{requests}");
}
