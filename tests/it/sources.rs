//! One image from every engine and tool: one file name, one portable data hash, and it goes back.

use std::fs;
use std::path::Path;

use crate::support::{Cluster, Engine, Environment, Image, Output, Python};

#[test]
fn one_image_of_every_engine_and_tool_has_one_portable_data_hash() {
    let (Some(classic), Some(newer), Some(containerd)) =
        (Engine::find(), Engine::newer(), Engine::containerd())
    else {
        return;
    };
    let Some(python) = Python::find() else { return };
    let Some(image) = Image::build(&classic, "sources/tool:1", "from every source") else {
        return;
    };
    let tools = Environment::new();
    let at = |name: &str| tools.home().join(name).display().to_string();
    let saved = at("saved.tar");
    let _ = classic
        .docker(&["save", "--output", &saved, image.name()])
        .success();
    for engine in [&newer, &containerd] {
        let _ = engine.docker(&["load", "--input", &saved]).success();
    }
    let converted = [
        ("skopeo", skopeo(&tools, &saved, &at("skopeo.tar"))),
        ("podman", podman(&tools, &saved, &at("podman.tar"))),
    ];

    let mut found = Vec::new();
    for (name, engine) in [
        ("20.10", &classic),
        ("26 classic", &newer),
        ("26 containerd", &containerd),
    ] {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster).with_engine(engine);
        let uuid = environment.keepdocker(&["upload", image.name()]).success();
        found.push((name, content(&cluster)));

        // The engine's own ID, which for the containerd store is no config digest, finds it again.
        let id = engine.id(image.name()).unwrap();
        assert_eq!(environment.arv_keepdocker(&[&id]).success(), uuid, "{name}");
        assert_eq!(cluster.collections().len(), 1, "{name}");

        if name == "26 containerd" {
            go_back(
                &python,
                &environment,
                uuid.trim(),
                image.id(),
                [&classic, &newer],
            );
        }
    }
    for (name, file) in converted {
        let cluster = Cluster::start();
        let from = format!("docker-archive:{file}");
        let _ = Environment::on(&cluster)
            .keepdocker(&["upload", "--from", &from, image.name()])
            .success();
        found.push((name, content(&cluster)));
    }

    let expected = format!("{}.tar", image.id());
    for (name, (hash, file)) in &found {
        assert_eq!(file, &expected, "{name}");
        assert_eq!(hash, &found[0].1.0, "{name}: {found:?}");
    }
}

/// Fetches the stored archive with the Python client and loads it into classic engines.
fn go_back(
    python: &Python,
    environment: &Environment,
    collection: &str,
    id: &str,
    engines: [&Engine; 2],
) {
    let fetched = environment.home().join("fetched.tar").display().to_string();
    let _ = python
        .run(
            environment,
            "arv-get",
            &[&format!("{collection}/{id}.tar"), &fetched],
        )
        .success();
    for engine in engines {
        engine.remove(id);
        let _ = engine.docker(&["load", "--input", &fetched]).success();
        assert_eq!(engine.id(id).as_deref(), Some(id));
        let _ = engine.docker(&["tag", id, "sources/tool:1"]).success();
        if let Some(printed) = engine.container_output(id) {
            assert_eq!(printed, "from every source\n");
        }
    }
}

/// The portable data hash of the only collection, and the name of its only file.
fn content(cluster: &Cluster) -> (String, String) {
    let collection = cluster.only_collection();
    let manifest = collection["manifest_text"].as_str().unwrap();
    let (_, file) = manifest.trim_end().rsplit_once(':').unwrap();
    let hash = collection["portable_data_hash"].as_str().unwrap();
    (hash.to_owned(), file.replace("\\072", ":"))
}

fn skopeo(tools: &Environment, saved: &str, to: &str) -> String {
    let policy = tools.home().join("policy.json");
    fs::write(
        &policy,
        r#"{"default": [{"type": "insecureAcceptAnything"}]}"#,
    )
    .unwrap();
    let policy = policy.display().to_string();
    let (from, target) = (
        format!("docker-archive:{saved}"),
        format!("docker-archive:{to}:sources/tool:1"),
    );
    let _ = tools
        .run("skopeo", &["--policy", &policy, "copy", &from, &target])
        .success();
    to.to_owned()
}

fn podman(tools: &Environment, saved: &str, to: &str) -> String {
    let run = |arguments: &[&str]| -> Output {
        let root = tools.home().join("podman");
        let (store, state) = (
            root.join("store").display().to_string(),
            root.join("state").display().to_string(),
        );
        let mut words = vec![
            "--root",
            &store,
            "--runroot",
            &state,
            "--storage-driver",
            "vfs",
        ];
        words.extend(arguments);
        tools.run("podman", &words)
    };
    // Podman puts a registry before names that have none; it says which.
    let loaded = run(&["load", "--quiet", "--input", saved]).success();
    let name = loaded.trim().rsplit(' ').next().unwrap();
    let _ = run(&["save", "--output", to, name]).success();
    assert!(Path::new(to).is_file());
    to.to_owned()
}
