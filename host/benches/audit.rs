//! Prints what the gate and the audit log cost: `cargo bench --workspace --bench audit`.
//!
//! Runs of the whole program with and without a log take turns, so that what else the machine does
//! meets both alike; the gate, which cannot be left out, is measured by the call.

#![expect(clippy::print_stdout, reason = "the figures are the answer")]
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark ends where something is not as it must be"
)]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::time::{Duration, Instant};

use keepdocker_gate::policy::{Cluster, Guest, Policy};
use keepdocker_gate::{Gate, NO_ARGUMENTS, Operation, Unrecorded};
use keepdocker_sandbox::seed::Image;
use keepdocker_sandbox::{Options, Sandbox};
use sha2::{Digest, Sha256};

use keepdocker_measuring::median;

/// Pairs of listings, with and without a log, that count.
const LISTINGS: usize = 100;
/// Pairs of uploads.
const UPLOADS: usize = 15;
/// Calls of the gate that are timed.
const CALLS: u32 = 5_000;
/// Calls that an upload makes at most; a listing makes three or four.
const CALLS_OF_UPLOAD: u32 = 40;
/// The bytes of the image's layer.
const LAYER: usize = 256 << 20;
const IMAGES: usize = 1_000;

fn main() {
    let home = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let folder = home.path().join("cluster");
    let cluster = runtime
        .block_on(Sandbox::start(&folder, Options::default()))
        .unwrap();
    let images = Image::numbered(IMAGES, &cluster.user_uuid());
    cluster.seed().images(&images).unwrap();
    let source = format!("docker-archive:{}", archive(home.path()).display());

    let call = gate();
    println!("gate: {:.1} µs a call", call.as_secs_f64() * 1e6);
    let listing = Command {
        name: "images (1,000 images)",
        arguments: &["images"],
        rounds: LISTINGS,
    };
    let listing = measure(&listing, home.path(), &cluster);
    let cost = listing.log + call * 4;
    verdict(
        cost < Duration::from_millis(5),
        &format!("{:.2} ms with the gate, aim below 5 ms", milliseconds(cost)),
    );
    let upload = Command {
        name: "upload (256 MiB)",
        arguments: &["upload", "--force", "--from", &source],
        rounds: UPLOADS,
    };
    let upload = measure(&upload, home.path(), &cluster);
    let cost = upload.log + call * CALLS_OF_UPLOAD;
    let share = cost.as_secs_f64() / upload.without.as_secs_f64() * 100.0;
    verdict(
        share < 2.0,
        &format!("{share:.2} % with the gate, aim below 2 %"),
    );
}

fn verdict(reached: bool, words: &str) {
    println!("  {words}: {}", if reached { "reached" } else { "missed" });
}

/// Returns how long a call takes that the gate decides on and nobody records.
fn gate() -> Duration {
    let policy = Policy::built_in();
    let cluster = Cluster::default();
    let gate = Gate::new(policy, &Guest::default(), cluster, Box::new(Unrecorded)).unwrap();
    let start = Instant::now();
    for _ in 0..CALLS {
        let permit = gate.admit(Operation::UsersCurrent, &NO_ARGUMENTS).unwrap();
        permit.close::<_, _, String>(Ok::<_, String>(())).unwrap();
    }
    start.elapsed() / CALLS
}

/// A command that is run with and without the log.
struct Command<'a> {
    name: &'a str,
    arguments: &'a [&'a str],
    rounds: usize,
}

/// What was found of a command.
struct Times {
    /// How long it takes without the log.
    without: Duration,
    /// How much longer it takes with it.
    log: Duration,
}

/// Times a command without and with the log, and prints the medians.
///
/// Both runs of a round meet the machine in about the same state, which changes by far more than
/// the log costs; so it is the median of the rounds' differences that counts.
fn measure(command: &Command<'_>, home: &Path, cluster: &Sandbox) -> Times {
    let plain = command.arguments;
    let bare: Vec<&str> = plain.iter().copied().chain(["--no-audit"]).collect();
    let (mut without, mut with, mut differences) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=command.rounds {
        let (short, long) = if round % 2 == 0 {
            let first = time(&bare, home, cluster);
            (first, time(plain, home, cluster))
        } else {
            let first = time(plain, home, cluster);
            (time(&bare, home, cluster), first)
        };
        // The first round fills the caches.
        if round > 0 {
            without.push(short);
            with.push(long);
            differences.push(long - short);
        }
    }
    let (without, with) = (median(&mut without), median(&mut with));
    let log = median(&mut differences).max(0.0);
    println!(
        "{}: {:.1} ms without the log, {:.1} ms with it; {:.2} ms more in a round",
        command.name,
        without * 1e3,
        with * 1e3,
        log * 1e3
    );
    Times {
        without: Duration::from_secs_f64(without),
        log: Duration::from_secs_f64(log),
    }
}

/// Runs the program, and returns how many seconds that took.
fn time(arguments: &[&str], home: &Path, cluster: &Sandbox) -> f64 {
    let mut command = process::Command::new(env!("CARGO_BIN_EXE_keepdocker"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .envs(cluster.environment())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let start = Instant::now();
    let output = command.output().unwrap();
    let time = start.elapsed().as_secs_f64();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    time
}

/// Makes an archive of an image with one layer that does not compress.
fn archive(folder: &Path) -> PathBuf {
    let mut noise = vec![0; LAYER];
    let mut state = 1_u64;
    for word in noise.chunks_exact_mut(8) {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        word.copy_from_slice(&(state ^ (state >> 29)).to_le_bytes());
    }
    let layer = tarred(&[("noise", &noise)]);
    let config = format!(
        "{{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[\"sha256:{}\"]}}}}",
        digest(&layer)
    );
    let name = format!("{}.json", digest(config.as_bytes()));
    let manifest = format!(
        "[{{\"Config\":\"{name}\",\"RepoTags\":[\"bench/noise:1\"],\"Layers\":[\"layer.tar\"]}}]"
    );
    let image = tarred(&[
        (&name, config.as_bytes()),
        ("layer.tar", &layer),
        ("manifest.json", manifest.as_bytes()),
    ]);
    let path = folder.join("image.tar");
    std::io::copy(&mut &*image, &mut File::create(&path).unwrap()).unwrap();
    path
}

fn tarred(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, data) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(data.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *data).unwrap();
    }
    builder.into_inner().unwrap()
}

fn digest(data: &[u8]) -> String {
    Sha256::digest(data)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
