//! Prints what the gate and the audit log cost: `cargo bench --bench audit`.
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
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use keepdocker::gate::{Gate, NO_ARGUMENTS, Operation, Unrecorded};
use keepdocker::policy::{Cluster, Guest, Policy};
use keepdocker_sandbox::seed::Image;
use keepdocker_sandbox::{Options, Sandbox};
use sha2::{Digest, Sha256};

/// Runs with and without that count.
const RUNS: usize = 15;
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
    let listing = measure("images (1,000 images)", &["images"], home.path(), &cluster);
    let cost = listing.1.saturating_sub(listing.0) + call * 4;
    verdict(
        cost < Duration::from_millis(5),
        &format!("{:.2} ms with the gate, aim below 5 ms", milliseconds(cost)),
    );
    let upload = ["upload", "--force", "--from", &source];
    let upload = measure("upload (256 MiB)", &upload, home.path(), &cluster);
    let cost = upload.1.saturating_sub(upload.0) + call * CALLS_OF_UPLOAD;
    let share = cost.as_secs_f64() / upload.0.as_secs_f64() * 100.0;
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

/// Times a command without and with the log, and prints the medians.
fn measure(name: &str, arguments: &[&str], home: &Path, cluster: &Sandbox) -> (Duration, Duration) {
    let mut without = Vec::new();
    let mut with = Vec::new();
    for round in 0..=RUNS {
        let bare: Vec<&str> = arguments.iter().copied().chain(["--no-audit"]).collect();
        let times = if round % 2 == 0 {
            let first = time(&bare, home, cluster);
            (first, time(arguments, home, cluster))
        } else {
            let first = time(arguments, home, cluster);
            (time(&bare, home, cluster), first)
        };
        // The first round fills the caches.
        if round > 0 {
            without.push(times.0);
            with.push(times.1);
        }
    }
    let (without, with) = (median(&mut without), median(&mut with));
    println!(
        "{name}: {:.1} ms without the log, {:.1} ms with it",
        milliseconds(without),
        milliseconds(with)
    );
    (without, with)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn time(arguments: &[&str], home: &Path, cluster: &Sandbox) -> Duration {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keepdocker"));
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
    let time = start.elapsed();
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
