//! What scripts rely on when they run `arv-keepdocker`.

use std::process::{Command, Stdio};

use crate::support::{Cluster, Environment};

const HELLO_WORLD: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/data/hello-world-ManifestV2.tar"
);

fn with_hello_world() -> (Cluster, Environment, String) {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let uuid = environment
        .keepdocker(&["upload", "--from", &format!("docker-archive:{HELLO_WORLD}")])
        .success();
    (cluster, environment, uuid.trim().to_owned())
}

#[test]
fn an_image_that_is_there_prints_its_collection_and_nothing_else() {
    let (cluster, environment, uuid) = with_hello_world();
    let before = (cluster.collections().len(), cluster.links().len());

    for arguments in [
        &["hello-world"][..],
        &["hello-world", "latest"],
        &["--silent", "hello-world:latest"],
        &["d2c94e258dcb"],
    ] {
        let output = environment.arv_keepdocker(arguments);
        assert_eq!(output.success(), format!("{uuid}\n"), "{output}");
    }

    assert_eq!((cluster.collections().len(), cluster.links().len()), before);
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let (cluster, environment, _uuid) = with_hello_world();
    // The reader has gone before the first word is written, so that nothing depends on who is first.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = Command::new(env!("CARGO_BIN_EXE_arv-keepdocker"))
        .arg("images")
        .envs(cluster.environment())
        .env("HOME", environment.home())
        .stdin(Stdio::null())
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(
        ended.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    assert!(
        ended.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

#[test]
fn the_version_is_told_and_help_is_no_error() {
    let environment = Environment::new();
    let version = environment.arv_keepdocker(&["--version"]).success();
    assert_eq!(
        version.trim(),
        format!("arv-keepdocker {}", env!("CARGO_PKG_VERSION"))
    );
    environment.arv_keepdocker(&["--help"]).success();
}

/// The Go client's `keep docker` starts the first `arv-keepdocker` on the search path with all
/// further arguments, and ends as it ends (`externalCmd` in its `lib/cli/external.go`).
#[test]
fn a_front_end_finds_the_program_on_the_search_path() {
    let (_cluster, mut environment, uuid) = with_hello_world();
    let folder = environment.home().join("bin");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(
        env!("CARGO_BIN_EXE_arv-keepdocker"),
        folder.join("arv-keepdocker"),
    )
    .unwrap();
    environment.set("PATH", &folder);
    let run = |arguments: &[&str]| environment.run("arv-keepdocker", arguments);

    assert_eq!(run(&["hello-world"]).success(), format!("{uuid}\n"));
    assert!(run(&[]).success().contains(&uuid));
    assert!(run(&["images"]).success().contains(&uuid));
    let _ = run(&["nothing-here"]).failure(1);
    let _ = run(&["--bogus"]).failure(2);
}

#[test]
fn an_image_that_is_called_images_can_be_uploaded() {
    let cluster = Cluster::start();
    let source = format!("docker-archive:{HELLO_WORLD}");
    let _ = Environment::on(&cluster)
        .keepdocker(&["upload", "images", "--from", &source])
        .success();
    assert_eq!(
        cluster.links_of("docker_image_repo+tag")[0]["name"],
        "images:latest"
    );
}

#[test]
fn replicas_and_storage_classes_reach_the_cluster() {
    let cluster = Cluster::start();
    let source = format!("docker-archive:{HELLO_WORLD}");
    let mut arguments = vec!["upload", "--from", &source, "--replication", "1"];
    arguments.extend(["--storage-classes", "default"]);
    let _ = Environment::on(&cluster).keepdocker(&arguments).success();
    let collection = cluster.only_collection();
    assert_eq!(collection["replication_desired"], 1);
    assert_eq!(
        collection["storage_classes_desired"],
        serde_json::json!(["default"])
    );
    assert_eq!(cluster.log().blocks_written(), 1);
}
