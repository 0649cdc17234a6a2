//! Large layers of a registry's image, of which two are unpacked at a time where there are two processors.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Asked, Cluster, Deed, Environment, FaultyRegistry, Made};

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

/// Uploads from somewhere into a cluster of its own; returns the hash of what is there then, if anything is.
fn hash_of(source: &str, policy: Option<&str>) -> Result<serde_json::Value, String> {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let mut words = vec!["upload".to_owned(), "--from".into(), source.into()];
    if let Some(policy) = policy {
        let file = environment.home().join("policy.toml");
        fs::write(&file, policy).unwrap();
        words.extend(["--policy".into(), file.to_str().unwrap().to_owned()]);
    }
    let output = environment.run(env!("CARGO_BIN_EXE_keepdocker"), &words);
    if policy.is_some() && cluster.collections().is_empty() {
        return Err(output.failure(3).to_owned());
    }
    let _ = output.success();
    Ok(cluster.only_collection()["portable_data_hash"].clone())
}

/// Tells whether it is asked for nothing but the last bytes of something.
fn is_of_end(asked: &Asked) -> bool {
    asked.range().is_some_and(|(first, last)| last - first == 3)
}

fn serve_ending(image: &Made, ending: Option<Deed>) -> FaultyRegistry {
    FaultyRegistry::serve(image, move |asked| {
        ending.clone().filter(|_| is_of_end(asked))
    })
}

fn length(length: u32) -> Option<Deed> {
    Some(Deed::Body(length.to_le_bytes().to_vec()))
}

/// Where two layers are unpacked at a time, it is asked first what the last bytes of a large one say of its length.
fn ends_are_asked_for() -> bool {
    std::thread::available_parallelism().is_ok_and(|count| count.get() > 1)
}

#[test]
fn the_end_of_a_large_layer_is_a_hint_and_no_more() {
    let image = Made::of(&[(1, 65 * MIB), (2, 2 * MIB)]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("image.tar");
    fs::write(&file, image.saved(&["lab/tool:1"])).unwrap();
    let expected = hash_of(&format!("docker-archive:{}", file.display()), None);
    let cases = [
        (None, false),
        // Another length, one that cannot be, and none.
        (length(100 << 20), true),
        (length(7), false),
        (Some(Deed::Cut(1)), false),
        (Some(Deed::Status(500, Vec::new())), false),
        (Some(Deed::Status(416, Vec::new())), false),
    ];
    for (ending, is_false) in cases {
        let registry = serve_ending(&image, ending.clone());
        let hash = hash_of(&registry.source("lab/tool:1"), None);
        assert_eq!(hash, expected, "{ending:?}");
        for (at, (digest, _)) in registry.blobs.iter().enumerate() {
            let asked = registry.asked(&format!("/blobs/{digest}"));
            let (ends, whole): (Vec<_>, Vec<_>) = asked.iter().partition(|asked| is_of_end(asked));
            let is_asked = at == 0 && ends_are_asked_for();
            assert_eq!(ends.len(), usize::from(is_asked), "{ending:?}");
            let times = 1 + usize::from(is_asked && is_false);
            assert_eq!(whole.len(), times, "{ending:?}, layer {at}");
        }
    }
}

#[test]
fn a_layer_that_is_fetched_twice_counts_twice() {
    let image = Made::of(&[(1, 65 * MIB), (2, 2 * MIB)]);
    for (ending, is_allowed) in [(None, true), (length(100 << 20), !ends_are_asked_for())] {
        let registry = serve_ending(&image, ending);
        let policy = format!(
            "schema = \"keepdocker.policy/1\"\nlimits.registry-bytes = \"{}B\"\n[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"test\"\n",
            registry.layers
        );
        match hash_of(&registry.source("lab/tool:1"), Some(&policy)) {
            Ok(_) => assert!(is_allowed),
            Err(told) => assert!(
                !is_allowed && told.contains("limits.registry-bytes"),
                "{told}"
            ),
        }
    }
}
