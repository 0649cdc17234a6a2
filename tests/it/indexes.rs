//! Images that an engine knows by the digest of an index: the default of Docker 29.

use std::fs::{self, File};

use serde_json::Value;

use crate::support::{Cluster, Engine, Environment, Image, Python, Tools};

#[test]
fn an_image_that_an_engine_knows_by_its_index_is_stored_by_its_config_and_starts_elsewhere() {
    let (Some(classic), Some(containerd)) = (Engine::find(), Engine::containerd()) else {
        return;
    };
    let Some(python) = Python::find() else { return };
    let Some(tools) = Tools::find(&["buildah"]) else {
        return;
    };
    let Some(busybox) = Image::busybox() else {
        return;
    };
    fs::copy(busybox, tools.at("busybox")).unwrap();
    let ids = ["arm64", "amd64"].map(|architecture| build(&tools, architecture));
    let name = "indexes/both:1";
    let _ = tools
        .run("buildah", &["manifest", "create", name])
        .success();
    for id in &ids {
        let _ = tools
            .run("buildah", &["manifest", "add", name, id])
            .success();
    }
    let made = tools.at("both.tar");
    let to = format!("oci-archive:{made}:docker.io/{name}");
    let _ = tools
        .run("buildah", &["manifest", "push", "--all", name, &to])
        .success();
    let _ = containerd.docker(&["load", "--input", &made]).success();

    let index = index_of(&made);
    let id = containerd.id(name).unwrap();
    assert_eq!(id, index, "the engine's own ID");
    let config = format!("sha256:{}", ids[1]);
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster).with_engine(&containerd);
    let collection = environment.keepdocker(&["upload", name]).success();

    let stored = cluster.only_collection();
    assert_eq!(stored["properties"]["arv:docker-config-digest"], *config);
    let noted = &stored["properties"]["arv:docker-manifest-digest"];
    assert_eq!(*noted, *index, "as this engine calls it");
    // By whatever the engine calls it, it is there already.
    cluster.log().clear();
    for known_as in [name, &index] {
        assert_eq!(
            environment.arv_keepdocker(&[known_as]).success(),
            collection
        );
    }
    assert_eq!(cluster.log().blocks_written(), 0);

    let fetched = tools.at("fetched.tar");
    let file = format!("{}/{config}.tar", collection.trim());
    python.fetch(&environment, &file, &fetched);
    let _ = classic.docker(&["load", "--input", &fetched]).success();
    assert_eq!(classic.id(&config).as_deref(), Some(&*config));
    let started = ["run", "--rm", "--network", "none", &config];
    assert_eq!(classic.docker(&started).success(), "for amd64\n");
}

/// Builds an image of one platform whose container says which, and returns its ID without `sha256:`.
fn build(tools: &Tools, architecture: &str) -> String {
    let from = ["from", "--pull-never", "--arch", architecture, "scratch"];
    let container = tools.run("buildah", &from).success();
    let container = container.trim();
    let command = format!("/bin/busybox echo for {architecture}");
    let busybox = tools.at("busybox");
    for words in [
        &["copy", "--quiet", container, &busybox, "/bin/busybox"][..],
        &[
            "config",
            "--arch",
            architecture,
            "--cmd",
            &command,
            container,
        ],
    ] {
        let _ = tools.run("buildah", words).success();
    }
    let commit = ["commit", "--quiet", "--rm", "--format", "oci", container];
    tools.run("buildah", &commit).success().trim().to_owned()
}

/// The digest of the only index that the archive of an OCI image layout names.
fn index_of(archive: &str) -> String {
    let mut archive = tar::Archive::new(File::open(archive).unwrap());
    let mut entries = archive.entries().unwrap().map(Result::unwrap);
    let entry = entries
        .find(|entry| entry.path().unwrap().ends_with("index.json"))
        .unwrap();
    let index: Value = serde_json::from_reader(entry).unwrap();
    let manifests = index["manifests"].as_array().unwrap();
    assert_eq!(manifests.len(), 1, "{index}");
    let kind = manifests[0]["mediaType"].as_str().unwrap();
    assert!(kind.contains("index") || kind.contains("list"), "{kind}");
    manifests[0]["digest"].as_str().unwrap().to_owned()
}
