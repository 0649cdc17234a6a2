//! Images that go to the trash by a rule.

use keepdocker_sandbox::seed::Image;

use super::rm::trash;
use super::*;

/// A project with builds of one repository, the oldest first.
fn builds(ground: &Ground, count: usize) -> (String, Vec<String>) {
    let project = Account::usual(&ground.cluster).make_project("Builds");
    let images: Vec<Image> = (0..count)
        .map(|number| Image {
            name: Some(format!("lab/built:{number}")),
            hash: format!("{:064x}", number + 1),
            timestamp: Some(format!("2026-01-{:02}T00:00:00Z", number + 1)),
            owner_uuid: project.clone(),
        })
        .collect();
    let collections = ground.cluster.seed().images(&images).unwrap();
    (project, collections)
}

/// Asks for a container with this image.
fn request_container(account: &Account<'_>, image: &str) -> String {
    account.make(
        "container_requests",
        json!({
            "container_image": image, "command": ["true"], "cwd": "/", "output_path": "/out",
            "mounts": {"/out": {"kind": "tmp", "capacity": 1}}, "state": "Committed", "priority": 1,
            "runtime_constraints": {"vcpus": 1, "ram": 1},
        }),
    )
}

/// Returns what is told of each image.
fn fates(told: &Value) -> Vec<(&str, &str)> {
    let images = told["images"].as_array().unwrap().iter();
    let fates = images.map(|image| {
        let collection = image["collection"].as_str().unwrap();
        (collection, image["fate"].as_str().unwrap())
    });
    fates.collect()
}

#[test]
fn what_is_shown_goes_with_yes_and_nothing_else_and_comes_back_by_what_is_printed() {
    let ground = Ground::new();
    let (project, built) = builds(&ground, 4);
    let rule = ["prune", "--project", &project, "--keep-last", "2"];
    let before = state(&ground.cluster);
    let shown = ground.environment.keepdocker(&rule).success();
    let (staying, going) = shown.split_once("To go to the trash").unwrap();
    for (place, collection) in built.iter().enumerate() {
        assert_eq!(going.contains(collection), place < 2, "{shown}");
        assert_eq!(staying.contains(collection), place >= 2, "{shown}");
    }
    assert!(going.contains("(2 images of 2.0 KiB)"), "{shown}");
    let planned = ground.told(&rule);
    assert_eq!(planned["schema"], "keepdocker.prune/1");
    assert_eq!(planned["steps"].as_array().unwrap().len(), 2);
    assert_eq!(state(&ground.cluster), before, "nothing was written");

    let yes = [&rule[..], &["--yes"]].concat();
    let done = ground.environment.keepdocker(&yes);
    let gone: Vec<String> = done.success().lines().map(str::to_owned).collect();
    assert_eq!(gone, built[..2]);
    assert!(done.stderr.contains("keepdocker restore UUID..."), "{done}");
    assert_eq!(trash(&ground.cluster).len(), 2);
    assert_eq!(ground.cluster.log().count("DELETE", ""), 0);

    let before = state(&ground.cluster);
    let again = ground.told(&yes);
    assert_eq!(
        fates(&again),
        [(&*built[2], "newest"), (&*built[3], "newest")]
    );
    assert_eq!(state(&ground.cluster), before);

    let back: Vec<&str> = gone.iter().map(String::as_str).collect();
    ground.told(&[&["restore"][..], &back].concat());
    assert_eq!(trash(&ground.cluster), [Value::Null; 0]);
    assert_eq!(ground.resolved("lab/built:0"), gone[0]);
}

#[test]
fn what_others_name_or_containers_use_stays_whatever_the_rule_says() {
    let ground = Ground::new();
    let (project, built) = builds(&ground, 5);
    let account = Account::usual(&ground.cluster);
    account.make(
        "links",
        json!({"link_class": "docker_image_repo+tag", "name": "lab/mine:1", "head_uuid": built[0],
            "owner_uuid": account.uuid(), "properties": {}}),
    );
    request_container(&account, "lab/built:1");
    account.make(
        "links",
        json!({"link_class": "docker_image_repo+tag", "name": "lab/stable:1", "head_uuid": built[2],
            "owner_uuid": project, "properties": {}}),
    );
    // A moment is written in whole seconds.
    std::thread::sleep(Duration::from_secs(2));
    let rule = [
        "prune",
        "lab/built",
        "--project",
        &project,
        "--keep-last",
        "1",
        "--older-than",
        "1s",
        "--yes",
    ];
    let done = ground
        .environment
        .keepdocker(&[&rule[..], &["--json"]].concat());
    let told: Value = serde_json::from_str(&done.success()).unwrap();
    assert_eq!(
        fates(&told),
        [
            (&*built[0], "linked-elsewhere"),
            (&*built[1], "used"),
            (&*built[2], "named-otherwise"),
            (&*built[3], "outdated"),
            (&*built[4], "newest"),
        ]
    );
    assert!(done.stderr.contains("as containers use"), "{done}");
    assert_eq!(trash(&ground.cluster), [json!(built[3])]);

    // `rm` does not take away what a container waits for either.
    let run = || ground.environment.keepdocker(&["rm", "lab/built:1"]);
    refused(&ground.cluster, run, 2, "a container that waits or runs");
    let young = [
        "prune",
        "--project",
        &project,
        "--keep-last",
        "0",
        "--older-than",
        "1d",
    ];
    let told = ground.told(&young);
    assert!(
        fates(&told).iter().all(|(_, fate)| *fate == "recent"),
        "{told}"
    );
}

#[test]
fn a_saved_plan_does_that_and_ends_where_the_cluster_has_changed() {
    let ground = Ground::new();
    let (project, built) = builds(&ground, 3);
    let plan = ground.environment.home().join("plan.json");
    let plan = plan.to_str().unwrap();
    let words = [
        "prune",
        "--project",
        &project,
        "--keep-last",
        "1",
        "-o",
        plan,
    ];
    let _ = ground.environment.keepdocker(&words).success();
    let account = Account::usual(&ground.cluster);
    let link = account.make(
        "links",
        json!({"link_class": "docker_image_repo+tag", "name": "lab/mine:1", "head_uuid": built[1],
            "owner_uuid": account.uuid(), "properties": {}}),
    );
    let run = || ground.environment.keepdocker(&["apply", plan]);
    refused(&ground.cluster, run, 11, "changed since the plan was made");
    account.done("DELETE", &format!("links/{link}"), None);
    let applied = ground.told(&["apply", plan]);
    assert_eq!(applied["schema"], "keepdocker.prune/1");
    assert_eq!(trash(&ground.cluster).len(), 2);
}

#[test]
fn what_is_malformed_denied_or_not_one_s_own_moves_nothing() {
    let ground = Ground::new();
    let (project, _) = builds(&ground, 2);
    let policy = ground.environment.home().join("listed.toml");
    let deny = |verb: &str| {
        fs::write(
            &policy,
            format!(
                "schema = \"keepdocker.policy/1\"\n[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"r\"\n\
                 [[deny]]\nid = \"kept\"\nverbs = [\"{verb}\"]\nreason = \"r\"\n"
            ),
        )
        .unwrap();
        policy.to_str().unwrap()
    };
    let public = Account::further(&ground.cluster, "stranger").make_public_project("tools");
    let absent = "zzzzz-j7d0g-000000000000000";
    for (words, code, named) in [
        (vec!["--yes"], 2, "no rule says"),
        (vec!["--keep-last=-1"], 2, "--keep-last"),
        (vec!["--older-than", "soon", "--yes"], 2, "soon"),
        // Everything is older than so many seconds.
        (vec!["--older-than", "90", "--yes"], 2, "with a unit"),
        (
            vec!["--keep-last", "1", "--used-within", "30"],
            2,
            "with a unit",
        ),
        (
            vec!["--keep-last", "1", "--yes", "--output", "plan.json"],
            2,
            "leave out `--yes`",
        ),
        (
            vec!["--keep-last", "1", "--yes", "--dry-run"],
            2,
            "--dry-run",
        ),
        (
            vec!["--keep-last", "1", "--yes", "--project", &public],
            1,
            &public,
        ),
        (
            vec!["--keep-last", "1", "--yes", "--project", absent],
            1,
            absent,
        ),
    ] {
        let run = || {
            ground
                .environment
                .keepdocker(&[&["prune"], &words[..]].concat())
        };
        refused(&ground.cluster, run, code, named);
    }
    for verb in ["collections.trash", "containers.used"] {
        let policy = deny(verb);
        let run = || {
            let rule = ["prune", "--keep-last", "1", "--yes", "--project", &project];
            ground
                .environment
                .keepdocker(&[&["--policy", policy], &rule[..]].concat())
        };
        refused(&ground.cluster, run, 3, "kept");
    }
}

#[test]
fn killed_at_any_request_what_is_left_goes_the_next_time() {
    let ground = Ground::new();
    let (project, built) = builds(&ground, 3);
    let rule = ["prune", "--project", &project, "--keep-last", "1", "--yes"];
    let requests = ground.killed_at_every_request(&rule, || {
        let gone = trash(&ground.cluster);
        assert!(!gone.contains(&json!(built[2])), "{gone:?}");
        ground.told(&rule);
        assert_eq!(trash(&ground.cluster).len(), 2);
        ground.told(&["restore", &built[0], &built[1]]);
    });
    assert!(requests >= 8, "{requests}");
}
