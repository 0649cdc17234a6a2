//! What is done with images that are in Keep already, without sending data: `tag`, `copy`, `adopt`, `untag`,
//! `rm`, `restore`, `prune`, `share`; what `doctor` and `inspect` tell of them.

mod doctor;
mod history;
mod inspect;
mod killed;
mod prune;
mod repair;
mod report;
mod restore;
mod rm;
mod share;
mod untag;

use std::fs::{self, File};
use std::time::{Duration, Instant};

use keepdocker_sandbox::faults::{Action, Fault};
use serde_json::{Value, json};

use crate::support::{Account, Cluster, Environment, Made, Output};

const NAME: &str = "lab/tool:1";

/// A cluster with one image, and the program on it. In the end each of its runs is replayed from its log.
struct Ground {
    cluster: Cluster,
    environment: Environment,
    image: Made,
    collection: String,
}

impl Ground {
    fn new() -> Self {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let image = Made::of(&[(1, 3000)]);
        let path = environment.home().join("image.tar");
        fs::write(&path, image.saved(&[NAME])).unwrap();
        let from = format!("docker-archive:{}", path.display());
        let collection = environment
            .keepdocker(&["upload", "--from", &from])
            .success();
        Self {
            cluster,
            environment,
            image,
            collection: collection.trim().to_owned(),
        }
    }

    /// Runs the command and returns its JSON.
    #[track_caller]
    fn told(&self, words: &[&str]) -> Value {
        told(&self.environment, words)
    }

    /// Kills the command at every request in turn, each time with a check after it. Returns how many there were.
    fn killed_at_every_request(&self, words: &[&str], mut check: impl FnMut()) -> usize {
        // What is killed leaves a log that ends early.
        let environment = Environment::on(&self.cluster);
        for number in 0..60 {
            let endless = Action::Delay(Duration::from_secs(600));
            let faults = self.cluster.faults();
            faults.plan(Fault::on("", endless).after(number));
            let printed = environment.home().join("printed");
            let program = env!("CARGO_BIN_EXE_keepdocker");
            let mut child = environment.start_into(program, words, File::create(printed).unwrap());
            let deadline = Instant::now() + Duration::from_secs(60);
            let is_cut = loop {
                assert!(Instant::now() < deadline, "request {number} never came");
                if faults.left() == 0 {
                    break true;
                }
                if child.try_wait().unwrap().is_some() {
                    break false;
                }
                std::thread::sleep(Duration::from_millis(2));
            };
            child.kill().unwrap();
            child.wait().unwrap();
            faults.clear();
            if !is_cut {
                return number;
            }
            check();
        }
        panic!("it makes more requests than it should");
    }

    /// Returns which collection a container request for a name gets.
    #[track_caller]
    fn resolved(&self, name: &str) -> Value {
        self.told(&["resolve", name])["collection"].clone()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let logs = self.environment.home().join("state/keepdocker/audit");
        if std::thread::panicking() {
            return;
        }
        let runs: Vec<String> = fs::read_dir(logs)
            .unwrap()
            .filter_map(|entry| {
                let name = entry.unwrap().file_name().into_string().unwrap();
                name.strip_suffix(".jsonl").map(str::to_owned)
            })
            .collect();
        assert!(!runs.is_empty(), "an image was uploaded");
        for run in runs {
            let replayed = self.environment.keepdocker(&["audit", "replay", &run]);
            assert!(replayed.success().starts_with("identical: "), "{replayed}");
        }
    }
}

/// Has each request of a command meet this in turn, each time with a look at the end. Returns how many there were.
fn met_at_every_request(
    ground: &Ground,
    words: &[&str],
    action: &Action,
    mut check: impl FnMut(&Output),
) -> usize {
    for number in 0..60 {
        let faults = ground.cluster.faults();
        faults.plan(Fault::on("", action.clone()).after(number));
        let output = ground.environment.keepdocker(words);
        let was_met = faults.left() == 0;
        faults.clear();
        if !was_met {
            let _ = output.success();
            return number;
        }
        check(&output);
    }
    panic!("it makes more requests than it should");
}

#[track_caller]
fn told(environment: &Environment, words: &[&str]) -> Value {
    let printed = environment
        .keepdocker(&[words, &["--json"]].concat())
        .success();
    serde_json::from_str(&printed).unwrap()
}

/// Returns all that a repeated or refused command must leave as it is.
fn state(cluster: &Cluster) -> (Vec<Value>, Vec<Value>) {
    (cluster.collections(), cluster.links_of_images())
}

/// Checks that a command failed with this code, naming this, and wrote nothing.
#[track_caller]
fn refused(cluster: &Cluster, run: impl FnOnce() -> Output, code: i32, named: &str) {
    let before = state(cluster);
    let output = run();
    assert!(output.failure(code).contains(named), "{output}");
    assert_eq!(state(cluster), before, "{output}");
}

#[test]
fn further_names_lead_to_the_image_at_once_and_are_made_once() {
    let ground = Ground::new();
    ground.cluster.log().clear();
    let tagged = ground.told(&["tag", NAME, "lab/tool:stable", "lab/tool"]);
    assert_eq!(tagged["schema"], "keepdocker.tag/1");
    assert_eq!(tagged["outcome"], "registered");
    assert_eq!(tagged["collection"], ground.collection);
    assert_eq!(
        tagged["names"],
        json!(["lab/tool:stable", "lab/tool:latest"])
    );
    assert_eq!(tagged["steps"], Value::Null);
    for name in [NAME, "lab/tool:stable", "lab/tool:latest"] {
        assert_eq!(ground.resolved(name), ground.collection);
    }
    assert_eq!(ground.cluster.log().blocks_written(), 0);
    assert_eq!(
        ground.cluster.only_collection()["properties"]["docker-image-repo-tag"],
        json!([NAME, "lab/tool:stable", "lab/tool:latest"])
    );
    // The Python program lists them.
    let listed = ground.environment.arv_keepdocker::<&str>(&[]).success();
    assert!(listed.contains("stable"), "{listed}");

    let before = state(&ground.cluster);
    let again = ground.told(&["tag", NAME, "lab/tool:stable"]);
    assert_eq!(again["outcome"], "present");
    assert_eq!(state(&ground.cluster), before);
}

#[test]
fn what_is_planned_of_a_name_is_applied_and_is_done_then() {
    let ground = Ground::new();
    let plan = ground.environment.home().join("plan.json");
    let plan = plan.to_str().unwrap();
    let before = state(&ground.cluster);
    let words = ["tag", NAME, "lab/tool:2", "--dry-run", "-o", plan];
    let printed = ground.environment.keepdocker(&words).success();
    assert!(
        printed.contains("+ create link docker_image_repo+tag `lab/tool:2`"),
        "{printed}"
    );
    assert_eq!(state(&ground.cluster), before, "nothing was written");
    let applied = ground.told(&["apply", plan]);
    assert_eq!(applied["schema"], "keepdocker.tag/1");
    assert_eq!(ground.resolved("lab/tool:2"), ground.collection);
    let again = ground.told(&["apply", plan]);
    assert_eq!(again["outcome"], "present");

    // What somebody has made of it is held to what the command line of that command demands.
    let text = fs::read_to_string(plan).unwrap();
    let edited = text.replace(r#""command":"tag""#, r#""command":"copy""#);
    assert_ne!(edited, text);
    fs::write(plan, edited).unwrap();
    let run = || ground.environment.keepdocker(&["apply", plan]);
    refused(&ground.cluster, run, 2, "`--project` is empty");
}

#[test]
fn another_project_gets_the_image_and_keeps_it_when_the_first_one_goes() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let project = account.make_project("Shared tools");
    ground.cluster.log().clear();
    let copied = ground.told(&["copy", NAME, "--project-uuid", &project]);
    assert_eq!(copied["schema"], "keepdocker.copy/1");
    assert_eq!(copied["source"], ground.collection);
    assert_eq!(copied["names"], json!([NAME]));
    let copy = copied["collection"].as_str().unwrap();
    assert_ne!(copy, ground.collection);
    account.check(copy, &ground.image).unwrap();
    assert_eq!(ground.cluster.log().blocks_written(), 0);
    let again = ground.told(&["copy", NAME, "--project-uuid", &project]);
    assert_eq!(again["outcome"], "present");
    assert_eq!(again["collection"], copy);
    let path = format!("collections/{}", ground.collection);
    account.done("DELETE", &path, None);
    assert_eq!(ground.resolved(NAME), copy);
}

#[test]
fn a_saved_archive_in_some_collection_becomes_an_image_by_what_is_in_it() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let other = Made::of(&[(7, 2000)]);
    let archive = other.saved(&["told/by-archive:3"]);
    let collection = account.collect(account.uuid(), &[("saved.tar", &archive)], json!({}));
    let adopted = ground.told(&["adopt", &collection]);
    assert_eq!(adopted["schema"], "keepdocker.adopt/1");
    assert_eq!(adopted["image"], other.id());
    assert_eq!(adopted["names"], json!(["told/by-archive:3"]));
    let made = adopted["collection"].as_str().unwrap();
    assert_eq!(ground.resolved("told/by-archive:3"), made);
    account.check(made, &other).unwrap();
    let again = ground.told(&["adopt", &collection]);
    assert_eq!(again["outcome"], "present");
    assert_eq!(again["collection"], made);

    let two = [("saved.tar", &archive[..]), ("notes.txt", b"to read")];
    let two = account.collect(account.uuid(), &two, json!({}));
    refused(
        &ground.cluster,
        || ground.environment.keepdocker(&["adopt", &two, "a/b:1"]),
        1,
        "exactly one file",
    );
    let text = account.collect(
        account.uuid(),
        &[("notes.tar", b"no archive at all")],
        json!({}),
    );
    refused(
        &ground.cluster,
        || ground.environment.keepdocker(&["adopt", &text, "a/b:1"]),
        1,
        &text,
    );
}

#[test]
fn the_beginning_of_a_digest_names_nothing_to_whoever_wants_an_image() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let project = account.make_project("mine");
    let file = ground.environment.home().join("out.tar");
    let file = file.to_str().unwrap();
    let cut = &ground.image.id()[..13];
    // The server, which `resolve` imitates, takes each for this image.
    for text in [cut, "sha256:ffff", "sha256", "sha", "s:1"] {
        for words in [
            vec!["tag", text, "lab/x:1"],
            vec!["copy", text, "--project-uuid", &project],
            vec!["adopt", text],
            vec!["repair", text],
            vec!["save", text, "-o", file],
        ] {
            // Digits that are too few are told as that.
            let code = if text.starts_with("sha256:") { 2 } else { 4 };
            let run = || ground.environment.keepdocker(&words);
            refused(&ground.cluster, run, code, text);
            assert!(!fs::exists(file).unwrap(), "{words:?}");
        }
    }
}

#[test]
fn what_lies_is_adopted_tagged_and_copied_as_nothing_else() {
    let ground = Ground::new();
    let liar = Account::further(&ground.cluster, "liar");
    let public = liar.make_public_project("free images");
    let evil = Made::of(&[(9, 2500)]);
    // Named as the victim's image, with all the links that make such an image known.
    let archive = evil.saved(&[NAME]);
    let file = ground.image.file();
    let lie = liar.collect(&public, &[(&file, &archive)], json!({}));
    let later = "2030-01-01T00:00:00Z";
    for (class, name) in [
        ("docker_image_hash", ground.image.id()),
        ("docker_image_repo+tag", "free/tool:1".to_owned()),
    ] {
        liar.make(
            "links",
            json!({"link_class": class, "name": name, "head_uuid": lie, "owner_uuid": public,
                "properties": {"image_timestamp": later}}),
        );
    }
    let victim = Account::usual(&ground.cluster);
    let project = victim.make_project("mine");
    for words in [
        vec!["tag", "free/tool:1", "lab/tool:2"],
        vec!["copy", "free/tool:1", "--project-uuid", &project],
    ] {
        refused(
            &ground.cluster,
            || ground.environment.keepdocker(&words),
            1,
            "holds image",
        );
    }
    // Whoever adopts it gets what it is, and is told.
    let words = [
        "adopt",
        &lie,
        "lab/evil:1",
        "--project-uuid",
        &project,
        "--json",
    ];
    let output = ground.environment.keepdocker(&words);
    let adopted: Value = serde_json::from_str(&output.success()).unwrap();
    assert_eq!(adopted["image"], evil.id());
    assert!(output.stderr.contains("holds image"), "{output}");
    // By its ID, the victim's image is the victim's.
    let copied = ground.told(&["copy", &ground.image.id(), "--project-uuid", &project]);
    assert_eq!(copied["image"], ground.image.id());
    victim
        .check(copied["collection"].as_str().unwrap(), &ground.image)
        .unwrap();
}

#[test]
fn what_is_absent_denied_or_not_writable_is_told_and_nothing_is_written() {
    let ground = Ground::new();
    let environment = &ground.environment;
    let policy = environment.home().join("policy.toml");
    fs::write(
        &policy,
        "schema = \"keepdocker.policy/1\"\n\
         [[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"r\"\n\
         [[deny]]\nid = \"frozen\"\nverbs = [\"links.create\"]\nreason = \"r\"\n",
    )
    .unwrap();
    let policy = policy.to_str().unwrap();
    let stranger = Account::further(&ground.cluster, "stranger");
    let public = stranger.make_public_project("tools");
    let archive = ground.image.saved(&["their/tool:1"]);
    let theirs = stranger.collect(&public, &[(&ground.image.file(), &archive)], json!({}));
    stranger.make(
        "links",
        json!({"link_class": "docker_image_repo+tag", "name": "their/tool:1", "head_uuid": theirs,
            "owner_uuid": public, "properties": {}}),
    );
    let absent = "zzzzz-4zz18-000000000000000";
    let no_project = "zzzzz-j7d0g-000000000000000";
    for (words, code, named) in [
        (vec!["tag", "lab/none:1", "lab/x:1"], 4, "lab/none:1"),
        (vec!["tag", NAME], 2, "<NAME>"),
        (vec!["tag", NAME, "Not A Name"], 2, "Not A Name"),
        (vec!["tag", NAME, &ground.image.id()], 2, "no name"),
        (vec!["adopt", absent], 4, absent),
        (vec!["copy", NAME], 2, "--project <PROJECT>"),
        (vec!["copy", NAME, "--project-uuid", ""], 2, "empty"),
        (vec!["tag", NAME, absent], 2, "no name"),
        (
            vec!["copy", NAME, "--project-uuid", no_project],
            1,
            no_project,
        ),
        (vec!["copy", NAME, "--project-uuid", &public], 1, &public),
        (
            vec!["--policy", policy, "tag", NAME, "lab/x:1"],
            3,
            "links.create",
        ),
        (vec!["tag", "their/tool:1", "lab/x:1"], 1, &public),
    ] {
        refused(
            &ground.cluster,
            || environment.keepdocker(&words),
            code,
            named,
        );
    }
    // What is theirs alone can be had by a copy.
    let own = Account::usual(&ground.cluster).make_project("mine");
    let words = ["copy", "their/tool:1", "lab/x:1", "--project-uuid", &own];
    assert_eq!(ground.told(&words)["names"], json!(["lab/x:1"]));
}
