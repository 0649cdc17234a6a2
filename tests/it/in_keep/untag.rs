//! Names that are taken away.

use super::*;

/// Returns the names that links give, each with the project or user that owns it.
fn names(cluster: &Cluster) -> Vec<(String, String)> {
    let text = |link: &Value, member: &str| link[member].as_str().unwrap().to_owned();
    let mut names: Vec<(String, String)> = cluster
        .links_of_images()
        .iter()
        .filter(|link| link["link_class"] == "docker_image_repo+tag")
        .map(|link| (text(link, "name"), text(link, "owner_uuid")))
        .collect();
    names.sort();
    names
}

/// Makes a link that gives a name.
fn named(account: &Account<'_>, name: &str, head: &str, owner: &str) -> String {
    account.make(
        "links",
        json!({"link_class": "docker_image_repo+tag", "name": name, "head_uuid": head,
            "owner_uuid": owner, "properties": {}}),
    )
}

#[test]
fn a_name_goes_with_all_its_links_and_comes_back_by_what_was_printed() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    ground.told(&["tag", NAME, "lab/tool:2"]);
    // Tags are not unique, and whoever wrote the second one, both go.
    named(&account, NAME, &ground.collection, account.uuid());
    let gone = ground.told(&["untag", NAME, "lab/none:1"]);
    assert_eq!(gone["schema"], "keepdocker.untag/1");
    assert_eq!(gone["names"][0]["name"], NAME);
    assert_eq!(gone["names"][0]["removed"], json!([ground.collection]));
    assert_eq!(gone["names"][0]["leads_to"], Value::Null);
    assert_eq!(gone["names"][1]["removed"], json!([]));
    let user = account.uuid().to_owned();
    assert_eq!(names(&ground.cluster), [("lab/tool:2".to_owned(), user)]);
    // The image is there by its other name, and tells no more than that.
    assert_eq!(ground.resolved("lab/tool:2"), ground.collection);
    let collection = ground.cluster.only_collection();
    assert_eq!(
        collection["properties"]["docker-image-repo-tag"],
        "lab/tool:2"
    );
    let resolve = ground.environment.keepdocker(&["resolve", NAME]);
    let _ = resolve.failure(4);

    let before = state(&ground.cluster);
    let again = ground.environment.keepdocker(&["untag", NAME]);
    assert_eq!(again.success(), "");
    assert!(again.stderr.contains("nothing was removed"), "{again}");
    assert_eq!(state(&ground.cluster), before);

    let gone = ground.environment.keepdocker(&["untag", "lab/tool:2"]);
    let head = gone.success();
    assert_eq!(head.trim(), ground.collection);
    let undo = format!("keepdocker tag {} lab/tool:2", ground.collection);
    assert!(gone.stderr.contains(&undo), "{gone}");
    let _ = ground
        .environment
        .keepdocker(&["tag", head.trim(), "lab/tool:2"])
        .success();
    assert_eq!(ground.resolved("lab/tool:2"), ground.collection);
    let run = ["audit", "show", "last"];
    let _ = ground.environment.keepdocker(&run).success();
}

#[test]
fn what_is_planned_is_removed_and_a_link_that_came_later_ends_it() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let folder = ground.environment.home().to_owned();
    let plan = folder.join("plan.json");
    let plan = plan.to_str().unwrap();
    let stale = folder.join("stale.json");
    let stale = stale.to_str().unwrap();
    let before = state(&ground.cluster);
    for file in [plan, stale] {
        let words = ["untag", NAME, "--dry-run", "-o", file];
        let printed = ground.environment.keepdocker(&words).success();
        assert!(printed.contains("- remove link"), "{printed}");
        assert!(printed.contains("tell its names: []"), "{printed}");
    }
    // What would be left is what the plan tells.
    let planned = ground.told(&["untag", NAME, "--dry-run"]);
    assert_eq!(planned["names"][0]["leads_to"], Value::Null);
    assert_eq!(planned["steps"][0]["verb"], "links.delete");
    assert_eq!(state(&ground.cluster), before, "nothing was written");

    let later = named(&account, NAME, &ground.collection, account.uuid());
    let run = || ground.environment.keepdocker(&["apply", stale]);
    refused(&ground.cluster, run, 11, &later);
    account.done("DELETE", &format!("links/{later}"), None);

    let applied = ground.told(&["apply", plan]);
    assert_eq!(applied["schema"], "keepdocker.untag/1");
    assert_eq!(names(&ground.cluster), []);
    let after = state(&ground.cluster);
    let again = ground.told(&["apply", plan]);
    assert_eq!(again["names"][0]["removed"], json!([]));
    assert_eq!(state(&ground.cluster), after);
}

#[test]
fn what_a_run_that_was_cut_short_left_told_is_told_no_more_by_the_next_one() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let noted = |value: Value| {
        let properties = json!({"docker-image-repo-tag": value, "of": "somebody"});
        let path = format!("collections/{}", ground.collection);
        let change = json!({"collection": {"properties": properties}});
        account.done("PUT", &path, Some(change));
    };
    let told = || {
        let collections = state(&ground.cluster).0;
        let of = |collection: &Value| collection["uuid"] == ground.collection;
        let properties = &collections.iter().find(|one| of(one)).unwrap()["properties"];
        assert_eq!(properties["of"], "somebody");
        properties["docker-image-repo-tag"].clone()
    };
    ground.told(&["untag", NAME]);
    for (note, left) in [
        (json!(NAME), json!([])),
        (json!([NAME, "lab/other:1"]), json!("lab/other:1")),
        (json!("lab/other:1"), json!("lab/other:1")),
    ] {
        noted(note);
        ground.told(&["untag", NAME]);
        assert_eq!(told(), left);
    }
}

#[test]
fn a_name_goes_in_one_project_at_a_time_and_what_others_have_stays() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let project = account.make_project("mine");
    ground.told(&["copy", NAME, "--project-uuid", &project]);
    let stranger = Account::further(&ground.cluster, "stranger");
    let public = stranger.make_public_project("tools");
    let archive = ground.image.saved(&[NAME]);
    let theirs = stranger.collect(&public, &[(&ground.image.file(), &archive)], json!({}));
    let link = named(&stranger, NAME, &theirs, &public);

    let run = || ground.environment.keepdocker(&["untag", NAME]);
    refused(&ground.cluster, run, 2, &project);
    let run = || {
        let words = ["untag", NAME, "--project-uuid", &public];
        ground.environment.keepdocker(&words)
    };
    refused(&ground.cluster, run, 1, &public);

    ground.told(&["untag", NAME, "--project", &project]);
    let gone = ground.told(&["untag", NAME]);
    assert_eq!(gone["names"][0]["left"], json!([link]));
    assert_eq!(gone["names"][0]["leads_to"], theirs);
    assert_eq!(names(&ground.cluster), [(NAME.to_owned(), public.clone())]);
    assert_eq!(ground.resolved(NAME), theirs);

    // Whoever may write to a project may take away what others named there.
    let shared = stranger.make_project("ours");
    stranger.make(
        "links",
        json!({"link_class": "permission", "name": "can_write", "tail_uuid": account.uuid(),
            "head_uuid": shared}),
    );
    named(&stranger, "lab/ours:1", &theirs, &shared);
    let gone = ground.told(&["untag", "lab/ours:1"]);
    assert_eq!(gone["names"][0]["removed"], json!([theirs]));
    assert_eq!(names(&ground.cluster), [(NAME.to_owned(), public)]);
}

#[test]
fn what_is_malformed_or_denied_removes_nothing() {
    let ground = Ground::new();
    let policy = |name: &str, rules: &str| {
        let path = ground.environment.home().join(name);
        fs::write(
            &path,
            format!("schema = \"keepdocker.policy/1\"\n{rules}\n"),
        )
        .unwrap();
        path.to_str().unwrap().to_owned()
    };
    // A site's list of verbs that knows nothing of removals.
    let listed = policy(
        "listed.toml",
        "[[allow]]\nid = \"names\"\nreason = \"r\"\nverbs = [\"log.write\", \"cluster.get\", \"users.current\", \
         \"projects.get\", \"links.list\", \"links.create\", \"collections.list\", \"collections.update\"]",
    );
    let others = policy(
        "others.toml",
        "[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"r\"\n\
         [[deny]]\nid = \"kept\"\nverbs = [\"links.delete\"]\nrepositories = [\"lab/**\"]\nreason = \"r\"",
    );
    for (words, code, named) in [
        (vec!["untag"], 2, "<NAME>"),
        (vec!["untag", "Not A Name"], 2, "Not A Name"),
        (
            vec!["untag", NAME, &ground.collection],
            2,
            "which of its names",
        ),
        (vec!["untag", &ground.image.id()], 2, "no name"),
        (vec!["untag", NAME, "--project-uuid", "x"], 2, "`x`"),
        (
            vec!["--policy", &listed, "untag", NAME],
            3,
            "links.delete docker_image_repo+tag lab/tool:1",
        ),
        (vec!["--policy", &others, "untag", NAME], 3, "kept"),
    ] {
        let run = || ground.environment.keepdocker(&words);
        refused(&ground.cluster, run, code, named);
    }
}

#[test]
fn all_that_leads_to_what_is_gone_goes_as_the_doctor_says() {
    let ground = Ground::new();
    let collection = ground.collection.as_str();
    let account = Account::usual(&ground.cluster);
    // Nobody gives a command to a shell that others wrote.
    named(&account, "$(touch it)", collection, account.uuid());
    let path = format!("collections/{collection}/trash");
    account.done("POST", &path, None);
    let others = ground.cluster.links_of_images().len();
    let found = ground.environment.keepdocker(&["doctor", "--json"]);
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    let orphans = ["repair", collection, "--orphan-links"];
    let advice = format!("`keepdocker {}`", orphans.join(" "));
    let is_advised = |finding: &&Value| {
        finding["advice"]
            .as_str()
            .is_some_and(|text| text.contains(&advice))
    };
    assert!(
        found["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| is_advised(&one)),
        "{found}"
    );

    for command in [&["untag", collection][..], &orphans] {
        let planned = ground.told(&[command, &["--dry-run"]].concat());
        assert_eq!(planned["steps"].as_array().unwrap().len(), others);
    }
    assert_eq!(ground.cluster.links_of_images().len(), others);
    let requests = ground.killed_at_every_request(&orphans, || {});
    assert!(requests >= 3, "{requests}");
    assert!(ground.cluster.links_of_images().is_empty());
    for command in [&["untag", collection][..], &orphans] {
        let again = ground.told(command);
        assert_eq!(again["names"][0]["removed"], json!([]));
    }
    let found = ground.environment.keepdocker(&["doctor", "--json"]);
    assert!(!found.stdout().contains("orphan"), "{found}");
    // What came back has its names again by what was told.
    account.done("POST", &format!("collections/{collection}/untrash"), None);
    ground.told(&["adopt", collection, NAME]);
    assert_eq!(ground.resolved(NAME), collection);

    refused(
        &ground.cluster,
        || ground.environment.keepdocker(&orphans),
        2,
        "is there",
    );
    let name = ["repair", NAME, "--orphan-links"];
    refused(
        &ground.cluster,
        || ground.environment.keepdocker(&name),
        2,
        "no UUID",
    );
    account.done("POST", &path, None);
    let file = ground.environment.home().join("plan.json");
    let file = file.to_str().unwrap();
    ground.told(&[&orphans[..], &["--dry-run", "--output", file]].concat());
    assert!(!ground.cluster.links_of_images().is_empty());
    ground.told(&["apply", file]);
    assert!(ground.cluster.links_of_images().is_empty());
}
