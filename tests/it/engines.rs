//! The matrix: upload, a second version, load and resolve, on each engine that README names. What
//! cannot be had here is in `answers`.

use keepdocker_sandbox::faults::{Action, Fault};
use serde_json::Value;

use crate::support::{AnyEngine, Built, Cluster, Engine, Environment, Noise};

mod answers; // engines that cannot be had here, by what they answer

#[test]
fn docker_20_10_goes_there_and_back() {
    let Some(engine) = Engine::find() else { return };
    there_and_back(&AnyEngine::docker(&engine), "engines/old:1");
}

#[test]
fn a_newer_docker_with_the_classic_store_goes_there_and_back() {
    let Some(engine) = Engine::newer() else {
        return;
    };
    there_and_back(&AnyEngine::docker(&engine), "engines/newer:1");
}

#[test]
fn a_newer_docker_with_the_containerd_store_goes_there_and_back() {
    let Some(engine) = Engine::containerd() else {
        return;
    };
    there_and_back(&AnyEngine::docker(&engine), "engines/containerd:1");
}

#[test]
fn podman_goes_there_and_back() {
    let Some(podman) = AnyEngine::podman() else {
        return;
    };
    there_and_back(&podman, "engines/podman:1");
}

/// Uploads two versions of an image from an engine, and brings the second back.
#[track_caller]
fn there_and_back(engine: &AnyEngine, name: &str) {
    const BASE: usize = 3 << 20;
    let base = Noise::bytes(70, BASE);
    let version = |created: &str, words: &str| {
        // Engines share layers, and what a test removes another may have.
        let words = format!("{words} of {name}");
        Built::new(
            name,
            created,
            &[("base", &base[..]), ("version", words.as_bytes())],
        )
    };
    let first = version("2024-05-06T07:08:09Z", "the first");
    let second = version("2025-05-06T07:08:09Z", "the second");
    let cluster = Cluster::start();
    let environment = engine.on(&cluster);

    engine.load(&first.archive);
    let before = upload(&environment, name);
    assert_eq!(before["outcome"], "uploaded");
    assert_eq!(before["image"], first.id.as_str());
    assert_eq!(before["name"], name);

    engine.load(&second.archive);
    let after = upload(&environment, name);
    assert_eq!(after["outcome"], "uploaded");
    assert_eq!(after["image"], second.id.as_str());
    assert!(after["reused"].as_u64().unwrap() >= BASE as u64, "{after}");
    assert!(after["sent"].as_u64().unwrap() < BASE as u64 / 2, "{after}");
    let collection = after["collection"].as_str().unwrap();

    // The drop-in finds it there, by its name and by what this engine calls it.
    cluster.log().clear();
    let own_id = engine.id(name).unwrap();
    for asked in [name, &own_id] {
        let found = environment.arv_keepdocker(&[asked]).success();
        assert_eq!(found.trim(), collection, "{asked}");
    }
    assert_eq!(cluster.log().blocks_written(), 0);
    assert_eq!(cluster.collections().len(), 2);
    let resolved = environment.keepdocker(&["resolve", name]).success();
    assert_eq!(resolved.trim(), collection);

    // What is handed out to people has the name that they asked for.
    engine.remove(name);
    let file = environment.home().join("saved.tar");
    let _ = environment
        .keepdocker(&["save", name, "--output", file.to_str().unwrap()])
        .success();
    engine.load(&std::fs::read(&file).unwrap());
    assert_eq!(engine.layers(name), second.diff_ids);

    engine.remove(name);
    let loaded = environment.keepdocker(&["load", name]).success();
    assert_eq!(loaded.trim(), second.id);
    assert_eq!(engine.layers(name), second.diff_ids);
    fetches_nothing_that_is_there(engine, &cluster, &environment, name);
    // What came back is the image that went: nothing is sent of it.
    let again = upload(&environment, name);
    assert_eq!(again["outcome"], "present");
    assert_eq!(again["collection"], collection);
    engine.remove(name);
}

/// Loads an image that the engine has, under its name and without it. Its large layer cannot be read then,
/// so that whoever fetched it would fail.
#[track_caller]
fn fetches_nothing_that_is_there(
    engine: &AnyEngine,
    cluster: &Cluster,
    environment: &Environment,
    name: &str,
) {
    let other = "engines/other-name:1";
    let layers = engine.layers(name);
    let collections = cluster.collections();
    let text = collections.last().unwrap()["manifest_text"]
        .as_str()
        .unwrap();
    // The first block holds the large layer, of which the first of many bytes are looked at.
    let block = &text.split(' ').nth(1).unwrap()[..32];
    cluster
        .faults()
        .plan(Fault::on(block, Action::CutBody).method("GET").times(1000));
    cluster.log().clear();

    let present = load(environment, name);
    assert_eq!(present["outcome"], "present", "{present}");
    assert_eq!(present["size"], 0);
    let _ = engine.run(&["tag", name, other]).success();
    let _ = engine.run(&["image", "rm", name]).success();
    assert_eq!(engine.id(name), None);
    let present = load(environment, name);
    assert_eq!(present["outcome"], "present", "{present}");
    assert_eq!(engine.layers(name), layers);
    assert_eq!(engine.id(name), engine.id(other));
    // What was read tells what the archive holds: for each run, one look at each of its few blocks, by the
    // component and by the host.
    let looks = cluster.log().count("GET", "+A");
    assert!(looks <= 2 * 2 * 3, "{looks} reads of blocks");

    // The image is not there: then the layer would be fetched, and cannot be.
    engine.remove(name);
    if engine.id(other).is_some() {
        engine.remove(other);
    }
    let output = environment.keepdocker(&["load", "--retries", "0", name]);
    assert!(output.failure(1).contains(block), "{output}");
    cluster.faults().clear();
    assert_eq!(load(environment, name)["outcome"], "fetched");
}

fn load(environment: &Environment, name: &str) -> Value {
    let words = ["load", "--retries", "0", "--json", name];
    serde_json::from_str(&environment.keepdocker(&words).success()).unwrap()
}

fn upload(environment: &Environment, name: &str) -> Value {
    let printed = environment
        .keepdocker(&["upload", "--json", name])
        .success();
    serde_json::from_str(&printed).unwrap()
}
