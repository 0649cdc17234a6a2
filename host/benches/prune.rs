//! Prints how long a plan of `keepdocker prune` takes beside the listing of the same images:
//! `cargo bench --workspace --bench prune`.
//!
//! The cluster holds 5,000 images of 500 repositories, which is 10,000 links. Every figure is the median of several
//! runs; the commands take turns, so that what else the machine does meets all of them alike.

#![expect(clippy::print_stdout, reason = "the figures are the answer")]
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark ends where something is not as it must be"
)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use keepdocker_measuring::median;
use keepdocker_sandbox::seed::Image;
use keepdocker_sandbox::{Options, Sandbox};

const REPOSITORIES: usize = 500;
const BUILDS: usize = 10;
const RUNS: usize = 7;

/// The listing first, with which the others are compared.
const COMMANDS: [&[&str]; 4] = [
    &["images"],
    &["prune", "--keep-last", "9"],
    &["prune", "--keep-last", "5"],
    &["prune", "--keep-last", "1"],
];

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
    let mut images = Image::numbered(REPOSITORIES * BUILDS, &cluster.user_uuid());
    for (number, image) in images.iter_mut().enumerate() {
        let (repository, build) = (number % REPOSITORIES, number / REPOSITORIES);
        image.name = Some(format!("lab/tool-{repository}:{build}"));
        image.timestamp = Some(format!("2026-01-{:02}T00:00:00Z", build + 1));
    }
    cluster.seed().images(&images).unwrap();
    let mut times: Vec<Vec<Duration>> = COMMANDS.iter().map(|_| Vec::new()).collect();
    let mut requests = [0; COMMANDS.len()];
    for round in 0..=RUNS {
        for ((arguments, times), requests) in COMMANDS.iter().zip(&mut times).zip(&mut requests) {
            cluster.log().clear();
            let time = time(arguments, home.path(), &cluster);
            *requests = cluster.log().api_requests();
            // The first round fills the caches.
            if round > 0 {
                times.push(time);
            }
        }
    }
    let medians: Vec<f64> = times
        .iter_mut()
        .map(|times| median(times).as_secs_f64() * 1000.0)
        .collect();
    println!(
        "{:24} {:>10} {:>8} {:>9}",
        "command", "median ms", "ratio", "requests"
    );
    for ((arguments, median), requests) in COMMANDS.iter().zip(&medians).zip(requests) {
        println!(
            "{:24} {median:10.1} {:8.2} {requests:9}",
            arguments.join(" "),
            median / medians[0]
        );
    }
}

/// Runs the command once and returns how long that took.
///
/// # Panics
///
/// Panics if it fails: a failure would be quick.
fn time(arguments: &[&str], home: &Path, cluster: &Sandbox) -> Duration {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keepdocker"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs(cluster.environment());
    let start = Instant::now();
    let output = command.output().unwrap();
    let time = start.elapsed();
    assert!(
        output.status.success() && !output.stdout.is_empty(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    time
}
