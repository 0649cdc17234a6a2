//! OCI image layouts by the tools that make them: buildah, umoci, skopeo; no engine takes part.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Cluster, Environment, Noise, Output, Tools};

/// Bytes of a layer that has blocks of its own.
const LARGE: usize = 3 << 20;

#[test]
fn one_config_has_one_portable_data_hash_whatever_carries_it() {
    let Some(tools) = Tools::find(&["buildah", "skopeo", "umoci", "gzip", "zstd"]) else {
        return;
    };
    let id = build(&tools, "amd64", &["large", "small"]);
    let at = |name: &str| tools.at(name);
    let push = |options: &[&str], to: &str| {
        let words = [&["push", "--quiet"], options, &[&id, to]].concat();
        let _ = tools.run("buildah", &words).success();
    };
    push(&[], &format!("oci:{}:lab/tool:1", at("gzip")));
    push(
        &["--compression-format", "zstd"],
        &format!("oci:{}:1", at("zstd")),
    );
    push(&[], &format!("oci-archive:{}:lab/tool:1", at("oci.tar")));
    push(
        &[],
        &format!("docker-archive:{}:lab/tool:1", at("docker.tar")),
    );
    let layout = format!("oci:{}:lab/tool:1", at("gzip"));
    let (zstd, plain) = (
        format!("oci:{}:1", at("skopeo-zstd")),
        format!("oci:{}:1", at("plain")),
    );
    tools.copy(&layout, &zstd, &["--dest-compress-format", "zstd"]);
    let archive = format!("docker-archive:{}:lab/tool:1", at("skopeo.tar"));
    tools.copy(&layout, &archive, &[]);
    let accept = "--dest-oci-accept-uncompressed-layers";
    tools.copy(&archive, &plain, &[accept]);
    // A layout that umoci has worked on, and an archive of it by tar.
    tools.copy(&layout, &format!("oci:{}:1", at("umoci")), &[]);
    let umoci = at("umoci");
    let _ = tools
        .run("umoci", &["tag", "--image", &format!("{umoci}:1"), "2"])
        .success();
    let _ = tools.run("umoci", &["gc", "--layout", &umoci]).success();
    let archive = at("umoci.tar");
    let _ = tools
        .run("tar", &["-cf", &archive, "-C", &umoci, "."])
        .success();
    let _ = tools.run("gzip", &["--keep", &at("docker.tar")]).success();
    let _ = tools
        .run("zstd", &["-q", "--keep", &at("oci.tar")])
        .success();
    // The layers are what the tools were asked to make of them.
    assert_eq!(compressions(Path::new(&at("gzip"))), ["gzip"; 2]);
    assert_eq!(compressions(Path::new(&at("zstd"))), ["zstd"; 2]);
    assert_eq!(compressions(Path::new(&at("skopeo-zstd"))), ["zstd"; 2]);
    assert_eq!(compressions(Path::new(&at("plain"))), ["none"; 2]);

    let sources = [
        format!("oci:{}", at("gzip")),
        format!("oci:{}:lab/tool:1", at("gzip")),
        format!("oci:{}", at("zstd")),
        format!("oci:{}", at("skopeo-zstd")),
        format!("oci:{}:1", at("plain")),
        format!("oci:{}:2", at("umoci")),
        format!("oci-archive:{}", at("umoci.tar")),
        format!("oci-archive:{}", at("oci.tar")),
        format!("oci-archive:{}", at("oci.tar.zst")),
        format!("docker-archive:{}", at("docker.tar")),
        format!("docker-archive:{}:lab/tool:1", at("docker.tar")),
        format!("docker-archive:{}", at("docker.tar.gz")),
        format!("docker-archive:{}", at("skopeo.tar")),
    ];
    let mut found: Vec<(String, Stored)> = Vec::new();
    for source in sources {
        let stored = store(&source, &[]);
        found.push((source, stored));
    }
    for file in ["oci.tar", "docker.tar.gz", "oci.tar.zst", "skopeo.tar"] {
        let input = File::open(at(file)).unwrap();
        let stored = store_with(|environment| {
            let program = env!("CARGO_BIN_EXE_keepdocker");
            environment.run_on(program, &["upload", "--from", "-", "lab/tool:1"], input)
        });
        found.push((format!("- < {file}"), stored));
    }
    for (source, stored) in &found {
        assert_eq!(stored.file, format!("sha256:{id}.tar"), "{source}");
        assert_eq!(stored.hash, found[0].1.hash, "{source}");
    }
}

#[test]
fn what_a_converter_makes_of_an_image_shares_its_layers() {
    let Some(tools) = Tools::find(&["buildah", "skopeo"]) else {
        return;
    };
    let id = build(&tools, "amd64", &["large", "small"]);
    let (original, rewritten) = (tools.at("original"), tools.at("rewritten"));
    let _ = tools
        .run(
            "buildah",
            &["push", "--quiet", &id, &format!("oci:{original}:1")],
        )
        .success();
    // Docker's form of the same container holds another config.
    let container = tools.run("buildah", &["from", &id]).success();
    let _ = tools
        .run(
            "buildah",
            &["config", "--label", "by=converter", container.trim()],
        )
        .success();
    let _ = tools
        .run(
            "buildah",
            &[
                "commit",
                "--quiet",
                "--format",
                "docker",
                container.trim(),
                &format!("docker-archive:{rewritten}:lab/tool:1"),
            ],
        )
        .success();

    let original = store(&format!("oci:{original}"), &[]);
    let rewritten = store(&format!("docker-archive:{rewritten}"), &[]);

    assert_ne!(rewritten.file, original.file);
    assert_ne!(rewritten.hash, original.hash);
    let shared: u64 = rewritten
        .blocks
        .intersection(&original.blocks)
        .map(|(_, size)| size)
        .sum();
    assert!(shared > LARGE as u64, "{shared} bytes shared");
}

#[test]
fn an_image_that_umoci_made_is_one_in_its_layout_and_in_skopeo_s_archive() {
    let Some(tools) = Tools::find(&["umoci", "skopeo"]) else {
        return;
    };
    let layout = tools.at("layout");
    let image = format!("{layout}:1");
    fs::write(tools.at("large"), Noise::bytes(7, LARGE)).unwrap();
    fs::write(tools.at("small"), "small").unwrap();
    for words in [
        &["init", "--layout", &layout][..],
        &["new", "--image", &image],
        &["insert", "--image", &image, &tools.at("large"), "/large"],
        &["insert", "--image", &image, &tools.at("small"), "/small"],
        &["config", "--image", &image, "--config.cmd", "/large"],
    ] {
        let _ = tools.run("umoci", words).success();
    }
    let archive = tools.at("skopeo.tar");
    tools.copy(
        &format!("oci:{image}"),
        &format!("docker-archive:{archive}"),
        &[],
    );

    let first = store(&format!("oci:{image}"), &[]);
    let second = store(&format!("docker-archive:{archive}"), &["lab/umoci:1"]);

    assert_eq!(
        first.file,
        format!("{}.tar", tools.config_digest(&format!("oci:{image}")))
    );
    assert_eq!((&first.file, &first.hash), (&second.file, &second.hash));
}

#[test]
fn of_a_layout_for_several_platforms_the_usual_one_or_the_one_asked_for_is_stored() {
    let Some(tools) = Tools::find(&["buildah"]) else {
        return;
    };
    let arm = build(&tools, "arm64", &["large"]);
    let amd = build(&tools, "amd64", &["small"]);
    let _ = tools
        .run("buildah", &["manifest", "create", "lab/both"])
        .success();
    for id in [&arm, &amd] {
        let _ = tools
            .run("buildah", &["manifest", "add", "lab/both", id])
            .success();
    }
    let layout = tools.at("both");
    let to = format!("oci:{layout}:lab/both:1");
    let _ = tools
        .run("buildah", &["manifest", "push", "--all", "lab/both", &to])
        .success();
    let source = format!("oci:{layout}");

    for (platform, id) in [
        (None, &amd),
        (Some("linux/amd64"), &amd),
        (Some("linux/arm64"), &arm),
    ] {
        let words: Vec<&str> = platform
            .into_iter()
            .flat_map(|it| ["--platform", it])
            .collect();
        let stored = store(&source, &words);
        assert_eq!(stored.file, format!("sha256:{id}.tar"), "{platform:?}");
    }

    let cluster = Cluster::start();
    let output = Environment::on(&cluster).keepdocker(&[
        "upload",
        "--from",
        &source,
        "--platform",
        "linux/riscv64",
    ]);
    assert!(!output.status.success(), "{output}");
    for text in ["linux/riscv64", "linux/amd64", "linux/arm64"] {
        assert!(output.stderr.contains(text), "{output}");
    }
    output.assert_told_to_people(&[]);
    cluster.assert_nothing_registered();
}

/// What an upload has put into a cluster.
struct Stored {
    hash: String,
    file: String,
    blocks: HashSet<(String, u64)>,
}

/// Uploads a source to a cluster of its own.
#[track_caller]
fn store(source: &str, words: &[&str]) -> Stored {
    let words = [&["upload", "--from", source], words].concat();
    store_with(|environment| environment.keepdocker(&words))
}

#[track_caller]
fn store_with(upload: impl FnOnce(&Environment) -> Output) -> Stored {
    let cluster = Cluster::start();
    let _ = upload(&Environment::on(&cluster)).success();
    let collection = cluster.only_collection();
    let manifest = collection["manifest_text"].as_str().unwrap();
    let (_, file) = manifest.trim_end().rsplit_once(':').unwrap();
    Stored {
        hash: collection["portable_data_hash"]
            .as_str()
            .unwrap()
            .to_owned(),
        file: file.replace("\\072", ":"),
        blocks: cluster.inspect().blocks().unwrap().into_iter().collect(),
    }
}

/// Builds an OCI image with a layer for each of these files, and returns its ID without `sha256:`.
fn build(tools: &Tools, architecture: &str, files: &[&str]) -> String {
    let mut image = "scratch".to_owned();
    for file in files {
        let bytes = match *file {
            "large" => Noise::bytes(5, LARGE),
            name => format!("{name} for {architecture}\n").into_bytes(),
        };
        fs::write(tools.at(file), bytes).unwrap();
        let from = ["from", "--pull-never", "--arch", architecture, &image];
        let container = tools.run("buildah", &from).success();
        let container = container.trim();
        let path = format!("/{file}");
        for words in [
            &["copy", "--quiet", container, &tools.at(file), &path][..],
            &["config", "--arch", architecture, "--cmd", &path, container],
        ] {
            let _ = tools.run("buildah", words).success();
        }
        let commit = ["commit", "--quiet", "--rm", "--format", "oci", container];
        image = tools.run("buildah", &commit).success().trim().to_owned();
    }
    image
}

/// How the layers of the only image of a layout are compressed.
fn compressions(layout: &Path) -> Vec<&'static str> {
    let blob = |digest: &Value| {
        let digest = digest.as_str().unwrap().replace(':', "/");
        fs::read(layout.join("blobs").join(digest)).unwrap()
    };
    let read = |bytes: &[u8]| -> Value { serde_json::from_slice(bytes).unwrap() };
    let index = read(&fs::read(layout.join("index.json")).unwrap());
    let manifest = read(&blob(&index["manifests"][0]["digest"]));
    assert_eq!(manifest["schemaVersion"], json!(2));
    let layers = manifest["layers"].as_array().unwrap().iter();
    layers
        .map(|layer| match &blob(&layer["digest"])[..4] {
            [0x1f, 0x8b, ..] => "gzip",
            [0x28, 0xb5, 0x2f, 0xfd] => "zstd",
            _ => "none",
        })
        .collect()
}
