//! The one upload that needs a copy on the disk: dense blocks of a stream.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Cluster, Environment, Layer, Noise, saved, skip};

const MIB: u64 = 1 << 20;

#[test]
fn a_copy_is_announced_before_it_is_made_and_changes_nothing_of_what_is_stored() {
    let layers = [(1, 5 * MIB), (2, 3 * MIB), (3, 900)].map(|(seed, size)| Layer::new(seed, size));
    let upload = |from: &str| ["upload", "--block-layout=dense", "--from", from].map(String::from);
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let program = env!("CARGO_BIN_EXE_keepdocker");
    let words = [&upload("-")[..], &["lab/dense:1".into()]].concat();
    let streamed = environment.run_on(program, &words, saved(&layers, "lab/dense:1"));
    let _ = streamed.success();

    let folder = environment.home().join("cache");
    let announced = format!("to a temporary file in `{}", folder.display());
    let note = streamed.stderr.find(&announced);
    let ended = streamed.stderr.find("was uploaded");
    assert!(note.is_some() && note < ended, "{streamed}");

    // A file is read in order, and needs none.
    let file = environment.home().join("saved.tar");
    let mut copy = fs::File::create(&file).unwrap();
    std::io::copy(&mut saved(&layers, "lab/dense:1"), &mut copy).unwrap();
    let other = Cluster::start();
    let environment = Environment::on(&other);
    let read = environment.keepdocker(&upload(&format!("docker-archive:{}", file.display())));
    let _ = read.success();
    assert!(!read.stderr.contains("temporary"), "{read}");
    assert_eq!(
        cluster.only_collection()["portable_data_hash"],
        other.only_collection()["portable_data_hash"]
    );
}

#[test]
fn nothing_is_left_of_a_copy_that_is_cut_short() {
    const SENT: usize = 6 << 20;
    for signal in ["INT", "TERM", "KILL"] {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let words = ["upload", "--block-layout=dense", "--from", "-", "lab/cut:1"];
        let (reader, mut writer) = std::io::pipe().unwrap();
        let program = env!("CARGO_BIN_EXE_keepdocker");
        let mut child = environment.start(program, &words, reader);
        let mut header = tar::Header::new_ustar();
        header.set_path("layer.tar").unwrap();
        header.set_size(64 * MIB);
        header.set_cksum();
        // It reads on while it copies, and no pipe holds that much.
        writer.write_all(header.as_bytes()).unwrap();
        writer.write_all(&Noise::bytes(1, SENT)).unwrap();
        assert!(
            nameless_files(child.id())
                .iter()
                .any(|file| file.starts_with(environment.home())),
            "there is no copy"
        );
        assert!(bytes_below(environment.home()) < MIB, "the copy has a name");

        let status = Command::new("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .status();
        assert!(status.unwrap().success());
        let deadline = Instant::now() + Duration::from_secs(20);
        while child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "{signal} did not end it");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(bytes_below(environment.home()) < MIB, "{signal}");
        cluster.assert_nothing_registered();
    }
}

#[test]
fn a_full_disk_is_told_before_anything_is_sent() {
    // A disk of its own, seen by this one program.
    let script = "mount -t tmpfs -o size=4m none \"$XDG_CACHE_HOME\" && exec \"$@\"";
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let inside = ["--mount", "sh", "-c", script, "sh"];
    let can = environment.run("unshare", &[&inside[..], &["true"]].concat());
    if !can.status.success() {
        skip("root, to make a small disk");
        return;
    }
    let program = env!("CARGO_BIN_EXE_keepdocker");
    let words = [
        program,
        "upload",
        "--block-layout=dense",
        "--from",
        "-",
        "lab/full:1",
    ];
    let layers = [(1, 3 * MIB), (2, 3 * MIB)].map(|(seed, size)| Layer::new(seed, size));

    let words = [&inside[..], &words[..]].concat();
    let output = environment.run_on("unshare", &words, saved(&layers, "lab/full:1"));

    assert!(!output.status.success(), "{output}");
    let folder = environment.home().join("cache");
    let said = format!("there is no room in `{}`", folder.display());
    for text in [&*said, "standard input", "XDG_CACHE_HOME", "No space left"] {
        assert!(output.stderr.contains(text), "`{text}` is not in {output}");
    }
    output.assert_told_to_people(&[]);
    assert_eq!(cluster.log().blocks_written(), 0);
    cluster.assert_nothing_registered();
}

/// The open files of a process that no folder names, by where they were made.
fn nameless_files(process: u32) -> Vec<PathBuf> {
    fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .filter(|target| target.to_string_lossy().ends_with(" (deleted)"))
        .collect()
}

/// How many bytes the files below a folder have together.
fn bytes_below(folder: &Path) -> u64 {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            match metadata.is_dir() {
                true => bytes_below(&entry.path()),
                false => metadata.len(),
            }
        })
        .sum()
}
