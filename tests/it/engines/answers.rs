//! Engines that cannot be had here, replayed by what they are documented to answer.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Built, Cluster, Environment, StandIn, hex, tar_of};

/// The image of which every one of these engines tells.
fn image() -> Built {
    let created = "2024-05-06T07:08:09Z";
    Built::new("lab/tool:1", created, &[("file", b"of an engine")])
}

/// Uploads by name through an engine that describes the image so, and saves it so.
#[track_caller]
fn uploads(program: &str, described: &str, saved: &[u8], name: &str) {
    let image = image();
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    let (answer, archive) = (
        environment.home().join("answer.json"),
        environment.home().join("saved.tar"),
    );
    std::fs::write(&answer, described).unwrap();
    std::fs::write(&archive, saved).unwrap();
    let engine = StandIn::new()
        .inspecting(format!("cat '{}'", answer.display()))
        .saving(format!("cat '{}'", archive.display()))
        .install(&mut environment);
    let renamed = engine.with_file_name(program);
    std::fs::rename(engine, &renamed).unwrap();
    environment.set("KEEPDOCKER_ENGINE", &renamed);

    let collection = environment.keepdocker(&["upload", name]).success();

    assert_eq!(cluster.only_collection()["uuid"], collection.trim());
    let link = &cluster.links_of("docker_image_hash")[0];
    assert_eq!(link["name"], image.id.as_str());
    let found = environment.arv_keepdocker(&[name]).success();
    assert_eq!(found, collection);
    let resolved = environment.keepdocker(&["resolve", name]).success();
    assert_eq!(resolved, collection);
}

/// What engines tell of the image, with or without the kind of digest before its ID.
fn description(id: &str) -> Value {
    json!({
        "Id": id,
        "RepoTags": ["localhost/lab/tool:1"],
        "RepoDigests": null,
        "Architecture": "amd64",
        "Os": "linux",
        "RootFS": {"Type": "layers", "Layers": image().diff_ids},
    })
}

#[test]
fn podman_5_may_answer_with_a_list_an_object_or_one_on_each_line() {
    let image = image();
    let described = description(image.id.strip_prefix("sha256:").unwrap());
    let list = json!([described]);
    for answer in [
        format!("{list}\n"),
        format!("{list:#}\n"),
        format!("{described}\n"),
        format!("{described:#}"),
    ] {
        uploads("podman", &answer, &image.archive, "lab/tool:1");
    }
}

#[test]
fn docker_25_0_0_to_25_0_2_save_an_image_by_its_id_with_manifests_of_null() {
    let image = image();
    let described = format!("{}\n", description(&image.id));
    uploads(
        "docker",
        &described,
        &saved_by_docker_25_0_0(),
        "lab/tool:1",
    );
}

/// The image as Docker 25.0.0 saves it by its ID: a layout whose index names no manifest, beside
/// the account of old.
fn saved_by_docker_25_0_0() -> Vec<u8> {
    let image = image();
    let mut members = Vec::new();
    let mut account = Value::Null;
    let mut old = tar::Archive::new(&image.archive[..]);
    for member in old.entries().unwrap() {
        use std::io::Read as _;
        let mut member = member.unwrap();
        let name = member.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        if name == "manifest.json" {
            account = serde_json::from_slice(&bytes).unwrap();
            continue;
        }
        let blob = format!("blobs/sha256/{}", hex(&Sha256::digest(&bytes)));
        members.push((blob, bytes));
    }
    let blobs: Vec<String> = members.iter().map(|(name, _)| name.clone()).collect();
    account[0]["Config"] = json!(blobs[0]);
    account[0]["RepoTags"] = Value::Null;
    account[0]["Layers"] = json!(blobs[1..]);
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": null,
    });
    for (name, text) in [
        ("index.json", index.to_string()),
        ("manifest.json", account.to_string()),
        (
            "oci-layout",
            json!({"imageLayoutVersion": "1.0.0"}).to_string(),
        ),
    ] {
        members.push((name.to_owned(), text.into_bytes()));
    }
    tar_of(&members)
}
