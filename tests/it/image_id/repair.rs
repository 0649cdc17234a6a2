//! Repairs: what was uploaded by the one digest gets registered by the other.

use std::fs;

use serde_json::{Value, json};

use super::{Ground, NAME, file_of, told};

#[test]
fn a_repair_keeps_replicas_and_storage_classes() {
    let ground = Ground::new();
    let uploaded = ground.upload(&["--replication", "1", "--storage-classes", "default"]);
    let words = ["repair", NAME, "--image-id", "manifest"];
    let repaired = told(&ground.environment, &words);
    assert_eq!(repaired["former"], uploaded["collection"]);
    for collection in ground.cluster.collections() {
        assert_eq!(collection["replication_desired"], 1);
        assert_eq!(collection["storage_classes_desired"], json!(["default"]));
    }
}

#[test]
fn a_repair_waits_for_the_next_second_and_is_done_in_one_run() {
    let ground = Ground::new();
    let _ = ground.upload(&[]);
    // Some of these come within one second.
    for (wanted, digest) in [
        ("manifest", ground.image.loaded_as()),
        ("config", ground.image.id()),
        ("manifest", ground.image.loaded_as()),
    ] {
        let repaired = told(&ground.environment, &["repair", NAME, "--image-id", wanted]);
        assert_eq!(repaired["outcome"], "registered");
        assert_eq!(repaired["registered_as"], digest);
        let resolved = told(&ground.environment, &["resolve", NAME]);
        assert_eq!(resolved["collection"], repaired["collection"]);
    }
}

#[test]
fn what_is_planned_of_a_repair_can_be_applied() {
    let mut ground = Ground::new();
    let uploaded = ground.upload(&[]);
    let plan = ground.environment.home().join("plan.json");
    let plan = plan.to_str().unwrap();
    let refused = ground.environment.keepdocker(&["repair", NAME, "-o", plan]);
    assert!(refused.failure(2).contains("--dry-run"), "{refused}");

    ground.environment.set("KEEPDOCKER_IMAGE_ID", "manifest");
    let words = ["repair", NAME, "--dry-run", "-o", plan];
    let output = ground.environment.keepdocker(&words);
    assert!(output.success().contains("+ create collection"), "{output}");
    assert!(output.stderr.contains("keepdocker apply"), "{output}");
    assert_eq!(ground.cluster.collections().len(), 1, "nothing was written");
    let kept: Value = serde_json::from_slice(&fs::read(plan).unwrap()).unwrap();
    assert_eq!(kept["command"], "repair");

    // What was decided when it was planned counts.
    ground.environment.set("KEEPDOCKER_IMAGE_ID", "config");
    let applied = told(&ground.environment, &["apply", plan]);
    assert_eq!(applied["schema"], "keepdocker.repair/1");
    assert_eq!(applied["registered_as"], ground.image.loaded_as());
    assert_eq!(applied["former"], uploaded["collection"]);
    let resolved = told(&ground.environment, &["resolve", NAME]);
    assert_eq!(resolved["collection"], applied["collection"]);

    let again = told(&ground.environment, &["apply", plan]);
    assert_eq!(again["outcome"], "present");
    assert_eq!(again["collection"], applied["collection"]);
}

#[test]
fn a_repair_is_planned_withheld_recorded_and_done_once() {
    let ground = Ground::new();
    let manifest = ground.image.loaded_as();
    let uploaded = ground.upload(&[]);
    let environment = &ground.environment;
    let words = ["repair", NAME, "--image-id", "manifest"];
    let state = || {
        let classes = ["docker_image_hash", "docker_image_repo+tag"];
        let links = classes.map(|class| ground.cluster.links_of(class));
        (ground.cluster.collections(), links.concat())
    };
    let before = state();

    let printed = environment
        .keepdocker(&[&words[..], &["--dry-run"]].concat())
        .success();
    for line in [
        "+ create collection",
        "+ create link docker_image_hash",
        NAME,
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    let planned = told(environment, &[&words[..], &["--dry-run"]].concat());
    assert_eq!(planned["steps"].as_array().unwrap().len(), 3, "{planned}");
    let policy = environment.home().join("policy.toml");
    fs::write(
        &policy,
        "schema = \"keepdocker.policy/1\"\n\
         [[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"r\"\n\
         [[deny]]\nid = \"new\"\nverbs = [\"collections.create\"]\nreason = \"r\"\n",
    )
    .unwrap();
    let withheld = [&["--policy", policy.to_str().unwrap()], &words[..]].concat();
    let output = environment.keepdocker(&withheld);
    assert!(output.failure(3).contains("collections.create"), "{output}");
    assert_eq!(state(), before);

    ground.cluster.log().clear();
    let output = environment.keepdocker(&words);
    let collection = json!(output.success().trim());
    assert_eq!(file_of(&ground.cluster, &collection), manifest);
    let former = uploaded["collection"].as_str().unwrap();
    assert!(
        output
            .stderr
            .contains(&format!("collection {former} stays")),
        "{output}"
    );
    for link in before.1 {
        assert!(
            output.stderr.contains(link["uuid"].as_str().unwrap()),
            "{output}"
        );
    }
    assert_eq!(ground.cluster.log().blocks_written(), 0);
    let _ = environment
        .keepdocker(&["audit", "replay", "last"])
        .success();

    let after = state();
    assert_eq!((after.0.len(), after.1.len()), (2, 4));
    let again = told(environment, &words);
    assert_eq!(again["outcome"], "present");
    assert_eq!(again["collection"], collection);
    assert_eq!(state(), after);
    let printed = environment
        .keepdocker(&[&words[..], &["--dry-run"]].concat())
        .success();
    assert_eq!(
        printed,
        "nothing to do: the image is registered that way already\n"
    );
    let output = environment.keepdocker(&["repair", "nobody/has:this"]);
    assert!(output.failure(4).contains("nobody/has:this"), "{output}");
}
