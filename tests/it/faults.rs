//! What goes wrong while an image is uploaded: it passes and the upload succeeds, or it stays and one
//! clear error ends an upload that has registered nothing.
//!
//! What a slow service or a single replica does to one block is in `host/src/tests`, and what
//! goes wrong on the way out of Keep in `download`.

use keepdocker_sandbox::faults::{Action, Fault};
use keepdocker_sandbox::{Options, ServiceKind};

use crate::support::{Cluster, Environment, Output, StandIn, data};

#[test]
fn what_passes_is_survived_and_leaves_no_trace() {
    for (method, path, action) in [
        ("PUT", "/", Action::Answer(500)),
        ("PUT", "/", Action::Answer(502)),
        ("PUT", "/", Action::Answer(503)),
        ("PUT", "/", Action::Answer(429)),
        ("PUT", "/", Action::DropBefore),
        ("PUT", "/", Action::DropAfter),
        ("PUT", "/", Action::CutBody),
        ("GET", "/arvados/v1/config", Action::Answer(502)),
        ("GET", "/arvados/v1/keep_services", Action::CutBody),
        ("GET", "/arvados/v1/links", Action::Answer(503)),
        ("GET", "/arvados/v1/links", Action::DropBefore),
        ("GET", "/arvados/v1/collections", Action::CutBody),
        // Nothing tells whether these took effect; it is looked up.
        ("POST", "/arvados/v1/collections", Action::DropAfter),
        ("POST", "/arvados/v1/links", Action::DropAfter),
        ("POST", "/arvados/v1/links", Action::CutBody),
        ("POST", "/arvados/v1/collections", Action::Answer(502)),
        ("POST", "/arvados/v1/links", Action::Answer(500)),
        // These were turned away unread.
        ("POST", "/arvados/v1/collections", Action::Answer(503)),
        ("POST", "/arvados/v1/links", Action::Answer(429)),
    ] {
        let cluster = Cluster::start();
        cluster
            .faults()
            .plan(Fault::on(path, action.clone()).method(method));

        let output = upload(&cluster, &[]);

        let met = cluster.faults().left() == 0;
        assert!(met, "{method} {path} {action:?} met nothing");
        let collection = output.success();
        assert_eq!(
            cluster.only_collection()["uuid"],
            collection.trim(),
            "{method} {path} {action:?}"
        );
        for class in ["docker_image_hash", "docker_image_repo+tag"] {
            assert_eq!(
                cluster.links_of(class).len(),
                1,
                "{method} {path} {action:?}"
            );
        }
    }
}

#[test]
fn what_stays_ends_in_one_error_with_nothing_registered() {
    for (path, action, code, words) in [
        ("/", Action::Answer(503), 1, "status 503"),
        ("/", Action::Answer(507), 1, "status 507"),
        ("/", Action::Answer(413), 1, "status 413"),
        ("/", Action::Answer(401), 7, "ARVADOS_API_TOKEN"),
        ("/", Action::Answer(403), 7, "ARVADOS_API_TOKEN"),
        ("/", Action::DropBefore, 1, "no answer"),
        ("/", Action::DropAfter, 1, "no answer"),
        ("/", Action::CutBody, 1, "no answer"),
        ("/", Action::WrongHash, 1, "another block"),
    ] {
        let cluster = Cluster::start();
        cluster.faults().plan(always(path, "PUT", action.clone()));

        let output = upload(&cluster, &["--retries", "1"]);

        let told = output.failure(code);
        assert!(told.contains(words), "{action:?}: {output}");
        output.assert_told_to_people(&[&cluster.token()]);
        cluster.assert_nothing_registered();
    }
}

#[test]
fn full_disks_of_the_cluster_are_told_at_once() {
    let cluster = Cluster::with(Options {
        keep_services: vec![ServiceKind::Disk; 2],
        ..Options::default()
    });
    cluster.faults().fill_storage(true);

    let output = upload(&cluster, &[]);

    assert!(
        output.failure(1).contains("insufficient storage"),
        "{output}"
    );
    // A disk that is full now is full in a minute: each was asked once.
    assert_eq!(cluster.log().blocks_written(), 2);
    cluster.assert_nothing_registered();
}

#[test]
fn a_token_that_expires_in_the_middle_ends_the_upload_and_a_new_one_completes_it() {
    // Before the collection, nothing is registered.
    let cluster = Cluster::start();
    let path = "/arvados/v1/collections";
    cluster
        .faults()
        .plan(always(path, "POST", Action::Answer(401)));
    let output = upload(&cluster, &[]);
    assert!(output.failure(7).contains("token"), "{output}");
    cluster.assert_nothing_registered();
    cluster.faults().clear();

    // Before the links, there is a collection that no name leads to; the next run gives it its names.
    let path = "/arvados/v1/links";
    cluster
        .faults()
        .plan(always(path, "POST", Action::Answer(401)));
    let output = upload(&cluster, &[]);
    assert!(output.failure(7).contains("token"), "{output}");
    assert!(cluster.links_of("docker_image_repo+tag").is_empty());
    let collection = cluster.only_collection()["uuid"].clone();
    cluster.faults().clear();

    assert_eq!(upload(&cluster, &[]).success().trim(), collection);
    assert_eq!(cluster.only_collection()["uuid"], collection);
    assert_eq!(cluster.links_of("docker_image_repo+tag").len(), 1);
}

#[test]
fn an_engine_that_dies_half_way_registers_nothing() {
    for (end, words) in [
        (
            "echo 'no space left on device' >&2; exit 1",
            "no space left on device",
        ),
        ("kill -9 $$", "signal"),
        // It claims success, but the archive is not whole.
        ("exit 0", "truncated"),
    ] {
        let cluster = Cluster::start();
        let environment = with_engine(&cluster, 9000, end);

        let output = environment.keepdocker(&["upload", "hello-world"]);

        assert!(output.failure(1).contains(words), "{end}: {output}");
        output.assert_told_to_people(&[&cluster.token()]);
        cluster.assert_nothing_registered();
    }
    // The same engine, when it saves everything, gives the image.
    let cluster = Cluster::start();
    let environment = with_engine(&cluster, 1 << 20, "exit 0");
    let _ = environment.keepdocker(&["upload", "hello-world"]).success();
    let id = &cluster.links_of("docker_image_hash")[0]["name"];
    assert_eq!(id, StandIn::ID);
}

#[test]
fn a_full_disk_of_this_machine_registers_nothing() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let archive = data("hello-world-ManifestV2.tar");
    // The canonical form of a stream in dense blocks is made from a copy of it, which needs room.
    let script = "for folder in \"$XDG_CACHE_HOME\" \"$TMPDIR\"; do \
                      mount -t tmpfs -o size=8k tmpfs \"$folder\" || exit 99; \
                  done; \
                  exec \"$0\" upload --from - --block-layout dense <\"$1\"";
    let output = environment.run(
        "unshare",
        &[
            "--mount",
            "bash",
            "-c",
            script,
            env!("CARGO_BIN_EXE_keepdocker"),
            archive.to_str().unwrap(),
        ],
    );
    if matches!(output.status.code(), Some(99)) || output.stderr.contains("unshare") {
        return crate::support::skip("the right to mount a small file system");
    }

    assert!(output.failure(1).contains("No space left"), "{output}");
    cluster.assert_nothing_registered();
}

/// Uploads the hello-world archive.
fn upload(cluster: &Cluster, arguments: &[&str]) -> Output {
    let environment = Environment::on(cluster);
    let source = format!(
        "docker-archive:{}",
        data("hello-world-ManifestV2.tar").display()
    );
    environment.keepdocker(&[&["upload", "--from", &source], arguments].concat())
}

fn always(path: &str, method: &str, action: Action) -> Fault {
    Fault::on(path, action).method(method).times(usize::MAX)
}

/// An environment whose engine saves so many bytes of the image before this `end`.
fn with_engine(cluster: &Cluster, bytes: usize, end: &str) -> Environment {
    let mut environment = Environment::on(cluster);
    let archive = data("hello-world-ManifestV2.tar");
    StandIn::new()
        .saving(format!("head -c {bytes} '{}'; {end}", archive.display()))
        .install(&mut environment);
    environment
}
