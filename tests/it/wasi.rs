//! The component for WASI runtimes, in the stock program `wasmtime`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use keepdocker_sandbox::Options;
use keepdocker_sandbox::faults::{Action, Fault};

use crate::support::{Cluster, Environment, Grants, Python, Wasmtime, data};

/// What keeps the file from growing unnoticed.
const LARGEST: u64 = 10 << 18;

/// A cluster that a runtime can reach: most trust the public authorities alone.
pub(super) fn reachable_cluster() -> Cluster {
    Cluster::with(Options {
        is_keep_encrypted: false,
        is_api_plain_too: true,
        ..Options::default()
    })
}

/// The environment of the runtime, from which the component gets what it is told of the cluster.
pub(super) fn surroundings(cluster: &Cluster) -> Environment {
    let mut environment = Environment::new();
    let host = cluster.plain_api_host().unwrap();
    environment.set("ARVADOS_API_HOST", format!("http://{host}"));
    environment.set("ARVADOS_API_TOKEN", cluster.token());
    // Empty as if it were not set, which the runtime would refuse to hand over.
    environment.set("ARVADOS_KEEP_SERVICES", "");
    environment
}

/// A folder that holds one archive and nothing else, under the name `image.tar`.
fn folder_with(archive: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(data(archive), folder.path().join("image.tar")).unwrap();
    folder
}

#[test]
fn an_archive_is_uploaded_with_a_folder_and_requests_alone() {
    let (Some(wasmtime), Some(python)) = (Wasmtime::find(), Python::find()) else {
        return;
    };
    let cluster = reachable_cluster();
    let folder = folder_with("hello-world-ManifestV2.tar");
    let grants = Grants {
        http: true,
        folder: Some(folder.path()),
        cluster: true,
    };

    let printed = wasmtime
        .run(
            &surroundings(&cluster),
            &grants,
            &[
                "upload",
                "--verbatim",
                "--from",
                "docker-archive:/image.tar",
            ],
        )
        .success();

    let collection = cluster.only_collection();
    let uuid = collection["uuid"].as_str().unwrap();
    assert_eq!(printed, format!("{uuid}\n"));
    for (class, count) in [("docker_image_hash", 1), ("docker_image_repo+tag", 1)] {
        let links = cluster.links_of(class);
        assert_eq!(links.len(), count, "{links:#?}");
        assert_eq!(links[0]["head_uuid"], uuid);
    }
    let environment = Environment::on(&cluster);
    let fetched = environment.home().join("fetched");
    fs::create_dir(&fetched).unwrap();
    let _ = python
        .run(
            &environment,
            "arv-get",
            &[format!("{uuid}/"), format!("{}/", fetched.display())],
        )
        .success();
    let files: Vec<_> = fs::read_dir(&fetched)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(
        fs::read(&files[0]).unwrap() == fs::read(folder.path().join("image.tar")).unwrap(),
        "the bytes that arv-get fetched are not those of the archive"
    );
}

#[test]
fn an_effect_that_comes_late_is_waited_for_there_too() {
    let Some(wasmtime) = Wasmtime::find() else {
        return;
    };
    let folder = folder_with("hello-world-ManifestV2.tar");
    let grants = Grants {
        http: true,
        folder: Some(folder.path()),
        cluster: true,
    };
    for path in ["/arvados/v1/collections", "/arvados/v1/links"] {
        let cluster = reachable_cluster();
        let late = Action::AnswerFirst(502, Duration::from_secs(2));
        cluster.faults().plan(Fault::on(path, late).method("POST"));
        let words = ["upload", "--from", "docker-archive:/image.tar"];
        let output = wasmtime.run(&surroundings(&cluster), &grants, &words);
        let _ = output.success();
        assert_eq!(cluster.faults().left(), 0, "{path}: {output}");
        assert_eq!(cluster.collections().len(), 1, "{path}: {output}");
        assert_eq!(cluster.links_of_images().len(), 2, "{path}: {output}");
    }
}

#[test]
fn what_is_stored_and_told_is_what_the_native_program_stores_and_tells() {
    let Some(wasmtime) = Wasmtime::find() else {
        return;
    };
    for archive in [
        "hello-world-ManifestV2.tar",
        "tiny-docker26-containerd-store.tar",
        "tiny-skopeo-oci-archive.tar",
    ] {
        let native = Cluster::start();
        let source = format!("docker-archive:{}", data(archive).display());
        let _ = Environment::on(&native)
            .keepdocker(&["upload", "--from", &source])
            .success();

        let cluster = reachable_cluster();
        let folder = folder_with(archive);
        let grants = Grants {
            http: true,
            folder: Some(folder.path()),
            cluster: true,
        };
        let outside = surroundings(&cluster);
        let run = |arguments: &[&str]| wasmtime.run(&outside, &grants, arguments);
        let upload = ["upload", "--from", "docker-archive:/image.tar"];

        // What would be written is what the native program would write, and nothing is.
        let planned = run(&[&upload[..], &["--dry-run"]].concat()).success();
        let theirs = Environment::on(&cluster)
            .keepdocker(&["upload", "--dry-run", "--from", &source])
            .success();
        // It has no cache that could be tidied up.
        let lines = theirs.split_inclusive('\n');
        let theirs: String = lines
            .filter(|line| !line.contains(" the cache of this machine "))
            .collect();
        assert_eq!(planned, theirs, "{archive}");
        cluster.assert_nothing_registered();
        assert_eq!(cluster.log().blocks_written(), 0, "{archive}");

        let printed = run(&upload).success();

        let (ours, theirs) = (cluster.only_collection(), native.only_collection());
        for field in ["portable_data_hash", "name", "properties"] {
            assert_eq!(ours[field], theirs[field], "{archive}: {field}");
        }

        // A second time, nothing is sent.
        cluster.log().clear();
        assert_eq!(run(&upload).success(), printed, "{archive}");
        assert_eq!(cluster.log().blocks_written(), 0, "{archive}");

        // Both programs, asked about the same cluster.
        let id = cluster.links_of("docker_image_hash")[0]["name"]
            .as_str()
            .unwrap()
            .to_owned();
        let environment = Environment::on(&cluster);
        for arguments in [
            vec!["images"],
            vec!["images", "--no-trunc"],
            vec!["images", "--json"],
            vec!["resolve", &id],
            vec!["resolve", "--json", &id],
        ] {
            let (ours, native) = (run(&arguments), environment.keepdocker(&arguments));
            assert_eq!(ours.success(), native.success(), "{archive}: {arguments:?}");
            assert_eq!(ours.stderr, native.stderr, "{archive}: {arguments:?}");
        }
        let absent = ["resolve", "no/such:image"];
        let (ours, native) = (run(&absent), environment.keepdocker(&absent));
        // WASI 0.2 knows no other code of failure than 1.
        assert_eq!(ours.failure(1), native.failure(4), "{archive}");
    }
}

#[test]
fn a_grant_that_is_missing_is_told_to_people() {
    let Some(wasmtime) = Wasmtime::find() else {
        return;
    };
    let cluster = reachable_cluster();
    let folder = folder_with("hello-world-ManifestV2.tar");
    let all = Grants {
        http: true,
        folder: Some(folder.path()),
        cluster: true,
    };
    let outside = surroundings(&cluster);
    let upload = ["upload", "--from", "docker-archive:/image.tar"];

    let no_folder = Grants {
        folder: None,
        ..all
    };
    let output = wasmtime.run(&outside, &no_folder, &upload);
    let told = output.failure(1);
    assert!(
        told.contains("image.tar") && told.contains("--dir"),
        "{output}"
    );
    output.assert_told_to_people(&[&cluster.token()]);

    let no_cluster = Grants {
        cluster: false,
        ..all
    };
    let output = wasmtime.run(&outside, &no_cluster, &upload);
    let told = output.failure(1);
    assert!(told.contains("ARVADOS_API_HOST is not set"), "{output}");
    output.assert_told_to_people(&[]);

    // The runtime itself refuses a component whose imports it does not offer.
    let no_http = Grants { http: false, ..all };
    let output = wasmtime.run(&outside, &no_http, &upload);
    assert!(!output.status.success(), "{output}");
    assert!(output.stderr.contains("wasi:http"), "{output}");

    // Beyond this machine the token does not travel without TLS.
    let mut outside = outside;
    outside.set("ARVADOS_API_HOST", "http://cluster.example.com");
    let output = wasmtime.run(&outside, &all, &["images"]);
    let told = output.failure(1);
    assert!(told.contains("ARVADOS_API_HOST"), "{output}");
    output.assert_told_to_people(&[&cluster.token()]);

    // Nor to Keep, wherever its addresses come from.
    let mut outside = surroundings(&cluster);
    outside.set("ARVADOS_KEEP_SERVICES", "http://192.0.2.1:25107/");
    let output = wasmtime.run(&outside, &all, &upload);
    let told = output.failure(1);
    assert!(told.contains("without TLS"), "{output}");
    output.assert_told_to_people(&[&cluster.token()]);

    cluster.assert_nothing_registered();
}

/// The list stands in a file, so that whatever the component asks of a runtime shows in every
/// review; and its size is kept from growing unnoticed.
#[test]
fn the_component_imports_what_the_golden_list_says_and_stays_small() {
    let Some(wasmtime) = Wasmtime::find() else {
        return;
    };
    let bytes = fs::read(wasmtime.component()).unwrap();
    let size = bytes.len() as u64;
    assert!(size < LARGEST, "the component has {size} bytes");

    let wit_component::DecodedWasm::Component(resolve, world) =
        wit_component::decode(&bytes).unwrap()
    else {
        panic!("it is no component");
    };
    let world = &resolve.worlds[world];
    let mut lines = Vec::new();
    for (way, items) in [("import", &world.imports), ("export", &world.exports)] {
        for key in items.keys() {
            lines.push(format!("{way} {}\n", resolve.name_world_key(key)));
        }
    }
    lines.sort_unstable();
    let list = lines.concat();
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/wasi.txt");
    let golden = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        list == golden,
        "the component imports and exports, where {} lists something else:\n{list}",
        file.display()
    );
}

#[test]
fn what_a_server_repeats_is_shown_without_the_token() {
    let Some(wasmtime) = Wasmtime::find() else {
        return;
    };
    for status in [503, 422] {
        let cluster = reachable_cluster();
        let token = cluster.token();
        let secret = token.rsplit_once('/').unwrap().1;
        let body = serde_json::json!({"errors": [format!("Authorization was Bearer {token}")]});
        let answer = Action::AnswerWith(status, body.to_string());
        cluster
            .faults()
            .plan(Fault::on("/arvados/v1/links", answer));
        let grants = Grants {
            http: true,
            folder: None,
            cluster: true,
        };
        let output = wasmtime.run(&surroundings(&cluster), &grants, &["-v", "images"]);
        assert!(output.stderr.contains("masked"), "{output}");
        assert!(!output.stderr.contains(secret), "{output}");
    }
}

#[test]
fn the_embedded_cluster_of_the_program_can_be_reached_by_it() {
    let Some(wasmtime) = Wasmtime::find() else {
        return;
    };
    let mut environment = Environment::new();
    let directory = environment.home().join("sandbox");
    let words = ["sandbox", "serve", directory.to_str().unwrap(), "--http"];
    let program = env!("CARGO_BIN_EXE_keepdocker");
    let mut serving = environment.start_into(program, &words, Stdio::piped());
    let mut exports = BufReader::new(serving.stdout.take().unwrap()).lines();
    for _ in 0..6 {
        let line = exports.next().unwrap().unwrap();
        let (name, value) = line
            .strip_prefix("export ")
            .unwrap()
            .split_once('=')
            .unwrap();
        environment.set(name, value.trim_matches('\''));
    }
    let address = environment.variable("ARVADOS_API_HOST").to_str().unwrap();
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");

    let folder = folder_with("hello-world-ManifestV2.tar");
    let grants = Grants {
        http: true,
        folder: Some(folder.path()),
        cluster: true,
    };
    let words = ["upload", "--from", "docker-archive:/image.tar"];
    let uuid = wasmtime.run(&environment, &grants, &words).success();
    let in_use = environment.keepdocker(&["sandbox", "reset", directory.to_str().unwrap()]);
    assert!(in_use.failure(1).contains("is running"), "{in_use}");
    serving.kill().unwrap();
    let _ = serving.wait();

    let sandbox = format!("--sandbox={}", directory.display());
    let listed = || environment.keepdocker(&["images", &sandbox]).success();
    assert!(listed().contains(uuid.trim()));
    let _ = environment
        .keepdocker(&["sandbox", "reset", directory.to_str().unwrap()])
        .success();
    assert!(!directory.exists());
    assert!(!listed().contains(uuid.trim()));
}
