//! What is stored goes back: fetched by the Python client, it is the same image everywhere, with
//! the same files.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::support::{Cluster, Engine, Environment, Image, Python, Tools, hex};

#[test]
fn the_stored_archive_is_the_same_image_with_the_same_files_in_every_engine_and_tool() {
    let (Some(classic), Some(newer), Some(containerd)) =
        (Engine::find(), Engine::newer(), Engine::containerd())
    else {
        return;
    };
    let Some(python) = Python::find() else { return };
    let Some(tools) = Tools::find(&["podman", "skopeo"]) else {
        return;
    };
    let Some(busybox) = Image::busybox() else {
        return;
    };
    let context = tempfile::tempdir().unwrap();
    write_context(context.path(), &busybox);
    let image = Image::from_context(&classic, "loading/files:1", context.path());
    let before = exported(&classic, image.id());
    assert_eq!(before["data/hard"].kind, tar::EntryType::Link);
    assert_eq!(before["data/setuid"].mode, 0o4711);
    assert_eq!(before["data/owned"].owner, (1234, 5678));
    assert_eq!(before["data/hollow"].owner, (42, 42));
    // Of what a layer took away, or put anew, nothing of the layer below is left.
    for name in ["gone", "data/removed", "replaced/old", "replaced/below"] {
        assert!(!before.contains_key(name), "{name}");
    }
    assert!(before.contains_key("replaced/new"));
    let saved = tools.at("saved.tar");
    let _ = classic
        .docker(&["save", "--output", &saved, image.name()])
        .success();
    let marks = whiteouts(&saved);
    for mark in [".wh.gone", "data/.wh.removed", "replaced/.wh..wh..opq"] {
        assert!(marks.contains(&mark.to_owned()), "{mark} in {marks:?}");
    }
    let _ = containerd.docker(&["load", "--input", &saved]).success();

    // Stored from an engine that knows it by another digest, under the digest of its config.
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster).with_engine(&containerd);
    let own = containerd.id(image.name()).unwrap();
    assert_ne!(own, image.id());
    let collection = environment.keepdocker(&["upload", image.name()]).success();
    let fetched = tools.at("fetched.tar");
    let file = format!("{}/{}.tar", collection.trim(), image.id());
    python.fetch(&environment, &file, &fetched);
    assert_eq!(environment.arv_keepdocker(&[&own]).success(), collection);
    containerd.remove(image.name());

    classic.remove(image.id());
    for (name, engine) in [("20.10", &classic), ("26 classic", &newer)] {
        let _ = engine.docker(&["load", "--input", &fetched]).success();
        assert_eq!(engine.id(image.id()).as_deref(), Some(image.id()), "{name}");
        assert_eq!(exported(engine, image.id()), before, "{name}");
        assert_eq!(started(engine, image.id()), "it starts\n", "{name}");
    }

    // That engine knows what it loads by a manifest of its own making, which is foretold where the
    // archive has none.
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster).with_engine(&classic);
    let collection = environment.keepdocker(&["upload", image.id()]).success();
    let manifest = cluster.only_collection()["properties"]["arv:docker-manifest-digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let _ = containerd.docker(&["load", "--input", &fetched]).success();
    assert_eq!(containerd.id(&manifest).as_deref(), Some(&*manifest));
    assert_eq!(exported(&containerd, &manifest), before);
    assert_eq!(started(&containerd, &manifest), "it starts\n");
    let there = Environment::on(&cluster).with_engine(&containerd);
    cluster.log().clear();
    let found = there.arv_keepdocker(&[&manifest]).success();
    assert_eq!(found, collection, "by the ID that this engine gave it");
    assert_eq!(cluster.log().blocks_written(), 0);

    let loaded = tools
        .run("podman", &["load", "--quiet", "--input", &fetched])
        .success();
    assert!(loaded.trim().ends_with(image.id()), "{loaded}");
    let id = image.id().strip_prefix("sha256:").unwrap();
    let container = tools
        .run("podman", &["create", "--network", "none", id])
        .success();
    let export = tools.at("podman-export.tar");
    let _ = tools
        .run("podman", &["export", "--output", &export, container.trim()])
        .success();
    assert_eq!(files(&export), before, "podman");
}

#[test]
fn the_stored_archive_goes_through_skopeo_and_back() {
    let Some(engine) = Engine::find() else { return };
    let Some(python) = Python::find() else { return };
    let Some(tools) = Tools::find(&["skopeo"]) else {
        return;
    };
    let Some(image) = Image::build(&engine, "loading/skopeo:1", "round trip") else {
        return;
    };
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster).with_engine(&engine);
    let collection = environment.keepdocker(&["upload", image.name()]).success();
    let fetched = tools.at("fetched.tar");
    let file = format!("{}/{}.tar", collection.trim(), image.id());
    python.fetch(&environment, &file, &fetched);
    let stored = format!("docker-archive:{fetched}");
    assert_eq!(tools.config_digest(&stored), image.id());

    // By the forms that keep Docker's manifest, it comes back as itself.
    let (folder, again) = (format!("dir:{}", tools.at("dir")), tools.at("again.tar"));
    tools.copy(&stored, &folder, &[]);
    tools.copy(&folder, &format!("docker-archive:{again}"), &[]);
    assert_eq!(
        tools.config_digest(&format!("docker-archive:{again}")),
        image.id()
    );
    let other = Cluster::start();
    let _ = Environment::on(&other)
        .keepdocker(&[
            "upload",
            "--from",
            &format!("docker-archive:{again}"),
            image.name(),
        ])
        .success();
    assert_eq!(
        other.only_collection()["portable_data_hash"],
        cluster.only_collection()["portable_data_hash"]
    );

    // On the way to OCI, skopeo writes the config anew: from there on it is another image, which
    // stays itself, and whose layers are the same.
    let (layout, back) = (
        format!("oci:{}:1", tools.at("layout")),
        format!("docker-archive:{}", tools.at("back.tar")),
    );
    tools.copy(&stored, &layout, &[]);
    tools.copy(&layout, &back, &[]);
    assert_eq!(tools.config_digest(&layout), tools.config_digest(&back));
    let layers = |image: &str| {
        let config = tools
            .run("skopeo", &["inspect", "--raw", "--config", image])
            .success();
        let config: serde_json::Value = serde_json::from_str(&config).unwrap();
        config["rootfs"]["diff_ids"].clone()
    };
    assert_eq!(layers(&back), layers(&stored));
    let mut found = Vec::new();
    for source in [&layout, &back] {
        let cluster = Cluster::start();
        let _ = Environment::on(&cluster)
            .keepdocker(&["upload", "--from", source, "loading/oci:1"])
            .success();
        found.push(cluster.only_collection()["portable_data_hash"].clone());
    }
    assert_eq!(found[0], found[1]);
}

/// Writes what an image with all kinds of files is built from.
fn write_context(folder: &Path, busybox: &Path) {
    fs::copy(busybox, folder.join("busybox")).unwrap();
    let mut tar = tar::Builder::new(fs::File::create(folder.join("files.tar")).unwrap());
    let mut add = |name: &str, kind, mode, owner: (u64, u64), target: &str, data: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(owner.0);
        header.set_gid(owner.1);
        header.set_mtime(1_600_000_000);
        header.set_size(data.len() as u64);
        if target.is_empty() {
            tar.append_data(&mut header, name, data).unwrap();
        } else {
            tar.append_link(&mut header, name, target).unwrap();
        }
    };
    use tar::EntryType::{Directory, Link, Regular, Symlink};
    let long = format!("data/{}", "long".repeat(40));
    add("data/", Directory, 0o755, (0, 0), "", b"");
    add("data/sticky/", Directory, 0o1777, (0, 0), "", b"");
    add("data/file", Regular, 0o644, (0, 0), "", b"content");
    add("data/setuid", Regular, 0o4755, (0, 0), "", b"setuid");
    add("data/owned", Regular, 0o600, (1234, 5678), "", b"owned");
    add("data/hard", Link, 0o644, (0, 0), "data/file", b"");
    add("data/soft", Symlink, 0o777, (0, 0), "../data/file", b"");
    add("data/nowhere", Symlink, 0o777, (0, 0), "/not/there", b"");
    add("data/empty", Regular, 0o444, (0, 0), "", b"");
    add("data/ünïcode name", Regular, 0o644, (0, 0), "", b"name");
    add(&long, Regular, 0o644, (0, 0), "", b"long");
    for name in ["gone/", "data/hollow/", "replaced/", "replaced/below/"] {
        add(name, Directory, 0o750, (42, 42), "", b"");
    }
    for name in [
        "gone/one",
        "data/removed",
        "replaced/old",
        "replaced/below/old",
    ] {
        add(name, Regular, 0o644, (0, 0), "", b"not for long");
    }
    tar.finish().unwrap();
    fs::write(
        folder.join("Dockerfile"),
        "FROM scratch\n\
         ADD files.tar /\n\
         COPY busybox /bin/busybox\n\
         RUN [\"/bin/busybox\", \"rm\", \"-r\", \"/gone\", \"/data/removed\"]\n\
         RUN [\"/bin/busybox\", \"sh\", \"-c\", \"B=/bin/busybox; $B rm -r /replaced && $B mkdir /replaced && $B touch /replaced/new && $B chmod 4711 /data/setuid\"]\n\
         CMD [\"/bin/busybox\", \"echo\", \"it starts\"]\n",
    )
    .unwrap();
}

/// The marks in the layers of a saved archive for what a layer takes away from those below.
fn whiteouts(saved: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut archive = tar::Archive::new(fs::File::open(saved).unwrap());
    for member in archive.entries().unwrap() {
        let member = member.unwrap();
        if !member.path().unwrap().ends_with("layer.tar") {
            continue;
        }
        for file in tar::Archive::new(member).entries().unwrap() {
            let path = file.unwrap().path().unwrap().display().to_string();
            if path.contains(".wh.") {
                found.push(path);
            }
        }
    }
    found
}

/// What a file of a container is, and holds.
#[derive(Debug, PartialEq)]
struct Entry {
    kind: tar::EntryType,
    mode: u32,
    owner: (u64, u64),
    time: u64,
    target: String,
    /// The digest of what it holds.
    data: String,
}

/// The files of a container that an engine makes of an image.
#[track_caller]
fn exported(engine: &Engine, image: &str) -> BTreeMap<String, Entry> {
    let container = engine
        .docker(&["create", "--network", "none", image])
        .success();
    let container = container.trim();
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("export.tar").display().to_string();
    let _ = engine
        .docker(&["export", "--output", &export, container])
        .success();
    let _ = engine.docker(&["rm", container]).success();
    files(&export)
}

/// The files of an export, without those that every engine puts into every container.
fn files(export: &str) -> BTreeMap<String, Entry> {
    let mut found = BTreeMap::new();
    let mut tar = tar::Archive::new(fs::File::open(export).unwrap());
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let path = path.trim_start_matches("./").trim_end_matches('/');
        let first = path.split('/').next().unwrap();
        if ["", ".dockerenv", "dev", "etc", "proc", "run", "sys"].contains(&first) {
            continue;
        }
        let mut data = Vec::new();
        entry.read_to_end(&mut data).unwrap();
        let target = entry.link_name().unwrap();
        let header = entry.header();
        let described = Entry {
            kind: header.entry_type(),
            // Older engines put the type in too.
            mode: header.mode().unwrap() & 0o7777,
            owner: (header.uid().unwrap(), header.gid().unwrap()),
            time: header.mtime().unwrap(),
            target: target.map_or_else(String::new, |target| target.display().to_string()),
            data: hex(&Sha256::digest(&data)),
        };
        found.insert(path.to_owned(), described);
    }
    found
}

/// What a container of the image prints.
#[track_caller]
fn started(engine: &Engine, image: &str) -> String {
    engine
        .docker(&["run", "--rm", "--network", "none", image])
        .success()
}
