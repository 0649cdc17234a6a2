//! What scripts rely on when they run `arv-keepdocker`.

mod output;
mod signals;

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::support::{Cluster, Environment, StandIn};

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
        assert_eq!(output.stderr, "", "{output}");
    }

    assert_eq!((cluster.collections().len(), cluster.links().len()), before);
}

/// Packages hold one program, and a link.
#[test]
fn a_link_of_this_name_to_the_other_program_is_the_drop_in() {
    let (cluster, environment, uuid) = with_hello_world();
    let link = environment.home().join("arv-keepdocker");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_keepdocker"), &link).unwrap();
    let called = |arguments: &[&str]| {
        Command::new(&link)
            .args(arguments)
            .envs(cluster.environment())
            .env("HOME", environment.home())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };

    for arguments in [
        &["hello-world"][..],
        &["images"],
        &["--help"],
        &["--nothing"],
    ] {
        let (by_link, itself) = (called(arguments), environment.arv_keepdocker(arguments));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(by_link.stdout, itself.stdout, "{arguments:?}");
        assert_eq!(text(&by_link.stderr), itself.stderr, "{arguments:?}");
    }
    assert_eq!(
        called(&["hello-world"]).stdout,
        format!("{uuid}\n").into_bytes()
    );
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
fn a_reader_that_goes_in_the_middle_is_no_error() {
    let cluster = Cluster::start();
    // More than a pipe holds.
    let images = keepdocker_sandbox::seed::Image::numbered(2000, &cluster.user_uuid());
    let _ = cluster.seed().images(&images).unwrap();
    let environment = Environment::on(&cluster);
    let errors = environment.home().join("errors");
    let mut child = Command::new(env!("CARGO_BIN_EXE_arv-keepdocker"))
        .envs(cluster.environment())
        .env("HOME", environment.home())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(&errors).unwrap())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    drop(reader);

    let status = child.wait().unwrap();

    assert!(line.starts_with("REPOSITORY "), "{line}");
    let errors = fs::read_to_string(errors).unwrap();
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""));
}

#[test]
fn an_image_of_the_cluster_will_do_where_there_is_no_docker() {
    let (cluster, mut environment, uuid) = with_hello_world();
    environment.set("PATH", environment.home().join("empty"));

    for image in ["hello-world", "hello-world:latest", StandIn::ID] {
        let output = environment.arv_keepdocker(&[image]);
        assert_eq!(output.success(), format!("{uuid}\n"), "{output}");
    }

    let project = format!("{}-j7d0g-000000000000001", cluster.cluster_id());
    let user = cluster.user_uuid();
    cluster.seed().project(Some(&project), &user, "P").unwrap();
    let words = ["--project-uuid", &project, "hello-world"];
    let copy = environment.arv_keepdocker(&words).success();
    let collections = cluster.collections();
    assert_eq!(collections[1]["uuid"], copy.trim());
    assert_eq!(collections[1]["owner_uuid"], project);
    assert_eq!(
        collections[1]["portable_data_hash"],
        collections[0]["portable_data_hash"]
    );
}

#[test]
fn an_own_copy_among_many_is_found() {
    let cluster = Cluster::start();
    let (user, other) = (
        cluster.user_uuid(),
        cluster_uuid(&cluster, "j7d0g-000000000000001"),
    );
    // Somebody else's project, which the user can read with its links.
    let seed = cluster.seed();
    let somebody = cluster_uuid(&cluster, "tpzed-000000000000000");
    seed.project(Some(&other), &somebody, "shared").unwrap();
    seed.share(&user, "can_read", &other).unwrap();
    let file = StandIn::ID.replace(':', "\\072");
    let mut collections = Vec::new();
    let mut links = Vec::new();
    // In the middle, where it is among the first hundred from neither end.
    for number in 0..260 {
        let uuid = cluster_uuid(&cluster, &format!("4zz18-{number:015}"));
        let owner = if number == 130 { &user } else { &other };
        collections.push(json!({
            "uuid": uuid, "owner_uuid": owner, "name": format!("copy {number}"),
            "manifest_text": format!(". acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:{file}.tar\n"),
            "properties": {"docker-image-repo-tag": "hello-world:latest"},
        }));
        for (class, name) in [
            ("docker_image_hash", StandIn::ID),
            ("docker_image_repo+tag", "hello-world:latest"),
        ] {
            links.push(json!({
                "link_class": class, "name": name, "owner_uuid": owner, "head_uuid": uuid,
            }));
        }
    }
    seed.collections(&collections).unwrap();
    seed.links(&links).unwrap();
    let before = (cluster.collections().len(), cluster.links().len());
    let mut environment = Environment::on(&cluster);
    StandIn::new().install(&mut environment);

    let printed = environment.arv_keepdocker(&["hello-world"]).success();

    assert_eq!(
        printed.trim(),
        cluster_uuid(&cluster, "4zz18-000000000000130")
    );
    assert_eq!((cluster.collections().len(), cluster.links().len()), before);
}

fn cluster_uuid(cluster: &Cluster, rest: &str) -> String {
    format!("{}-{rest}", cluster.cluster_id())
}

#[test]
fn the_lock_is_the_file_of_the_python_program_and_stays() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    StandIn::new().install(&mut environment);
    let folder = environment.home().join("cache/arvados/docker");
    fs::create_dir_all(&folder).unwrap();
    let lock = folder.join(format!("{}.tar.lock", StandIn::ID));
    let held = File::create(&lock).unwrap();
    held.lock().unwrap();
    let printed = environment.home().join("printed");
    let program = env!("CARGO_BIN_EXE_arv-keepdocker");
    let output = File::create(&printed).unwrap();
    let mut child = environment.start_into(program, &["hello-world"], output);
    std::thread::sleep(Duration::from_millis(700));
    assert!(child.try_wait().unwrap().is_none(), "it did not wait");
    // What is there is looked up after the wait, so that the second of two runs finds it.
    assert_eq!(cluster.log().count("GET", "/arvados/v1/links"), 0);

    held.unlock().unwrap();

    assert!(child.wait().unwrap().success());
    let uuid = cluster.only_collection()["uuid"].clone();
    assert_eq!(fs::read_to_string(printed).unwrap().trim(), uuid);
    assert!(lock.exists());
    let left: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, [lock.file_name().unwrap()]);
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
