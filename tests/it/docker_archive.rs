//! Uploads of saved archives, on a machine without any engine.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};

use crate::support::{Cluster, Environment, Layer, Python, data, saved, tar_of};

/// The digest of the configuration of the hello-world image, whichever engine saved it.
const HELLO_WORLD: &str = "d2c94e258dcb3c5ac2798d32e1249e42ef01cba4841c2234249495f87264ac5a";

#[test]
fn archives_of_either_layout_are_stored_under_the_digest_of_their_configuration() {
    for archive in [
        "hello-world-ManifestV2.tar",
        "hello-world-ManifestV2-OCILayout.tar",
    ] {
        let cluster = Cluster::start();
        let environment = without_engine(&cluster);
        let source = format!("docker-archive:{}", data(archive).display());

        let printed = environment
            .keepdocker(&["upload", "--from", &source])
            .success();

        let collection = cluster.only_collection();
        assert_eq!(
            printed,
            format!("{}\n", collection["uuid"].as_str().unwrap()),
            "{archive}"
        );
        let manifest = collection["manifest_text"].as_str().unwrap();
        assert_eq!(manifest.lines().count(), 1, "{manifest}");
        let file = manifest.trim_end().rsplit(' ').next().unwrap();
        // A colon may stand for itself or be escaped; the API server finds the image either way.
        let name = file.splitn(3, ':').nth(2).unwrap().replace("\\072", ":");
        assert_eq!(name, format!("sha256:{HELLO_WORLD}.tar"), "{archive}");
        assert_eq!(
            collection["name"], "Docker image hello-world:latest sha256:d2c94",
            "{archive}"
        );
        assert_eq!(
            collection["properties"]["docker-image-repo-tag"], "hello-world:latest",
            "{archive}"
        );

        for (class, name) in [
            ("docker_image_hash", format!("sha256:{HELLO_WORLD}")),
            ("docker_image_repo+tag", "hello-world:latest".to_owned()),
        ] {
            let links = cluster.links_of(class);
            assert_eq!(links.len(), 1, "{archive}: {links:#?}");
            assert_eq!(links[0]["name"], name, "{archive}");
            assert_eq!(links[0]["head_uuid"], collection["uuid"], "{archive}");
            assert_eq!(
                links[0]["properties"]["image_timestamp"], "2023-05-02T16:49:27Z",
                "{archive}"
            );
        }
    }
}

#[test]
fn a_file_is_uploaded_without_a_transport() {
    let file = data("hello-world-ManifestV2.tar").display().to_string();
    let file = file.as_str();
    for arguments in [
        &["upload", file][..],
        &["upload", "--from", file],
        &["upload", file, "lab/other:2"],
        &["upload", "--from", file, "lab/other:2"],
    ] {
        let cluster = Cluster::start();
        let environment = without_engine(&cluster);

        let _ = environment.keepdocker(arguments).success();

        let names = cluster.links_of("docker_image_repo+tag");
        let name = match arguments.last() {
            Some(&"lab/other:2") => "lab/other:2",
            _ => "hello-world:latest",
        };
        assert_eq!(names[0]["name"], name, "{arguments:?}");
        let hash = &cluster.links_of("docker_image_hash")[0]["name"];
        assert_eq!(hash, &format!("sha256:{HELLO_WORLD}"), "{arguments:?}");
    }
}

#[test]
fn a_config_in_another_encoding_is_stored_as_it_is() {
    let config = b"{\"os\":\"linux\",\"architecture\":\"amd64\",\"author\":\"caf\xe9\",\
                   \"created\":\"2024-05-06T07:08:09Z\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";
    let account = br#"[{"Config":"config","RepoTags":["lab/latin:1"],"Layers":null}]"#;
    let members = [("config", &config[..]), ("manifest.json", &account[..])];
    for is_streamed in [false, true] {
        let cluster = Cluster::start();
        let environment = without_engine(&cluster);
        let file = environment.home().join("latin.tar");
        fs::write(&file, tar_of(&members)).unwrap();
        let source = file.display().to_string();

        let output = match is_streamed {
            false => environment.keepdocker(&["upload", "--from", &source]),
            true => {
                let input = File::open(&file).unwrap();
                let program = env!("CARGO_BIN_EXE_keepdocker");
                environment.run_on(program, &["upload", "--from", "-"], input)
            }
        };

        let _ = output.success();
        let saved = environment.keepdocker(&["save", "lab/latin:1", "--output", "-"]);
        let _ = saved.success();
        let mut found = saved.stdout.windows(config.len());
        assert!(found.any(|bytes| bytes == config));
    }
}

#[test]
fn an_archive_uploaded_twice_is_already_there() {
    let cluster = Cluster::start();
    let environment = without_engine(&cluster);
    let source = format!(
        "docker-archive:{}",
        data("hello-world-ManifestV2.tar").display()
    );
    let first = environment
        .keepdocker(&["upload", "--from", &source])
        .success();
    let stored = (cluster.collections(), cluster.links());
    cluster.log().clear();

    let second = environment
        .keepdocker(&["upload", "--from", &source])
        .success();

    assert_eq!(second, first);
    assert_eq!(
        cluster.log().blocks_written(),
        0,
        "{:#?}",
        cluster.log().entries()
    );
    assert_eq!((cluster.collections(), cluster.links()), stored);
}

#[test]
fn the_stored_file_is_an_archive_with_the_same_configuration_and_layers() {
    let Some(python) = Python::find() else { return };
    for archive in [
        "hello-world-ManifestV2.tar",
        "hello-world-ManifestV2-OCILayout.tar",
    ] {
        let cluster = Cluster::start();
        let environment = without_engine(&cluster);
        let source = format!("docker-archive:{}", data(archive).display());
        let collection = environment
            .keepdocker(&["upload", "--from", &source])
            .success();

        let file = format!("{}/sha256:{HELLO_WORLD}.tar", collection.trim());
        let fetched = environment.home().join("fetched.tar");
        python.fetch(&environment, &file, &fetched);

        assert_eq!(contents(&fetched), contents(&data(archive)), "{archive}");
    }
}

#[test]
fn a_stream_is_stored_byte_for_byte_where_that_is_asked_for() {
    let Some(python) = Python::find() else { return };
    let tiny = "70a7460c1d522af75cbf6d47be2622f63fc1bc7b517e1fe5870bee89a55dc372";
    let layers =
        [(1, 66 << 20), (2, 5000), (3, 2 << 20)].map(|(seed, size)| Layer::new(seed, size));
    let mut large = Vec::new();
    saved(&layers, "lab/large:1")
        .read_to_end(&mut large)
        .unwrap();
    let kept = |name: &str| fs::read(data(name)).unwrap();
    let archives = [
        (
            "hello-world-ManifestV2.tar",
            kept("hello-world-ManifestV2.tar"),
            Some(HELLO_WORLD),
        ),
        (
            "tiny-docker20.10.tar",
            kept("tiny-docker20.10.tar"),
            Some(tiny),
        ),
        // Of one image, other bytes.
        (
            "tiny-docker26-classic-store.tar",
            kept("tiny-docker26-classic-store.tar"),
            Some(tiny),
        ),
        (
            "tiny-docker26-containerd-store.tar",
            kept("tiny-docker26-containerd-store.tar"),
            Some(tiny),
        ),
        ("an archive of several blocks", large, None),
    ];
    let mut hashes = Vec::new();
    for (archive, bytes, id) in archives {
        for layout in ["layered", "dense"] {
            let cluster = Cluster::start();
            let environment = without_engine(&cluster);
            let layout_option = format!("--block-layout={layout}");
            let words = [
                "upload",
                "--verbatim",
                &layout_option,
                "--from",
                "-",
                "lab/kept:1",
            ];
            let program = env!("CARGO_BIN_EXE_keepdocker");

            let input = std::io::Cursor::new(bytes.clone());
            let collection = environment.run_on(program, &words, input).success();

            let stored = cluster.only_collection();
            assert_eq!(stored["uuid"], collection.trim(), "{archive}");
            let manifest = stored["manifest_text"].as_str().unwrap();
            let (_, file) = manifest.trim_end().rsplit_once(' ').unwrap();
            let (extent, name) = file.split_at(file.match_indices(':').nth(1).unwrap().0 + 1);
            assert_eq!(
                extent,
                format!("0:{}:", bytes.len()),
                "{archive}: {manifest}"
            );
            let name = name.replace("\\072", ":");
            if let Some(id) = id {
                assert_eq!(name, format!("sha256:{id}.tar"), "{archive}");
            }
            let fetched = environment.home().join("fetched.tar");
            let file = format!("{}/{name}", collection.trim());
            python.fetch(&environment, &file, &fetched);
            assert!(
                fs::read(&fetched).unwrap() == bytes,
                "{archive}, {layout}: other bytes"
            );
            hashes.push(stored["portable_data_hash"].clone());

            // Cut as the Python program cuts, it is what that one stores of these bytes.
            if layout == "dense" {
                let sent = environment.home().join(&name);
                File::create(&sent).unwrap().write_all(&bytes).unwrap();
                let other = Cluster::start();
                let environment = without_engine(&other);
                let _ = python
                    .run(
                        &environment,
                        "arv-put",
                        &["--no-progress", "--no-cache", sent.to_str().unwrap()],
                    )
                    .success();
                assert_eq!(
                    other.only_collection()["portable_data_hash"],
                    stored["portable_data_hash"],
                    "{archive}"
                );
            }
        }
    }
    // What is kept as it is has as many forms as there are tools.
    hashes.sort_by_key(ToString::to_string);
    hashes.dedup();
    assert_eq!(hashes.len(), 6, "{hashes:?}");
}

/// An environment in which no engine can be found.
fn without_engine(cluster: &Cluster) -> Environment {
    let mut environment = Environment::on(cluster);
    environment.set("PATH", environment.home().join("empty"));
    environment
}

/// Reads the configuration and the layers of the only image of an archive, by way of `manifest.json`.
fn contents(archive: &std::path::Path) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut members = std::collections::HashMap::new();
    let mut archive = tar::Archive::new(std::fs::File::open(archive).unwrap());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        members.insert(path, bytes);
    }
    let manifest: serde_json::Value = serde_json::from_slice(&members["manifest.json"]).unwrap();
    let member = |name: &serde_json::Value| members[name.as_str().unwrap()].clone();
    let layers = manifest[0]["Layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(member)
        .collect();
    (member(&manifest[0]["Config"]), layers)
}
