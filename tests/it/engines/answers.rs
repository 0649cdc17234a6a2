//! Engines that cannot be had here, replayed by what they are documented to answer.

use serde_json::{Value, json};

use crate::support::{Built, Cluster, Environment, StandIn};

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
