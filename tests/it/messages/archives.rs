//! Archives of the engine that are not what they should be: nothing is registered, not even a
//! collection.

use std::fs::{self, File};
use std::io::Read as _;

use serde_json::{Value, json};

use super::check;
use crate::support::{Cluster, Environment, Made, StandIn, data, tar_of};

/// Members of an archive, by name.
type Members = Vec<(String, Vec<u8>)>;

/// What is done to a sound archive's members.
type Edit = fn(&mut Members);

#[test]
fn an_archive_that_is_not_sound_is_refused_before_anything_is_registered() {
    let cluster = Cluster::start();
    let edits: [(&str, Edit, &str); 15] = [
        (
            "no manifest",
            |members| remove(members, "manifest.json"),
            "manifest.json",
        ),
        (
            "manifest of words",
            |members| replace(members, "manifest.json", "hello"),
            "manifest.json",
        ),
        (
            "manifest of no image",
            |members| replace(members, "manifest.json", "[]"),
            "image",
        ),
        (
            "manifest of no list",
            |members| replace(members, "manifest.json", "{}"),
            "manifest.json",
        ),
        (
            "two images",
            |members| {
                let config = members[find(members, ".json")].1.clone();
                let other = String::from_utf8(config).unwrap().replace("2023", "2022");
                members.push(("other.json".to_owned(), other.into_bytes()));
                edit(members, "manifest.json", |text| {
                    let one = text
                        .trim()
                        .trim_start_matches('[')
                        .trim_end_matches(']')
                        .to_owned();
                    let digest = StandIn::ID.trim_start_matches("sha256:");
                    let other = one.replace(&format!("{digest}.json"), "other.json");
                    format!("[{one},{other}]")
                });
            },
            "several images",
        ),
        (
            "config without a name",
            |members| {
                edit(members, "manifest.json", |text| {
                    text.replace("\"Config\"", "\"Configuration\"")
                })
            },
            "manifest.json",
        ),
        (
            "layers without names",
            |members| {
                edit(members, "manifest.json", |text| {
                    text.replace("\"Layers\"", "\"Strata\"")
                })
            },
            "layers",
        ),
        ("no config", |members| remove(members, ".json"), "json"),
        (
            "config of words",
            |members| config(members, |_| "hello".into()),
            "JSON",
        ),
        (
            "config without layers",
            |members| config(members, |text| text.replace("diff_ids", "other_ids")),
            "layers",
        ),
        // Its name is that of what it was.
        (
            "config of another image",
            |members| edit(members, ".json", |text| text.replace("amd64", "arm64")),
            "digest",
        ),
        (
            "no layer",
            |members| remove(members, "layer.tar"),
            "layer.tar",
        ),
        (
            "empty layer",
            |members| replace(members, "layer.tar", ""),
            "layer",
        ),
        (
            "layer of words",
            |members| replace(members, "layer.tar", "hello"),
            "layer",
        ),
        (
            "layer of another image",
            |members| {
                let layer = &mut members
                    .iter_mut()
                    .find(|(name, _)| name.ends_with("layer.tar"))
                    .unwrap()
                    .1;
                let last = layer.len() / 2;
                layer[last] ^= 1;
            },
            "layer",
        ),
    ];
    for (name, edit, mention) in edits {
        let mut members = members();
        edit(&mut members);
        refused(name, &cluster, &tar_of(&members), &["archive", mention]);
    }
}

#[test]
fn several_images_are_told_with_a_command_that_names_one() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let both = [Made::of(&[(1, 100)]), Made::of(&[(2, 100)])];
    let mut members = both[0].members(&["lab/a:1"]);
    let (_, first) = members.pop().unwrap();
    members.extend(both[1].members(&["lab/b:1"]));
    let (_, second) = members.last_mut().unwrap();
    let [first, other] = [&first, &*second].map(|text| {
        let mut list: Vec<Value> = serde_json::from_slice(text).unwrap();
        list.remove(0)
    });
    *second = json!([first, other]).to_string().into_bytes();
    let archive = environment.home().join("two of them.tar");
    fs::write(&archive, tar_of(&members)).unwrap();
    let archive = archive.to_str().unwrap();
    for words in [
        &["upload", archive][..],
        &["plan", archive],
        &["upload", "--from", &format!("docker-archive:{archive}")],
    ] {
        let output = environment.keepdocker(words);
        let message = output.failure(5);
        let (_, command) = message.split_once("the first is `keepdocker ").unwrap();
        let command = command.trim_end().trim_end_matches('`');
        let (upload, source) = command.split_once(" --from ").unwrap();
        let source = source.trim_matches('\'');
        assert!(source.ends_with(":@0"), "{output}");
        let _ = environment
            .keepdocker(&[upload, "--from", source, "--dry-run"])
            .success();
    }
    cluster.assert_nothing_registered();
}

#[test]
fn what_is_no_whole_archive_is_refused_before_anything_is_registered() {
    let cluster = Cluster::start();
    let sound = fs::read(data("hello-world-ManifestV2.tar")).unwrap();
    refused(
        "empty",
        &cluster,
        b"",
        &["archive", "is empty; did the command"],
    );
    refused("zeros", &cluster, &[0; 10240], &["archive"]);
    refused(
        "words",
        &cluster,
        &b"no archive at all\n".repeat(100),
        &["archive"],
    );
    // The last blocks are only padding, and not missed.
    for length in [
        1,
        511,
        512,
        700,
        1024,
        2000,
        sound.len() / 3,
        sound.len() / 2,
    ] {
        refused(
            &format!("{length} bytes"),
            &cluster,
            &sound[..length],
            &["archive"],
        );
    }
    let mut damaged = sound.clone();
    // In the header of the first member.
    damaged[5] ^= 1;
    refused("checksum", &cluster, &damaged, &["archive"]);
}

#[test]
fn a_pipe_that_nothing_comes_through_is_told() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let script = "false | \"$0\" upload --from - lab/tool:1";
    let output = environment.run("bash", &["-c", script, env!("CARGO_BIN_EXE_keepdocker")]);
    let told = output.failure(1);
    assert!(told.contains("is empty; did the command"), "{output}");
    cluster.assert_nothing_registered();
}

/// Asserts that nothing comes of an archive but a message.
#[track_caller]
fn refused(name: &str, cluster: &Cluster, archive: &[u8], mentions: &[&str]) {
    let mut environment = Environment::on(cluster);
    let file = environment.home().join("saved.tar");
    fs::write(&file, archive).unwrap();
    StandIn::new()
        .saving(format!("cat '{}'", file.display()))
        .install(&mut environment);

    let output = environment.arv_keepdocker(&["--retries", "0", "hello-world"]);

    check(name, cluster, &output, mentions);
    cluster.assert_nothing_registered();
}

/// Reads the members of a sound archive.
fn members() -> Members {
    let file = File::open(data("hello-world-ManifestV2.tar")).unwrap();
    let mut archive = tar::Archive::new(file);
    let mut members = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if entry.header().entry_type().is_file() {
            members.push((name, bytes));
        }
    }
    members
}

/// Finds the member whose name ends so; `.json` is the config.
fn find(members: &Members, end: &str) -> usize {
    let is_it = |(name, _): &(String, Vec<u8>)| {
        name.ends_with(end)
            && (end == "manifest.json" || name != "manifest.json")
            && !(end == ".json" && name.contains('/'))
    };
    members.iter().position(is_it).unwrap()
}

/// Changes the config, which gets a name that promises no digest.
fn config(members: &mut Members, change: impl Fn(String) -> String) {
    edit(members, ".json", change);
    let at = find(members, ".json");
    let name = std::mem::replace(&mut members[at].0, "config".to_owned());
    edit(members, "manifest.json", |text| {
        text.replace(&name, "config")
    });
}

fn remove(members: &mut Members, end: &str) {
    let at = find(members, end);
    members.remove(at);
}

fn replace(members: &mut Members, end: &str, text: &str) {
    let at = find(members, end);
    members[at].1 = text.into();
}

fn edit(members: &mut Members, end: &str, change: impl Fn(String) -> String) {
    let at = find(members, end);
    let before = String::from_utf8(members[at].1.clone()).unwrap();
    let after = change(before.clone());
    assert_ne!(after, before);
    members[at].1 = after.into();
}
