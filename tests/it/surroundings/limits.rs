//! What batch systems and login nodes allow: `ulimit`, and groups of processes with little memory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::{KEEPDOCKER, after, assert_ended_in_words, place, tasks, uploads};
use crate::support::{Cluster, Environment, Layer, saved, skip};

#[test]
fn two_gibibytes_of_address_space_are_enough_for_everything() {
    for (program, arguments) in tasks() {
        let (cluster, environment) = place();
        let output = after(&environment, "ulimit -v 2097152", program, &arguments);
        let _ = output.success();
        assert_eq!(
            cluster.collections().len(),
            usize::from(uploads(&arguments))
        );
    }
}

/// Makes an image of 350 MiB for a cluster that keeps no blocks, and returns what is uploaded.
fn image_of_many_blocks(cluster: &Cluster, environment: &Environment) -> String {
    cluster.faults().discard_blocks(true);
    let layers = [Layer::new(1, 200 << 20), Layer::new(2, 150 << 20)];
    let file = environment.home().join("image.tar");
    let mut archive = saved(&layers, "lab/big:1");
    std::io::copy(&mut archive, &mut File::create(&file).unwrap()).unwrap();
    format!("docker-archive:{}", file.display())
}

#[test]
fn two_gibibytes_of_address_space_are_enough_for_an_image_of_many_blocks() {
    let (cluster, environment) = place();
    let source = image_of_many_blocks(&cluster, &environment);
    let arguments = ["upload", "--from", &source].map(str::to_owned);
    let output = after(&environment, "ulimit -v 2097152", KEEPDOCKER, &arguments);
    let _ = output.success();
    assert_eq!(cluster.collections().len(), 1);
}

/// A group of processes that have so much memory together.
struct Group(PathBuf);

impl Group {
    /// Makes a group, by either interface of the system; none where that is not allowed.
    fn with_memory(mebibytes: u64) -> Option<Group> {
        for (root, limit, swap) in [
            ("/sys/fs/cgroup", "memory.max", "memory.swap.max"),
            (
                "/sys/fs/cgroup/memory",
                "memory.limit_in_bytes",
                "memory.swappiness",
            ),
        ] {
            let name = format!("keepdocker-test-{}-{mebibytes}", std::process::id());
            let folder = Path::new(root).join(name);
            if fs::create_dir(&folder).is_err() {
                continue;
            }
            let group = Group(folder);
            let bytes = (mebibytes << 20).to_string();
            if fs::write(group.0.join(limit), bytes).is_ok() {
                // A machine without swap needs no bound on it.
                let _ = fs::write(group.0.join(swap), "0");
                return Some(group);
            }
        }
        None
    }

    /// What a shell does to become a member.
    fn joining(&self) -> String {
        format!("echo $$ >'{}'", self.0.join("cgroup.procs").display())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Only an empty group can be removed; the next start of the machine removes the others.
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn a_group_with_little_memory_uploads_an_image_that_is_larger_than_that() {
    for (mebibytes, threads) in [(300, "2"), (512, "8")] {
        let Some(group) = Group::with_memory(mebibytes) else {
            return skip("the right to make a control group with a limit on memory");
        };
        let (cluster, environment) = place();
        let source = image_of_many_blocks(&cluster, &environment);
        let arguments = ["upload", "--threads", threads, "--from", &source].map(str::to_owned);
        let output = after(&environment, &group.joining(), KEEPDOCKER, &arguments);
        let _ = output.success();
        assert_eq!(cluster.collections().len(), 1, "{mebibytes} MiB");
    }
}

#[test]
fn any_limit_ends_in_a_sentence_and_a_documented_code() {
    for limit in [
        "-v 100000",
        "-v 300000",
        "-v 600000",
        "-d 50000",
        "-d 200000",
        "-s 64",
        "-s 256",
        "-f 0",
        "-f 64",
        "-n 6",
        "-n 8",
        "-n 10",
        "-n 12",
        "-n 16",
        "-n 24",
    ] {
        for (program, arguments) in tasks() {
            let (_cluster, mut environment) = place();
            environment.set("RUST_BACKTRACE", "0");
            let output = after(
                &environment,
                &format!("ulimit {limit}"),
                program,
                &arguments,
            );
            if output
                .stderr
                .contains("error while loading shared libraries")
            {
                // The system's loader had not even the space for the program's libraries.
                continue;
            }
            assert_ended_in_words(&output);
        }
    }
}

#[test]
fn a_small_stack_and_small_files_are_no_reason_to_fail() {
    for limit in ["-s 128", "-f 2048"] {
        for (program, arguments) in tasks() {
            let (cluster, environment) = place();
            let output = after(
                &environment,
                &format!("ulimit {limit}"),
                program,
                &arguments,
            );
            let _ = output.success();
            assert_eq!(
                cluster.collections().len(),
                usize::from(uploads(&arguments)),
                "{limit}"
            );
        }
    }
}
