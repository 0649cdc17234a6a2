//! Engines that cannot be had here, replayed by what they are documented to answer.

use serde_json::{Value, json};

use crate::support::{Built, Cluster, Environment, Made, Shelf, StandIn, tar_of};

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

/// As moby's issue 47210 shows it; its pull request 47294 mended it for 25.0.3.
#[test]
fn docker_25_0_0_saves_an_image_by_its_id_with_an_index_of_null() {
    let image = Made::of(&[(25, 20_000), (26, 300)]);
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    let mut members = image.members_of_layout("lab/tool:1");
    for (name, bytes) in &mut members {
        match name.as_str() {
            "index.json" => {
                let kind = "application/vnd.oci.image.index.v1+json";
                let index = json!({"schemaVersion": 2, "mediaType": kind, "manifests": null});
                *bytes = index.to_string().into_bytes();
            }
            "manifest.json" => {
                let mut account: Value = serde_json::from_slice(bytes).unwrap();
                account[0]["RepoTags"] = Value::Null;
                *bytes = account.to_string().into_bytes();
            }
            _ => {}
        }
    }
    Shelf::new()
        .with(&image, "lab/tool:1")
        .saving(tar_of(&members))
        .install(&mut environment);

    let collection = environment.keepdocker(&["upload", "lab/tool:1"]).success();

    let stored = cluster.only_collection();
    assert_eq!(stored["uuid"], collection.trim());
    let text = stored["manifest_text"].as_str().unwrap();
    let file = format!(":{}", image.file().replace(':', "\\072"));
    assert!(text.trim_end().ends_with(&file), "{text}");
    let found = environment.arv_keepdocker(&["lab/tool:1"]).success();
    assert_eq!(found, collection);
}
