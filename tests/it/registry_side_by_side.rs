//! Large layers of a registry's image, of which two are unpacked at a time where there are two processors.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Cluster, Deed, Environment, FaultyRegistry, Made};

const MIB: usize = 1 << 20;

#[test]
fn large_layers_are_the_same_with_room_on_the_disk_and_without() {
    let image = Made::of(&[(1, 70 * MIB), (2, 66 * MIB), (3, 65 * MIB)]);
    let program = env!("CARGO_BIN_EXE_keepdocker");
    let hash = |preparation: &str, source: &str| {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let file = environment.home().join("image.tar");
        fs::write(&file, image.saved(&["lab/tool:1"])).unwrap();
        let script = format!("{preparation} && exec \"$@\"");
        let words = [
            "-c",
            &script,
            "bash",
            program,
            "upload",
            "--from",
            source,
            "lab/tool:1",
        ];
        let output = environment.run(
            "/bin/bash",
            &words.map(|word| match word {
                "FILE" => format!("docker-archive:{}", file.display()),
                word => word.to_owned(),
            }),
        );
        let _ = output.success();
        cluster.only_collection()["portable_data_hash"].clone()
    };
    let registry = FaultyRegistry::serve(&image, |_| None);
    let source = registry.source("lab/tool:1");
    let expected = hash("true", "FILE");
    // What waits for its header would be a file of 64 MiB.
    for preparation in ["true", "ulimit -f 8192"] {
        assert_eq!(hash(preparation, &source), expected, "{preparation}");
    }
}

#[test]
fn an_interrupt_ends_the_upload_of_layers_that_still_come() {
    let image = Made::of(&[(1, 8 * MIB), (2, 8 * MIB), (3, 8 * MIB)]);
    let registry = FaultyRegistry::serve(&image, |asked| {
        let is_layer = asked.path.contains("/blobs/");
        is_layer.then_some(Deed::Slow(Duration::from_millis(200)))
    });
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let source = registry.source("lab/tool:1");
    let words = ["upload", "--from", &source];
    let program = env!("CARGO_BIN_EXE_keepdocker");
    let mut child = environment.start(program, &words, Stdio::null());
    let deadline = Instant::now() + Duration::from_secs(60);
    while registry.sent() < MIB as u64 {
        assert!(Instant::now() < deadline, "nothing came");
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = Command::new("kill")
        .args(["-INT".to_owned(), child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    // All of the layers would take 25 seconds and more.
    let deadline = Instant::now() + Duration::from_secs(10);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "it goes on");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(status.code(), Some(130));
    cluster.assert_nothing_registered();
}
