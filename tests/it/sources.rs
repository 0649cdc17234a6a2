//! One image from every engine and tool: one file name, one portable data hash.

use crate::support::{Cluster, Engine, Environment, Image, Tools, data};

#[test]
fn one_image_of_every_engine_and_tool_has_one_portable_data_hash() {
    let (Some(classic), Some(newer), Some(containerd)) =
        (Engine::find(), Engine::newer(), Engine::containerd())
    else {
        return;
    };
    let Some(tools) = Tools::find(&["skopeo", "podman", "buildah"]) else {
        return;
    };
    let Some(image) = Image::build(&classic, "sources/tool:1", "from every source") else {
        return;
    };
    let at = |name: &str| tools.at(name);
    let saved = at("saved.tar");
    let _ = classic
        .docker(&["save", "--output", &saved, image.name()])
        .success();
    for engine in [&newer, &containerd] {
        let _ = engine.docker(&["load", "--input", &saved]).success();
    }
    let archive = format!("docker-archive:{saved}");
    let (skopeo, podman, buildah) = (at("skopeo.tar"), at("podman.tar"), at("buildah.tar"));
    let named = |file: &str| format!("docker-archive:{file}:{}", image.name());
    tools.copy(&archive, &named(&skopeo), &[]);
    // Podman puts a registry before names that have none; it says which.
    let loaded = tools
        .run("podman", &["load", "--quiet", "--input", &saved])
        .success();
    let name = loaded.trim().rsplit(' ').next().unwrap();
    let _ = tools
        .run("podman", &["save", "--output", &podman, name])
        .success();
    let _ = tools
        .run("buildah", &["push", "--quiet", name, &named(&buildah)])
        .success();
    let converted = [("skopeo", skopeo), ("podman", podman), ("buildah", buildah)];

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

#[test]
fn what_kaniko_built_has_one_portable_data_hash_from_its_archive_and_from_every_engine() {
    let (Some(classic), Some(newer), Some(containerd)) =
        (Engine::find(), Engine::newer(), Engine::containerd())
    else {
        return;
    };
    let name = "example/kaniko:1";
    let file = data("tiny-kaniko.tar").display().to_string();
    let from = format!("docker-archive:{file}");
    let mut found = Vec::new();
    let cluster = Cluster::start();
    let _ = Environment::on(&cluster)
        .keepdocker(&["upload", "--from", &from])
        .success();
    found.push(content(&cluster));
    for engine in [&classic, &newer, &containerd] {
        let _ = engine.docker(&["load", "--input", &file]).success();
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster).with_engine(engine);
        let _ = environment.keepdocker(&["upload", name]).success();
        found.push(content(&cluster));
        engine.remove(name);
    }

    let id = "a7453319bd75428602c2d584738b35c982bd5f2e24e65f5c5900d7bef0c774f9";
    assert_eq!(found[0].1, format!("sha256:{id}.tar"));
    assert!(found.iter().all(|one| *one == found[0]), "{found:?}");
}

/// The portable data hash of the only collection, and the name of its only file.
fn content(cluster: &Cluster) -> (String, String) {
    let collection = cluster.only_collection();
    let manifest = collection["manifest_text"].as_str().unwrap();
    let (_, file) = manifest.trim_end().rsplit_once(':').unwrap();
    let hash = collection["portable_data_hash"].as_str().unwrap();
    (hash.to_owned(), file.replace("\\072", ":"))
}
