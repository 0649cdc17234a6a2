//! The Python program and ours, side by side: the same command on equal clusters with one engine.
//!
//! Standard output, exit code, the messages that scripts look for and the records that a command
//! leaves must be equal. Where they are not, the case names the row of `docs/compatibility.md` that says so, and what ours does; a case
//! that turns out equal after all fails, so that the list can only shrink.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use keepdocker_sandbox::Options;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Cluster, Engine, Environment, Image, Output, Python};

/// The words of messages that scripts look for.
const WORDS: [&str; 7] = [
    "already includes a tag, cannot add tag argument",
    "no matching image found",
    "images match",
    "server does not specify supported image formats",
    "image format is 'v2' but server supports only ['v1']",
    "refusing to store incompatible format (use --force-image-format to override)",
    "forcing incompatible image",
];

/// What the two programs do differently.
const TABLE: &str = include_str!("../../docs/compatibility.md");

/// Commands one after the other on one cluster, and whether the two programs may differ on them.
struct Case {
    /// The arguments of each command; what is compared is what the last one says, and what all leave.
    commands: Vec<Vec<String>>,
    /// The image formats that the cluster runs.
    formats: Vec<String>,
    /// What the table allows, if anything.
    difference: Option<Difference>,
}

/// A difference that a row of the table describes.
#[derive(Debug)]
struct Difference {
    row: &'static str,
    /// The exit code of ours.
    ours: i32,
    /// The exit code of the Python program.
    theirs: i32,
}

fn same(arguments: &str) -> Case {
    Case {
        commands: arguments.split(" ; ").map(words).collect(),
        formats: words("v2"),
        difference: None,
    }
}

fn differs(arguments: &str, row: &'static str, ours: i32, theirs: i32) -> Case {
    Case {
        difference: Some(Difference { row, ours, theirs }),
        ..same(arguments)
    }
}

impl Case {
    fn with_formats(self, formats: &str) -> Case {
        Case {
            formats: words(formats),
            ..self
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

const ABSENT: &str = "sha256:00000000000000000000000000000000000000000000000000000000deadbeef";
const PROJECT: &str = "kdbox-j7d0g-000000000000001";

fn cases(id: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = [
        // Listings.
        "",
        "images",
        "images latest",
        "images --no-pull",
        "--batch-progress images",
        "--silent",
        "--retries 1",
        "--force images",
        // Command lines.
        "a b c",
        "--bogus",
        "--pull --no-pull x",
        "--progress --no-progress x",
        "--progress --batch-progress x",
        "--no-progress --batch-progress x",
        "--resume --no-resume x",
        "--cache --no-cache x",
        "--re 3 x",
        "--pro x",
        "--no- x",
        "--forc x",
        "--batch-p images",
        "--sil nothing-here",
        "-- nothing-here",
        "-- images",
        "--retries=1 images",
        "--name= nothing-here",
        "--retries",
        "--retries x diff/tool:1",
        "--retries -1 diff/tool:1",
        "--name",
        "--project-uuid",
        "--pull=yes x",
        "--force=1 x",
        "diff/tool:1 2",
        "localhost:5000/diff/tool:1 2",
        // What is not there.
        "nothing-here",
        "nothing-here:1",
        "nothing-here 1",
        "localhost:5000/nothing",
        "localhost:5000/nothing:1",
        "[::1]:5000/nothing:1",
        "--force nothing-here:1",
        "diff/tool:3",
        "diff/tool",
        // Uploads.
        "diff/tool:1",
        "diff/tool 1",
        "diff/tool:2",
        "--no-pull diff/tool:1",
        "--batch diff/tool:1",
        "--no-resume diff/tool:1",
        "--no-cache diff/tool:1",
        "--no-progress diff/tool:1",
        "--force diff/tool:1",
        "-f diff/tool 1",
        "--force-image-format diff/tool:1",
        "--name=chosen diff/tool:1",
        "--name chosen diff/tool:1",
        "--project-uuid kdbox-j7d0g-000000000000001 diff/tool:1",
        "--project kdbox-j7d0g-000000000000001 diff/tool:1",
        "--silent diff/tool:1",
        "localhost:5000/diff/tool:1",
        "--project-uuid kdbox-j7d0g-zzzzzzzzzzzzzzz diff/tool:1",
        "--project-uuid nonsense diff/tool:1",
        "localhost:5000/diff/tool 1",
        "--progress diff/tool:1",
        "--batch-progress diff/tool:1",
        "--resume --cache diff/tool:1",
        "--retries 0 diff/tool:1",
        "--pull diff/tool:1",
        "--name a/b diff/tool:1",
        "--name x --force-image-format --no-resume diff/tool 1",
        // What the project has already, in whole or in part.
        "diff/tool:1 ; diff/tool:1",
        "diff/tool:1 ; --silent diff/tool:1",
        "diff/tool:1 ; --name other diff/tool:1",
        "diff/tool:1 ; --force diff/tool:1",
        "--name same diff/tool:1 ; --force --name same diff/tool:1",
        "diff/tool:1 ; --project-uuid kdbox-j7d0g-000000000000001 diff/tool:1",
        "diff/tool:1 ; --project-uuid kdbox-j7d0g-000000000000001 diff/tool:2",
        "--project-uuid kdbox-j7d0g-000000000000001 diff/tool:1 ; diff/tool:1",
        "diff/tool:1 ; images",
        "--project-uuid kdbox-j7d0g-000000000000001 seeded/dated:1 ; images",
        // What the cluster has and the engine has not.
        "--name chosen --project-uuid kdbox-j7d0g-000000000000001 seeded/undated",
        "--project-uuid kdbox-j7d0g-000000000000001 seeded/dated:1",
    ]
    .into_iter()
    .map(same)
    .collect();
    cases.push(same("diff/tool:1").with_formats("v1"));
    cases.push(same("diff/tool:1").with_formats("v1 v2"));
    cases.push(same("--force-image-format diff/tool:1").with_formats("v1"));
    // These have their links and no property yet.
    for arguments in [
        "--project-uuid kdbox-j7d0g-000000000000001 seeded/dated:1 ; seeded/dated:2",
        "seeded/dated:2",
        "seeded/dated:1",
        "seeded/dated 1",
        "seeded/undated",
    ] {
        cases.push(differs(arguments, "K46", 0, 0));
    }
    cases.push(differs("seeded/dated:1", "K46", 0, 0).with_formats("v1"));
    cases.push(differs("diff/tool:1", "K35", 0, 1).with_formats(""));
    cases.push(differs("-- diff/tool:1", "K22", 0, 1));
    // An engine that keeps the port does not find the image without it; one that does not has it
    // found, and then the Python program fails for the word that it does not recognise.
    cases.push(differs("localhost:443/diff/tool:1", "K21", 0, 1));
    cases.push(differs("registry.example:443/diff/tool:1", "K21", 0, 2));
    cases.push(differs("registry.example:443/diff/tool 1", "K21", 0, 2));
    cases.push(same("registry.example/diff/tool:1"));
    cases.push(same("registry.example:4430/diff/tool:1"));
    cases.push(differs("diff/tool:1 ; diff/tool:2", "K46", 0, 0));
    cases.push(differs(
        "--project-uuid kdbox-j7d0g-000000000000001 images",
        "K2",
        0,
        0,
    ));
    cases.push(differs(id, "K18", 0, 2));
    cases.push(differs(ABSENT, "K27", 1, 0));
    cases.push(differs("s", "K27", 1, 0));
    cases.push(differs("--name 1 diff/tool 1", "K20", 0, 2));
    cases.push(differs("--retries 1 diff/tool 1", "K20", 0, 2));
    cases.push(differs(&id["sha256:".len()..][..12], "K19", 0, 1));
    cases
}

#[test]
fn both_programs_do_the_same_or_the_table_says_what_differs() {
    let (Some(engine), Some(python)) = (Engine::find(), Python::find()) else {
        return;
    };
    let Some(image) = Image::build(&engine, "diff/tool:1", "the same for both") else {
        return;
    };
    let _ = engine
        .docker(&["tag", image.name(), "diff/tool:2"])
        .success();
    let _ = engine
        .docker(&["tag", image.name(), "localhost:5000/diff/tool:1"])
        .success();
    let _ = engine
        .docker(&["tag", image.name(), "localhost:443/diff/tool:1"])
        .success();
    let _ = engine
        .docker(&["tag", image.name(), "registry.example/diff/tool:1"])
        .success();
    let template = template();
    let before = Records::of(&Cluster::open(copy(template.path()), Options::default()));

    let cases = cases(image.id());
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let run = |program: &dyn Fn(&Environment, &[String]) -> Output| {
            let options = Options {
                docker_image_formats: case.formats.clone(),
                ..Options::default()
            };
            let cluster = Cluster::open(copy(template.path()), options);
            let environment = Environment::on(&cluster).with_engine(&engine);
            let (last, earlier) = case.commands.split_last().unwrap();
            for command in earlier {
                let _ = program(&environment, command).success();
            }
            let output = program(&environment, last);
            let stdout = before.without_new_uuids(&output.stdout());
            let told = WORDS.map(|words| output.stderr.contains(words));
            (
                output.status.code(),
                (stdout, told),
                Records::of(&cluster).since(&before),
                output,
            )
        };
        let ours = run(&|environment, command| environment.arv_keepdocker(command));
        let theirs =
            run(&|environment, command| python.run(environment, "arv-keepdocker", command));
        let is_equal = (ours.0, &ours.1, &ours.2) == (theirs.0, &theirs.1, &theirs.2);
        let is_right = match &case.difference {
            None => is_equal,
            Some(allowed) => {
                let is_told = TABLE.contains(&format!("\n| {} |", allowed.row));
                let codes = (Some(allowed.ours), Some(allowed.theirs));
                !is_equal && (ours.0, theirs.0) == codes && is_told
            }
        };
        if !is_right {
            wrong.push(format!(
                "== {:?} (difference allowed: {:?})\nours: {:?}\n{}\n{:#?}\n{}\ntheirs: {:?}\n{}\n{:#?}\n{}",
                case.commands, case.difference, ours.0, ours.1.0, ours.2, ours.3, theirs.0, theirs.1.0, theirs.2, theirs.3
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// Makes a cluster that holds what listings and copies are about, and returns its folder.
fn template() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(copy(folder.path()), Options::default());
    let user = cluster.user_uuid();
    cluster
        .seed()
        .project(Some(PROJECT), &user, "a project")
        .unwrap();
    let collection = |number: u32, digit: char| {
        json!({
            "uuid": format!("kdbox-4zz18-00000000000000{number}"),
            "owner_uuid": user,
            "name": format!("collection {number}"),
            "manifest_text": format!(". acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:sha256\\072{}.tar\n", digit.to_string().repeat(64)),
        })
    };
    cluster
        .seed()
        .collections(&[
            collection(1, 'a'),
            collection(2, 'b'),
            collection(3, 'c'),
            collection(4, 'd'),
        ])
        .unwrap();
    let mut links = Vec::new();
    let mut link =
        |class: &str, name: &str, collection: u32, created: &str, built: Option<&str>| {
            let properties = built.map_or(json!({}), |built| json!({"image_timestamp": built}));
            links.push(json!({
            "link_class": class, "name": name, "owner_uuid": user, "properties": properties,
            "head_uuid": format!("kdbox-4zz18-00000000000000{collection}"), "created_at": created,
        }));
        };
    let hash = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let (tag, id) = ("docker_image_repo+tag", "docker_image_hash");
    link(
        id,
        &hash("a"),
        1,
        "2020-01-01T00:00:00.000001Z",
        Some("2019-06-09T07:46:16.184019565Z"),
    );
    link(
        tag,
        "seeded/dated:1",
        1,
        "2020-01-01T00:00:00.000002Z",
        Some("2019-06-09T07:46:16.184019565Z"),
    );
    link(
        tag,
        "seeded/dated:2",
        1,
        "2020-01-01T00:00:00.000003Z",
        Some("2019-06-09T07:46:16.184019565Z"),
    );
    // Twice on one collection.
    link(
        tag,
        "seeded/dated:2",
        1,
        "2021-01-01T00:00:00.000001Z",
        Some("2019-06-09T07:46:16.184019565Z"),
    );
    link(id, &hash("b"), 2, "2021-02-01T00:00:00.000001Z", None);
    link(
        tag,
        "seeded/undated:latest",
        2,
        "2021-02-01T00:00:00.000002Z",
        None,
    );
    link(
        tag,
        "registry.example:1234/repo:latest",
        2,
        "2021-02-01T00:00:00.000003Z",
        Some("1970-01-01T00:00:00Z"),
    );
    // By its ID alone; and without an ID, and without a colon.
    link(
        id,
        &hash("c"),
        3,
        "2021-03-01T00:00:00.000001Z",
        Some("0001-01-01T00:00:00Z"),
    );
    link(
        tag,
        "justname",
        4,
        "2021-04-01T00:00:00.000001Z",
        Some("not a time"),
    );
    cluster.seed().links(&links).unwrap();
    let template = copy(cluster.folder());
    drop(cluster);
    template
}

/// Copies the files of a cluster that nobody writes to.
fn copy(from: &Path) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    copy_into(from, to.path());
    to
}

fn copy_into(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_into(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// What a cluster holds, without what is random.
struct Records {
    uuids: BTreeSet<String>,
    collections: Vec<Value>,
    links: Vec<Value>,
}

impl Records {
    fn of(cluster: &Cluster) -> Records {
        let (collections, links) = (cluster.collections(), cluster.links());
        let uuids = collections
            .iter()
            .chain(&links)
            .map(|record| record["uuid"].as_str().unwrap().to_owned())
            .collect();
        Records {
            uuids,
            collections,
            links,
        }
    }

    /// Describes what is there now and was not before.
    fn since(&self, before: &Records) -> Vec<String> {
        let is_new = |record: &&Value| !before.uuids.contains(record["uuid"].as_str().unwrap());
        let mut new: Vec<String> = self
            .collections
            .iter()
            .filter(is_new)
            .map(|collection| {
                let mut properties = collection["properties"].clone();
                properties
                    .as_object_mut()
                    .unwrap()
                    .retain(|key, _| !key.starts_with("arv:"));
                let manifest = collection["manifest_text"].as_str().unwrap().trim_end();
                let (_, file) = manifest.rsplit_once(':').unwrap();
                // What the server adds to make a name unique is random.
                let name = collection["name"].as_str().unwrap();
                let name = match name.rsplit_once(" (") {
                    Some((name, _)) => format!("{name} (made unique)"),
                    None => name.to_owned(),
                };
                format!(
                    "collection {name} of {} with {file} and {properties}",
                    collection["owner_uuid"]
                )
            })
            .collect();
        new.extend(self.links.iter().filter(is_new).map(|link| {
            let head = before.without_new_uuids(link["head_uuid"].as_str().unwrap());
            format!(
                "{} {} of {} to {head} with {}",
                link["link_class"], link["name"], link["owner_uuid"], link["properties"]
            )
        }));
        new
    }

    /// Replaces the UUIDs of collections that were not there.
    fn without_new_uuids(&self, text: &str) -> String {
        text.split('\n')
            .map(|line| {
                line.split(' ')
                    .map(|word| {
                        if word.starts_with("kdbox-4zz18-") && !self.uuids.contains(word) {
                            "(new)"
                        } else {
                            word
                        }
                    })
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect::<Vec<_>>()
            .join("\n")
    }
}
