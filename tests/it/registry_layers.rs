//! Layers of a registry's images that Keep has already: what is fetched all the same, and what is believed.

use std::fs;
use std::time::{Duration, Instant};

use keepdocker_sandbox::damage::Damage;
use keepdocker_sandbox::faults::{Action, Fault};
use serde_json::{Value, json};

use crate::support::{Account, Cluster, Deed, Environment, FaultyRegistry, Made, Output};

const MIB: usize = 1 << 20;

/// What a second image has in common with the first.
const BASE: [(u64, usize); 3] = [(1, 3 * MIB), (2, 66 * MIB), (3, 2 * MIB)];

fn first() -> Made {
    Made::of(&[BASE[0], BASE[1], BASE[2], (4, 1000)])
}

/// Another image on the same base, with a large layer and a small one of its own.
fn second() -> Made {
    Made::of(&[BASE[0], BASE[1], BASE[2], (5, MIB + 7), (6, 2000)])
}

/// An image on the same base without the layer that has two blocks.
pub(crate) fn lean(more: u64) -> Made {
    Made::of(&[BASE[0], BASE[2], (more, MIB)])
}

pub(crate) fn upload(
    environment: &Environment,
    registry: &FaultyRegistry,
    more: &[&str],
) -> Output {
    let source = registry.source("lab/tool:1");
    environment.keepdocker(&[&["upload", "--json", "--from", &source], more].concat())
}

pub(crate) fn answer(output: &Output) -> Value {
    serde_json::from_str(&output.success()).unwrap()
}

pub(crate) fn serve(image: &Made) -> FaultyRegistry {
    FaultyRegistry::serve(image, |_| None)
}

/// The portable data hash of an image that comes from a file, on a cluster of its own.
fn hash_of(image: &Made) -> Value {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let file = environment.home().join("image.tar");
    fs::write(&file, image.saved(&[])).unwrap();
    let source = format!("docker-archive:{}", file.display());
    let _ = environment
        .keepdocker(&["upload", "--from", &source, "lab/tool:1"])
        .success();
    cluster.only_collection()["portable_data_hash"].clone()
}

/// How many blocks were read from Keep.
pub(crate) fn blocks_read(cluster: &Cluster) -> usize {
    let entries = cluster.log().entries();
    entries
        .iter()
        .filter(|entry| entry.is_keep && entry.method == "GET")
        .count()
}

#[test]
fn of_a_second_image_only_the_new_layers_come_from_the_registry() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let (one, other) = (serve(&first()), serve(&second()));
    let told = answer(&upload(&environment, &one, &[]));
    assert_eq!(
        (&told["layers"], &told["layers_read"]),
        (&json!(4), &json!(4))
    );
    let collection = cluster.only_collection();
    let properties = &collection["properties"];
    assert_eq!(properties["arv:docker-layout"], "layered/1");
    assert_eq!(
        properties["arv:docker-layers"],
        json!(first().diff_ids()[..3])
    );
    let sizes: Vec<usize> = first().layers[..3].iter().map(Vec::len).collect();
    assert_eq!(properties["arv:docker-layer-sizes"], json!(sizes));

    cluster.log().clear();
    let output = upload(&environment, &other, &[]);
    let told = answer(&output);

    let note = "3 of 5 layers are in Keep already (verified), 2 fetched";
    assert!(output.stderr.contains(note), "{output}");
    assert_eq!(
        (&told["layers"], &told["layers_read"]),
        (&json!(5), &json!(2))
    );
    assert_eq!(other.fetched(), [3, 4]);
    let config = second().config.len() as u64;
    assert_eq!(other.sent(), config + other.blobs[3].1 + other.blobs[4].1);
    // This machine has hashed them itself: Keep is only asked whether it has the blocks.
    assert_eq!(blocks_read(&cluster), 0);
    assert_eq!(told["portable_data_hash"], hash_of(&second()));
    let sum = told["sent"].as_u64().unwrap() + told["reused"].as_u64().unwrap();
    assert_eq!(told["size"], sum);
    let collections = cluster.collections();
    let diff_ids = second().diff_ids();
    let all = json!(diff_ids[..4]);
    assert_eq!(collections[1]["properties"]["arv:docker-layers"], all);
    // The run can be verified and replayed, and what is stored is the image.
    for verb in ["verify", "replay"] {
        let _ = environment.keepdocker(&["audit", verb, "last"]).success();
    }
    let name = format!("{}/lab/tool:1", other.host());
    let saved = environment.home().join("saved.tar");
    let _ = environment
        .keepdocker(&["save", &name, "-o", saved.to_str().unwrap()])
        .success();
    second().is_in(&fs::read(&saved).unwrap()).unwrap();
}

#[test]
fn what_another_machine_has_noted_is_read_from_keep_before_it_is_believed() {
    let cluster = Cluster::start();
    let _ = upload(&Environment::on(&cluster), &serve(&first()), &[]).success();
    let environment = Environment::on(&cluster);
    for (number, is_known) in [(7, false), (8, true)] {
        let image = Made::of(&[BASE[0], BASE[1], (number, MIB)]);
        let registry = serve(&image);
        cluster.log().clear();
        let output = upload(&environment, &registry, &[]);
        let told = answer(&output);
        assert_eq!(registry.fetched(), [2], "{output}");
        assert_eq!(told["portable_data_hash"], hash_of(&image));
        let is_told = output.stderr.contains("from Keep to verify that");
        assert_eq!(is_told, !is_known, "{output}");
        // One block and two; the second time this machine knows of itself.
        assert_eq!(blocks_read(&cluster), if is_known { 0 } else { 3 });
    }
    // Nobody's word counts for what can be read and is not used.
    for (words, fetched) in [(&["--no-reuse"], 3), (&["--force"], 3)] {
        let registry = serve(&lean(9));
        let environment = Environment::on(&cluster);
        let _ = upload(&environment, &registry, words).success();
        assert_eq!(registry.fetched().len(), fetched, "{words:?}");
    }
}

#[test]
fn force_and_a_policy_have_every_layer_fetched_and_verify_reads_what_was_not() {
    for (words, policy, fetched) in [
        (&["--force"][..], "", 3),
        (&["--no-reuse"], "", 3),
        (&["--verbatim"], "", 0),
        (&["--block-layout=dense"], "", 3),
        (&[], "reuse = \"none\"", 3),
        (&[], "reuse = \"own\"", 1),
        (&["--verify"], "", 1),
    ] {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let _ = upload(&environment, &serve(&lean(4)), &[]).success();
        let file = environment.home().join("policy.toml");
        let text = format!(
            "schema = \"keepdocker.policy/1\"\n{policy}\n[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"test\"\n"
        );
        fs::write(&file, text).unwrap();
        let registry = serve(&lean(5));
        cluster.log().clear();
        let more = [&["--policy", file.to_str().unwrap()], words].concat();
        let output = upload(&environment, &registry, &more);
        assert_eq!(
            registry.fetched().len(),
            fetched,
            "{words:?} {policy}: {output}"
        );
        if fetched > 0 {
            let told = answer(&output);
            let read = if words.contains(&"--verify") { 4 } else { 0 };
            assert_eq!(blocks_read(&cluster), read, "{words:?}");
            let is_dense = words.contains(&"--block-layout=dense");
            let same = told["portable_data_hash"] == hash_of(&lean(5));
            assert_eq!(same, !is_dense, "{words:?}");
            let collections = cluster.collections();
            let noted = &collections[1]["properties"]["arv:docker-layout"];
            assert_eq!(noted.is_null(), is_dense, "{noted}");
        }
    }
}

#[test]
fn a_limit_counts_what_is_fetched_and_nothing_is_asked_for_beyond_it() {
    for is_known in [true, false] {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        if is_known {
            let _ = upload(&environment, &serve(&lean(4)), &[]).success();
        }
        let file = environment.home().join("policy.toml");
        let text = "schema = \"keepdocker.policy/1\"\nlimits.registry-bytes = \"2MiB\"\n[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"test\"\n";
        fs::write(&file, text).unwrap();
        // Its own layer is below the limit, and all three together are not.
        let registry = serve(&lean(5));
        let output = upload(
            &environment,
            &registry,
            &["--policy", file.to_str().unwrap()],
        );
        if is_known {
            let _ = output.success();
            assert_eq!(registry.fetched(), [2]);
        } else {
            let told = output.failure(3);
            assert!(told.contains("limits.registry-bytes"), "{output}");
            assert!(registry.fetched().is_empty(), "{output}");
            cluster.assert_nothing_registered();
        }
    }
}

/// Uploads an image, and has its collection say that it has other layers; returns what it says.
fn lie(cluster: &Cluster, layers: &[String], sizes: &[usize]) -> String {
    // As large as the layers that it is said to have.
    let other = Made::of(&[(91, BASE[0].1), (92, BASE[2].1), (93, MIB)]);
    let environment = Environment::on(cluster);
    let _ = upload(&environment, &serve(&other), &["lab/lie:1"]).success();
    let collection = cluster.only_collection();
    let uuid = collection["uuid"].as_str().unwrap();
    let properties = json!({
        "arv:docker-base-layer": layers[0],
        "arv:docker-layout": "layered/1",
        "arv:docker-layers": layers,
        "arv:docker-layer-sizes": sizes,
    });
    let change = json!({"collection": {"properties": properties}});
    Account::usual(cluster).done("PUT", &format!("collections/{uuid}"), Some(change));
    uuid.to_owned()
}

#[test]
fn a_collection_that_lies_about_its_layers_is_told_and_they_are_fetched() {
    let image = lean(5);
    let diff_ids = image.diff_ids();
    let sizes: Vec<usize> = image.layers.iter().map(Vec::len).collect();
    for (sizes, reads) in [
        // What it has could be these layers, and is read.
        (sizes.clone(), 3),
        // It cannot.
        (vec![sizes[0] + 512, sizes[1], sizes[2]], 1),
        (vec![sizes[0] + 70 * MIB, sizes[1], sizes[2]], 0),
    ] {
        let cluster = Cluster::start();
        let collection = lie(&cluster, &diff_ids, &sizes);
        let environment = Environment::on(&cluster);
        let registry = serve(&image);
        cluster.log().clear();
        let output = upload(&environment, &registry, &[]);
        let told = answer(&output);
        assert_eq!(registry.fetched(), [0, 1, 2], "{output}");
        assert!(blocks_read(&cluster) >= reads, "{sizes:?}");
        for diff_id in &diff_ids {
            let words = format!("collection {collection} says that it has layer {diff_id}");
            assert_eq!(output.stderr.matches(&words).count(), 1, "{output}");
        }
        assert_eq!(told["portable_data_hash"], hash_of(&image));
        assert_eq!(told["layers_read"], 3);
    }
}

#[test]
fn properties_that_make_no_sense_are_passed_over() {
    let image = lean(5);
    let diff_ids = image.diff_ids();
    for (key, value) in [
        ("arv:docker-layers", json!("all of them")),
        ("arv:docker-layers", json!(["sha256:0", 5, null])),
        ("arv:docker-layer-sizes", json!([-1, 1e30, "5"])),
        ("arv:docker-layer-sizes", json!([])),
        ("arv:docker-layout", json!({"layered": 1})),
        ("arv:docker-layout", json!("layered/2")),
    ] {
        let cluster = Cluster::start();
        let uuid = lie(&cluster, &diff_ids, &[5 * MIB; 3]);
        let mut properties = cluster.only_collection()["properties"].clone();
        properties[key] = value.clone();
        let change = json!({"collection": {"properties": properties}});
        Account::usual(&cluster).done("PUT", &format!("collections/{uuid}"), Some(change));
        let registry = serve(&image);
        let output = upload(&Environment::on(&cluster), &registry, &[]);
        let _ = output.success();
        assert_eq!(registry.fetched(), [0, 1, 2], "{value}");
        assert!(!output.stderr.contains("says that it has"), "{output}");
    }
}

#[test]
fn what_is_known_of_a_layer_is_of_no_use_without_its_blocks() {
    for accident in [
        "trashed",
        "lost",
        "lost to a reader",
        "spoiled for a reader",
    ] {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let _ = upload(&environment, &serve(&lean(4)), &[]).success();
        let collection = cluster.only_collection();
        let text = collection["manifest_text"].as_str().unwrap();
        let block = text.split(' ').nth(1).unwrap()[..32].to_owned();
        let environment = match accident {
            "trashed" | "lost" => environment,
            _ => Environment::on(&cluster),
        };
        let fetched = match accident {
            "trashed" => {
                let path = format!("collections/{}", collection["uuid"].as_str().unwrap());
                let _ = Account::usual(&cluster).done("DELETE", &path, None);
                vec![0, 1, 2]
            }
            "spoiled for a reader" => {
                cluster.seed().damage(&block, Damage::Flipped).unwrap();
                vec![0, 2]
            }
            _ => {
                cluster.seed().damage(&block, Damage::Lost).unwrap();
                vec![0, 2]
            }
        };
        let registry = serve(&lean(5));
        let output = upload(&environment, &registry, &["--retries", "1"]);
        let told = answer(&output);
        assert_eq!(registry.fetched(), fetched, "{accident}: {output}");
        assert!(!output.stderr.contains("says that it has"), "{output}");
        assert_eq!(told["portable_data_hash"], hash_of(&lean(5)), "{accident}");
        if accident != "spoiled for a reader" {
            let name = format!("{}/lab/tool:1", registry.host());
            let saved = environment.home().join("saved.tar");
            let saved = saved.to_str().unwrap();
            let _ = environment
                .keepdocker(&["save", &name, "-o", saved])
                .success();
        }
    }
}

#[test]
fn a_collection_that_is_refused_for_its_blocks_has_the_layers_fetched() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let _ = upload(&environment, &serve(&lean(4)), &[]).success();
    let refusal = Fault::on("/arvados/v1/collections", Action::Answer(403));
    cluster.faults().plan(refusal.method("POST").times(1));
    let registry = serve(&lean(5));
    let output = upload(&environment, &registry, &[]);
    let told = answer(&output);
    assert!(output.stderr.contains("they are sent now"), "{output}");
    // What the first reading fetched is in Keep by then, and not fetched again.
    let counts: Vec<usize> = registry
        .blobs
        .iter()
        .map(|(digest, _)| registry.asked(&format!("/blobs/{digest}")).len())
        .collect();
    assert_eq!(counts, [1, 1, 1]);
    assert_eq!(told["layers_read"], 3);
    assert_eq!(told["portable_data_hash"], hash_of(&lean(5)));
}

#[test]
fn the_layers_of_a_run_that_was_killed_are_not_fetched_again() {
    let image = Made::of(&[(1, 4 * MIB), (2, 4 * MIB), (3, 4 * MIB), (4, 4 * MIB)]);
    let registry = FaultyRegistry::serve(&image, |asked| {
        let is_slow = asked.path.contains("/blobs/") && asked.before == 0;
        is_slow.then_some(Deed::Slow(Duration::from_millis(30)))
    });
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let source = registry.source("lab/tool:1");
    let program = env!("CARGO_BIN_EXE_keepdocker");
    let words = ["upload", "--from", &source];
    let mut child = environment.start(program, &words, std::process::Stdio::null());
    let deadline = Instant::now() + Duration::from_secs(60);
    // The first layers come side by side, and are noted once their blocks are stored.
    let record = environment
        .home()
        .join("cache/arvados/docker/layers.record");
    let noted = || fs::read_to_string(&record).map_or(0, |text| text.lines().count());
    while noted() == 0 || registry.sent() < registry.layers / 2 {
        assert!(Instant::now() < deadline, "half of it never came");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    cluster.assert_nothing_registered();
    let noted = noted();
    let before: Vec<usize> = (0..4).map(|at| asked(&registry, at)).collect();

    let output = upload(&environment, &registry, &[]);

    let told = answer(&output);
    let again = (0..4)
        .filter(|at| asked(&registry, *at) > before[*at])
        .count();
    assert_eq!(again, 4 - noted, "{output}");
    assert_eq!(told["layers_read"], again);
    assert_eq!(told["portable_data_hash"], hash_of(&image));
}

fn asked(registry: &FaultyRegistry, layer: usize) -> usize {
    let digest = &registry.blobs[layer].0;
    registry.asked(&format!("/blobs/{digest}")).len()
}

#[test]
fn a_plan_says_what_would_be_fetched_and_leaves_no_trace() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let _ = upload(&environment, &serve(&lean(4)), &[]).success();
    let record = environment
        .home()
        .join("cache/arvados/docker/layers.record");
    let before = fs::read(&record).unwrap();
    let registry = serve(&lean(5));
    let plan = environment.home().join("plan.json");
    let plan = plan.to_str().unwrap();
    let source = registry.source("lab/tool:1");
    let output = environment.keepdocker(&["plan", "--from", &source, "-o", plan]);
    let _ = output.success();
    let note = "2 of 3 layers are in Keep already (verified), 1 fetched";
    assert!(output.stderr.contains(note), "{output}");
    assert_eq!(registry.fetched(), [2]);
    assert_eq!(fs::read(&record).unwrap(), before);
    let _ = environment.keepdocker(&["apply", plan]).success();
    let collections = cluster.collections();
    assert_eq!(collections[1]["portable_data_hash"], hash_of(&lean(5)));
}

#[test]
fn the_record_is_listed_and_cleaned_with_the_cache() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let _ = upload(&environment, &serve(&lean(4)), &[]).success();
    let listed = environment.keepdocker(&["cache", "list"]).success();
    assert!(listed.contains("\nrecord "), "{listed}");
    let _ = environment.keepdocker(&["cache", "clean"]).success();
    let record = environment
        .home()
        .join("cache/arvados/docker/layers.record");
    assert!(!record.exists());
    // Without a cache nothing is noted.
    let _ = upload(&environment, &serve(&lean(5)), &["--no-cache"]).success();
    assert!(!record.exists());
}
