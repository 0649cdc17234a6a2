//! Images and projects that others may read, change or manage.

use super::*;

/// Returns the permissions that links give on an object: who, and what.
fn given(cluster: &Cluster, object: &str) -> Vec<(String, String)> {
    let text = |link: &Value, member: &str| link[member].as_str().unwrap().to_owned();
    let links = cluster.links_of("permission").into_iter();
    links
        .filter(|link| link["head_uuid"] == object)
        .map(|link| (text(&link, "tail_uuid"), text(&link, "name")))
        .collect()
}

fn can_read(account: &Account<'_>, uuid: &str) -> bool {
    account.ask("GET", &format!("collections/{uuid}"), None).0 == 200
}

#[test]
fn an_image_alone_is_read_by_its_hash_and_the_project_gives_its_names() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let project = account.make_project("Tools");
    let copied = ground.told(&["copy", NAME, "--project", &project]);
    let (copy, content) = (
        copied["collection"].as_str().unwrap(),
        copied["portable_data_hash"].as_str().unwrap(),
    );
    let bob = Account::further(&ground.cluster, "bob");
    let his = bob.environment();
    let _ = his.keepdocker(&["resolve", content]).failure(4);

    let words = ["share", copy, "--with", "bob", "--json"];
    let output = ground.environment.keepdocker(&words);
    let shared: Value = serde_json::from_str(&output.success()).unwrap();
    assert_eq!(shared["schema"], "keepdocker.share/1");
    let share = &shared["shares"][0];
    assert_eq!(share["object"], copy);
    assert_eq!(share["holder"], bob.uuid());
    assert_eq!(
        (&share["before"], &share["level"]),
        (&Value::Null, &json!("read"))
    );
    // Which image, and how it is named by those who do not see its names.
    assert!(
        output.stderr.contains(content) && output.stderr.contains("keepdocker copy"),
        "{output}"
    );
    assert!(output.stderr.contains("`bob` is "), "{output}");
    assert!(can_read(&bob, copy));
    let _ = his.keepdocker(&["resolve", content]).success();
    let _ = his.keepdocker(&["resolve", NAME]).failure(4);

    let before = ground.cluster.links();
    let again = ground
        .environment
        .keepdocker(&["share", copy, "--with", "bob"]);
    assert_eq!(again.success().trim(), copy);
    assert!(again.stderr.contains("already"), "{again}");
    assert_eq!(ground.cluster.links(), before);

    let whole = ["share", "--project", "Tools", "--with", "everyone"];
    assert_eq!(
        ground.environment.keepdocker(&whole).success().trim(),
        project
    );
    assert_eq!(his.keepdocker(&["resolve", NAME]).success().trim(), copy);
    let _ = ground
        .environment
        .keepdocker(&[&whole[..], &["--remove"]].concat())
        .success();
    let _ = his.keepdocker(&["resolve", NAME]).failure(4);
    assert_eq!(given(&ground.cluster, &project), []);
}

#[test]
fn a_level_goes_up_and_down_and_is_taken_away_by_what_is_told() {
    let ground = Ground::new();
    let bob = Account::further(&ground.cluster, "bob");
    let image = ground.collection.as_str();
    for (words, expected, undo) in [
        (&["--can", "manage"][..], Some("can_manage"), "--remove"),
        (&["--can", "read"], Some("can_read"), "--can manage"),
        (&["--can", "write"], Some("can_write"), "--can read"),
        (&["--remove"], None, "--can write"),
    ] {
        let words = [&["share", NAME, "--with", bob.uuid()], words].concat();
        let planned = ground
            .environment
            .keepdocker(&[&words[..], &["--dry-run"]].concat());
        let sign = if expected.is_some() {
            "~ let"
        } else {
            "- take"
        };
        assert!(planned.success().starts_with(sign), "{planned}");
        let done = ground.environment.keepdocker(&words);
        let _ = done.success();
        assert!(
            done.stderr.contains(&format!("{undo}` undoes that")),
            "{done}"
        );
        let expected: Vec<_> = expected
            .map(|level| (bob.uuid().to_owned(), level.to_owned()))
            .into_iter()
            .collect();
        assert_eq!(given(&ground.cluster, image), expected);
        assert_eq!(can_read(&bob, image), !expected.is_empty());
        // Again it is no step, and nothing is written.
        let again = ground.told(&[&words[..], &["--dry-run"]].concat());
        assert_eq!(again["steps"], json!([]));
    }
}

#[test]
fn what_is_absent_denied_or_another_s_is_not_shared() {
    let ground = Ground::new();
    let stranger = Account::further(&ground.cluster, "stranger");
    let public = stranger.make_public_project("tools");
    let archive = ground.image.saved(&["their/tool:1"]);
    let theirs = stranger.collect(&public, &[(&ground.image.file(), &archive)], json!({}));
    let account = Account::usual(&ground.cluster);
    let data = account.collect(account.uuid(), &[("results.tar", b"data")], json!({}));
    let policy = ground.environment.home().join("listed.toml");
    fs::write(
        &policy,
        "schema = \"keepdocker.policy/1\"\n[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"r\"\n\
         [[deny]]\nid = \"kept\"\nverbs = [\"permissions.set\"]\nreason = \"r\"\n",
    )
    .unwrap();
    let policy = policy.to_str().unwrap();
    let before = ground.cluster.links();
    for (words, code, named) in [
        (vec!["share", NAME], 2, "--with"),
        (vec!["share", "--with", "everyone"], 2, "NAME"),
        (vec!["share", NAME, "--with", "nobody"], 2, "`nobody`"),
        (
            vec!["share", NAME, "--with", "everyone", "--can", "fly"],
            2,
            "fly",
        ),
        (
            vec!["share", "lab/none:1", "--with", "everyone"],
            4,
            "lab/none:1",
        ),
        (vec!["share", &theirs, "--with", "stranger"], 1, "share it"),
        (
            vec!["share", "--project", &public, "--with", "stranger"],
            1,
            "share it",
        ),
        // What holds no image is none of our business.
        (
            vec!["share", &data, "--with", "everyone"],
            1,
            "does not hold the image",
        ),
        (
            vec!["--policy", policy, "share", NAME, "--with", "everyone"],
            3,
            "kept",
        ),
    ] {
        let output = ground.environment.keepdocker(&words);
        assert!(output.failure(code).contains(named), "{output}");
    }
    assert_eq!(ground.cluster.links(), before);
}

#[test]
fn killed_at_any_request_it_is_shared_or_not_and_shared_the_next_time() {
    let ground = Ground::new();
    let bob = Account::further(&ground.cluster, "bob");
    let words = ["share", NAME, "--with", bob.uuid()];
    let requests = ground.killed_at_every_request(&words, || {
        ground.told(&words);
        assert_eq!(given(&ground.cluster, &ground.collection).len(), 1);
        ground.told(&[&words[..], &["--remove"]].concat());
        assert_eq!(given(&ground.cluster, &ground.collection), []);
    });
    assert!(requests >= 6, "{requests}");
}

#[test]
fn each_request_that_is_denied_absent_or_cut_off_is_told_and_the_next_run_completes_it() {
    let ground = Ground::new();
    let bob = Account::further(&ground.cluster, "bob");
    let words = ["share", NAME, "--with", bob.uuid(), "--retries", "0"];
    for action in [Action::Answer(403), Action::Answer(404), Action::DropAfter] {
        let requests = met_at_every_request(&ground, &words, &action, |output| {
            if !output.status.success() {
                output.assert_told_to_people(&[]);
            }
            // It was given or not, as a run tells that comes later; and once at most.
            assert!(
                given(&ground.cluster, &ground.collection).len() <= 1,
                "{output}"
            );
            ground.told(&words);
            assert_eq!(
                given(&ground.cluster, &ground.collection).len(),
                1,
                "{output}"
            );
            ground.told(&[&words[..], &["--remove"]].concat());
            assert_eq!(given(&ground.cluster, &ground.collection), [], "{output}");
        });
        assert!(requests >= 6, "{requests}");
        ground.told(&[&words[..], &["--remove"]].concat());
    }
}
