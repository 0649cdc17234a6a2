//! What `doctor` advises is done, to the letter: the finding is gone then, and nothing else is touched.

use super::*;

/// What people put in the place of these words.
struct Meant<'a> {
    name: &'a str,
    uuid: &'a str,
    source: &'a str,
}

/// Returns the commands that stand between backquotes.
fn commands(advice: &str) -> Vec<&str> {
    let quoted = advice.split('`').skip(1).step_by(2);
    let is_command = |text: &&str| text.starts_with("keepdocker ") || text.starts_with("arv ");
    quoted.filter(is_command).collect()
}

/// Runs a command that was printed.
#[track_caller]
fn follow(ground: &Ground, account: &Account<'_>, command: &str, meant: &Meant<'_>) {
    let words = command.split(' ').map(|word| match word {
        "NAME" => meant.name,
        "UUID" => meant.uuid,
        "SOURCE" => meant.source,
        "REPOSITORY:TAG" => "seed/usable:1",
        word => word,
    });
    let words: Vec<&str> = words.collect();
    // The program in Ruby asks the server for just this.
    match words[..] {
        ["arv", "link", "delete", "--uuid", link] => {
            account.done("DELETE", &format!("links/{link}"), None);
        }
        [
            "arv",
            "collection",
            "update",
            "--uuid",
            collection,
            "--collection",
            json,
        ] => {
            let attributes: Value = serde_json::from_str(json.trim_matches('\'')).unwrap();
            let path = format!("collections/{collection}");
            account.done("PUT", &path, Some(json!({"collection": attributes})));
        }
        ["keepdocker", ref words @ ..] => {
            let _ = ground.environment.keepdocker(words).success();
        }
        _ => panic!("nobody can run `{command}`"),
    }
}

/// Returns collections and links that are not about any of these collections.
fn elsewhere(cluster: &Cluster, collections: &[&str]) -> Vec<Value> {
    let is_about = |row: &Value| {
        ["uuid", "head_uuid"].iter().any(|member| {
            row[member]
                .as_str()
                .is_some_and(|uuid| collections.contains(&uuid))
        })
    };
    let (all, links) = state(cluster);
    all.into_iter()
        .chain(links)
        .filter(|row| !is_about(row))
        .collect()
}

#[test]
fn advice_that_is_followed_mends_what_it_is_for_and_nothing_else() {
    let ground = Ground::new();
    let mut seeds = Seeds::on(&ground);
    seeds.everything();
    let account = Account::usual(&ground.cluster);
    let (_, found) = diagnosed(&ground, &["--deep"]);
    // What was uploaded last is what Keep has lost a block of.
    let file = ground.environment.home().join("seed.tar");
    let source = format!("docker-archive:{}", file.display());
    let mut mended = Vec::new();
    let mut trashed: Vec<String> = Vec::new();
    for finding in &found {
        let about = &finding["about"];
        let defect = about["defect"].as_str().unwrap();
        // These are mended by an image that somebody has elsewhere, or by nobody who does not know whose it is.
        if [
            "extra-files",
            "no-file",
            "broken-manifest",
            "runs-nowhere",
            "another-image",
            "no-image",
        ]
        .contains(&defect)
        {
            continue;
        }
        let collection = about["collection"].as_str().unwrap();
        let others: Vec<&str> = about["others"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let links = ground.cluster.links_of("docker_image_repo+tag");
        let named = links.iter().find(|link| link["head_uuid"] == collection);
        let name = named
            .map_or("", |link| link["name"].as_str().unwrap())
            .to_owned();
        let meant = Meant {
            name: &name,
            uuid: others.first().copied().unwrap_or_default(),
            source: &source,
        };
        let mut concerned = others.clone();
        concerned.push(collection);
        let before = elsewhere(&ground.cluster, &concerned);
        let advice = finding["advice"].as_str().unwrap();
        let mut steps = commands(advice);
        match defect {
            // A name that is taken away leads nowhere either; here the image comes back. Why a name leads elsewhere, is only told.
            "orphan-name" | "orphan-hash" => steps.truncate(1),
            "overruled-name" | "newest-build-loses" => {
                steps.retain(|step| !step.contains(" resolve "))
            }
            _ => {}
        }
        assert!(!steps.is_empty(), "{finding}");
        for step in &steps {
            follow(&ground, &account, step, &meant);
        }
        if steps.iter().any(|step| step.starts_with("keepdocker rm ")) {
            trashed.push(meant.uuid.to_owned());
        }
        if defect == "overruled-name" {
            // It says to give the name again, to whom it was given last.
            let name = about["name"].as_str().unwrap();
            ground.told(&["tag", collection, name]);
        }
        let (_, now) = diagnosed(&ground, &["--deep"]);
        assert!(
            !now.iter().any(|other| other["about"] == *about),
            "{advice}: {finding}"
        );
        // What went to the trash leads nowhere, which is told until the trash is emptied.
        let is_new = |other: &&Value| {
            let of = &other["about"];
            let is_known = found.iter().any(|known| {
                known["about"]["defect"] == of["defect"]
                    && known["about"]["collection"] == of["collection"]
            });
            let is_trashed = trashed.iter().any(|uuid| of["collection"] == uuid.as_str());
            !(is_known || is_trashed && of["defect"] == "orphan-hash")
        };
        let new: Vec<&Value> = now.iter().filter(is_new).collect();
        assert!(new.is_empty(), "{advice}: {new:#?}");
        let after = elsewhere(&ground.cluster, &concerned);
        let lacking: Vec<&Value> = before.iter().filter(|row| !after.contains(row)).collect();
        let is_of_name = |row: &&&Value| row["name"] != about["name"].as_str().unwrap_or(&name);
        let lacking: Vec<&&Value> = lacking.iter().filter(is_of_name).collect();
        assert!(lacking.is_empty(), "{advice}: {lacking:#?}");
        mended.push(defect);
    }
    mended.sort_unstable();
    mended.dedup();
    assert_eq!(
        mended,
        [
            "duplicate",
            "lost-blocks",
            "misnamed-file",
            "missing-hash",
            "missing-name",
            "newest-build-loses",
            "no-replicas",
            "orphan-hash",
            "orphan-name",
            "overruled-name",
            "repeated-link",
            "stored-twice",
            "stray-link",
            "unusable-name",
            "wrong-hash",
        ]
    );
}
