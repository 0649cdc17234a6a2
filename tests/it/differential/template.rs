//! The cluster on which every case begins, and copies of it.

use std::fs;
use std::path::Path;

use keepdocker_sandbox::Options;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::Cluster;

/// A project of the user.
pub(super) const PROJECT: &str = "kdbox-j7d0g-000000000000001";

/// The class of the links that tell an image's ID.
pub(super) const ID: &str = "docker_image_hash";
/// The class of the links that tell an image's name.
pub(super) const TAG: &str = "docker_image_repo+tag";

const BUILT: &str = "2019-06-09T07:46:16.184019565Z";

/// Returns the image ID of this digit.
pub(super) fn id(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

/// Returns the UUID of the template's collection of this number.
pub(super) fn collection(number: u32) -> String {
    format!("kdbox-4zz18-{number:015}")
}

/// Describes a collection that holds the image of this digit.
pub(super) fn image(number: u32, digit: char, owner: &str) -> Value {
    let file = id(digit).replace(':', "\\072");
    json!({
        "uuid": collection(number),
        "owner_uuid": owner,
        "name": format!("collection {number}"),
        "manifest_text": format!(". acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:{file}.tar\n"),
    })
}

/// Describes a link of this owner to a collection.
pub(super) fn link(
    class: &str,
    name: &str,
    number: u32,
    created: &str,
    built: &Value,
    owner: &str,
) -> Value {
    let properties = match built {
        Value::Null => json!({}),
        built => json!({"image_timestamp": built}),
    };
    json!({
        "link_class": class, "name": name, "owner_uuid": owner, "properties": properties,
        "head_uuid": collection(number), "created_at": created,
    })
}

/// Makes a cluster that holds what listings and copies are about, and returns its folder.
pub(super) fn template() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(copy(folder.path()), Options::default());
    let user = cluster.user_uuid();
    cluster
        .seed()
        .project(Some(PROJECT), &user, "a project")
        .unwrap();
    let mut collections: Vec<Value> = (1..)
        .zip("abcde".chars())
        .map(|(number, digit)| image(number, digit, &user))
        .collect();
    // The last is in the trash, where no listing sees it.
    for (key, value) in [
        ("is_trashed", json!(true)),
        ("trash_at", json!("2021-01-01T00:00:00Z")),
        ("delete_at", json!("2999-01-01T00:00:00Z")),
    ] {
        collections[4][key] = value;
    }
    cluster.seed().collections(&collections).unwrap();
    let made = |class: &str, name: &str, number: u32, created: &str, built: Value| {
        link(class, name, number, created, &built, &user)
    };
    let long = format!(
        "registry.example:1234/{}:{}",
        "a/long/path/to/".repeat(3) + "an/image",
        "1".repeat(30)
    );
    cluster
        .seed()
        .links(&[
            made(ID, &id('a'), 1, "2020-01-01T00:00:00.000001Z", json!(BUILT)),
            made(
                TAG,
                "seeded/dated:1",
                1,
                "2020-01-01T00:00:00.000002Z",
                json!(BUILT),
            ),
            made(
                TAG,
                "seeded/dated:2",
                1,
                "2020-01-01T00:00:00.000003Z",
                json!(BUILT),
            ),
            // Twice on one collection.
            made(
                TAG,
                "seeded/dated:2",
                1,
                "2021-01-01T00:00:00.000001Z",
                json!(BUILT),
            ),
            made(ID, &id('b'), 2, "2021-02-01T00:00:00.000001Z", Value::Null),
            made(
                TAG,
                "seeded/undated:latest",
                2,
                "2021-02-01T00:00:00.000002Z",
                Value::Null,
            ),
            made(
                TAG,
                "registry.example:1234/repo:latest",
                2,
                "2021-02-01T00:00:00.000003Z",
                json!("1970-01-01T00:00:00Z"),
            ),
            // Too long for its columns.
            made(TAG, &long, 2, "2021-02-01T00:00:00.000004Z", Value::Null),
            // Alike in all but their UUIDs.
            made(
                TAG,
                "seeded/tied:b",
                2,
                "2021-02-01T00:00:00.000005Z",
                json!(BUILT),
            ),
            made(
                TAG,
                "seeded/tied:a",
                1,
                "2021-02-01T00:00:00.000005Z",
                json!(BUILT),
            ),
            // By its ID alone; and without an ID, and without a colon.
            made(
                ID,
                &id('c'),
                3,
                "2021-03-01T00:00:00.000001Z",
                json!("0001-01-01T00:00:00Z"),
            ),
            made(
                TAG,
                "justname",
                4,
                "2021-04-01T00:00:00.000001Z",
                json!("not a time"),
            ),
            made(ID, &id('e'), 5, "2021-05-01T00:00:00.000001Z", json!(BUILT)),
            made(
                TAG,
                "seeded/trashed:1",
                5,
                "2021-05-01T00:00:00.000002Z",
                json!(BUILT),
            ),
        ])
        .unwrap();
    let template = copy(cluster.folder());
    drop(cluster);
    template
}

/// Copies the files of a cluster that nobody writes to.
pub(super) fn copy(from: &Path) -> TempDir {
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
