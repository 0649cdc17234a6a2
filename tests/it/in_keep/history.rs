//! Who gave names to which images, and when.

use super::*;

/// Returns what is told of each change: what happened, from where, to where.
fn changes(told: &Value) -> Vec<(Value, Value, Value)> {
    let changes = told["changes"].as_array().unwrap().iter();
    changes
        .map(|one| (one["event"].clone(), one["from"].clone(), one["to"].clone()))
        .collect()
}

#[test]
fn a_name_that_was_given_moved_and_removed_has_a_history_in_the_end() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let own = json!(ground.collection);
    let archive = Made::of(&[(5, 100)]);
    let other = account.collect(
        account.uuid(),
        &[(&archive.file(), &archive.saved(&["lab/other:1"]))],
        json!({}),
    );
    ground.told(&["tag", NAME, "lab/tool:stable"]);
    let links = ground.cluster.links_of("docker_image_repo+tag");
    let is_stable = |link: &&Value| link["name"] == "lab/tool:stable";
    let link = links.iter().find(is_stable).unwrap()["uuid"]
        .as_str()
        .unwrap();
    account.done(
        "PUT",
        &format!("links/{link}"),
        Some(json!({"link": {"head_uuid": other}})),
    );
    ground.told(&["untag", "lab/tool:stable"]);

    let told = ground.told(&["history", "lab/tool:stable"]);
    assert_eq!(told["schema"], "keepdocker.history/1");
    assert_eq!(
        changes(&told),
        [
            (json!("removed"), json!(other), Value::Null),
            (json!("moved"), own.clone(), json!(other)),
            (json!("given"), Value::Null, own),
        ]
    );
    for change in told["changes"].as_array().unwrap() {
        assert_eq!(change["user"], account.uuid());
        assert_eq!(change["project"], account.uuid());
        assert_eq!(change["link"], link);
    }
    assert_eq!(told["complete"], true);
    let shown = ground
        .environment
        .keepdocker(&["history", "lab/tool:stable"]);
    let shown = shown.success();
    assert!(
        shown.lines().count() == 4 && shown.contains("moved"),
        "{shown}"
    );
}

#[test]
fn a_further_link_moves_a_name_and_an_older_build_does_not() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let project = account.make_project("mine");
    let collect = |count: u64| {
        let archive = Made::of(&[(count, 100)]);
        let file = (archive.file(), archive.saved(&["lab/other:1"]));
        account.collect(&project, &[(&file.0, &file.1)], json!({}))
    };
    let (first, second, older) = (collect(1), collect(2), collect(3));
    let name = |head: &str, built: &str| {
        account.make(
            "links",
            json!({"link_class": "docker_image_repo+tag", "name": "lab/moved:1", "head_uuid": head,
                "owner_uuid": project, "properties": {"image_timestamp": built}}),
        )
    };
    name(&first, "2026-01-02T00:00:00Z");
    let link = name(&second, "2026-01-03T00:00:00Z");
    name(&older, "2026-01-01T00:00:00Z");
    account.done("DELETE", &format!("links/{link}"), None);

    let told = ground.told(&["history", "lab/moved:1", "--project-uuid", &project]);
    let changes = told["changes"].as_array().unwrap().iter();
    let led: Vec<_> = changes
        .map(|one| [&one["event"], &one["led_to"], &one["leads_to"]].map(Clone::clone))
        .collect();
    let none = Value::Null;
    let [first, second] = [json!(first), json!(second)];
    assert_eq!(
        led,
        [
            [json!("removed"), second.clone(), first.clone()],
            [json!("given"), second.clone(), second.clone()],
            [json!("given"), first.clone(), second],
            [json!("given"), none, first.clone()],
        ]
    );
    let shown = ground.environment.keepdocker(&["history", "lab/moved:1"]);
    let shown = shown.success();
    let moved = shown.lines().nth(3).unwrap();
    assert!(moved.contains(first.as_str().unwrap()), "{shown}");
}

#[test]
fn a_log_tells_nothing_of_projects_that_its_reader_does_not_see() {
    let ground = Ground::new();
    let bob = Account::further(&ground.cluster, "bob");
    let secret = bob.make_project("secret");
    let public = bob.make_public_project("public");
    let archive = ground.image.saved(&["their/tool:1"]);
    let make = |project: &str| bob.collect(project, &[(&ground.image.file(), &archive)], json!({}));
    let (hidden, seen) = (make(&secret), make(&public));
    let name = |head: &str, owner: &str| {
        bob.make(
            "links",
            json!({"link_class": "docker_image_repo+tag", "name": "their/tool:1",
                "head_uuid": head, "owner_uuid": owner, "properties": {}}),
        )
    };
    name(&hidden, &secret);
    // One that came from there: where it led then is nobody's business.
    let moved = name(&hidden, &secret);
    bob.done(
        "PUT",
        &format!("links/{moved}"),
        Some(json!({"link": {"head_uuid": seen, "owner_uuid": public}})),
    );
    let output = ground
        .environment
        .keepdocker(&["history", "their/tool:1", "--json"]);
    let printed = output.success();
    assert!(
        !printed.contains(&hidden) && !printed.contains(&secret),
        "{printed}"
    );
    let told: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(changes(&told), [(json!("given"), Value::Null, json!(seen))]);
    assert_eq!(told["changes"][0]["user_name"], "bob");
    let his = told_of(&bob.environment());
    assert_eq!(changes(&his).len(), 3, "{his}");
}

fn told_of(environment: &Environment) -> Value {
    told(environment, &["history", "their/tool:1"])
}

#[test]
fn a_log_that_somebody_made_up_takes_no_other_one_with_it() {
    let ground = Ground::new();
    let bob = Account::further(&ground.cluster, "bob");
    let public = bob.make_public_project("public");
    let archive = ground.image.saved(&["their/tool:1"]);
    let head = bob.collect(&public, &[(&ground.image.file(), &archive)], json!({}));
    let link = bob.make(
        "links",
        json!({"link_class": "docker_image_repo+tag", "name": "their/tool:1",
            "head_uuid": head, "owner_uuid": public, "properties": {}}),
    );
    let whole = json!({"link_class": "docker_image_repo+tag", "name": "their/tool:1",
        "head_uuid": head, "owner_uuid": public, "properties": {}});
    for (member, value) in [
        ("properties", json!("no object")),
        ("name", json!(["their/tool:1"])),
        ("owner_uuid", json!(7)),
    ] {
        let mut attributes = whole.clone();
        attributes[member] = value;
        bob.make(
            "logs",
            json!({"object_uuid": link, "event_type": "update", "summary": "made up",
                "properties": {"new_attributes": attributes, "old_attributes": "none"}}),
        );
    }
    let told = told_of(&ground.environment);
    assert_eq!(changes(&told), [(json!("given"), Value::Null, json!(head))]);
}

#[test]
fn what_no_log_tells_is_told_by_the_link_and_an_unknown_name_by_a_word() {
    let ground = Ground::new();
    let links = [json!({
        "link_class": "docker_image_repo+tag", "name": "old/tool:1", "owner_uuid": ground.cluster.user_uuid(),
        "head_uuid": ground.collection, "properties": {},
    })];
    ground.cluster.seed().links(&links).unwrap();
    let told = ground.told(&["history", "old/tool:1"]);
    assert_eq!(
        changes(&told),
        [(json!("given"), Value::Null, json!(ground.collection))]
    );
    assert_eq!(told["changes"][0]["user"], Value::Null);
    let none = ground.environment.keepdocker(&["history", "lab/none:1"]);
    assert_eq!(none.success(), "");
    assert!(none.stderr.contains("nothing is known"), "{none}");
    assert!(none.stderr.contains("--project PROJECT"), "{none}");
    for wrong in ["Not A Name", &ground.image.id()] {
        let output = ground.environment.keepdocker(&["history", wrong]);
        let _ = output.failure(2);
    }
}

#[test]
fn each_request_that_is_denied_absent_or_cut_off_is_told() {
    let ground = Ground::new();
    let words = ["history", NAME, "--retries", "0"];
    for action in [Action::Answer(403), Action::Answer(404), Action::DropBefore] {
        let requests = met_at_every_request(&ground, &words, &action, |output| {
            match output.status.success() {
                // Whom a name belongs to was all that was lacking.
                true => assert!(output.stdout().contains(&ground.collection), "{output}"),
                false => output.assert_told_to_people(&[]),
            }
        });
        assert!(requests >= 3, "{requests}");
    }
}
