//! Prints how long whole runs of the programs take, from start to end, beside those of the Python
//! program: `cargo bench --workspace --bench startup`.
//!
//! Every figure is the median of several runs; the programs take turns, so that what else the
//! machine does meets all of them alike. The Python program is the one of KEEPDOCKER_PYTHON_BIN,
//! which `tests/run` installs; without it only our own figures are printed.

#![expect(clippy::print_stdout, reason = "the figures are the answer")]
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark ends where something is not as it must be"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use keepdocker_sandbox::faults::{Action, Fault};
use keepdocker_sandbox::seed::Image;
use keepdocker_sandbox::{Options, Sandbox};

use keepdocker_measuring::median;
use keepdocker_measuring::python;

/// Runs of each program and command that count.
const RUNS: usize = 15;

/// A program under measurement.
struct Program {
    name: &'static str,
    path: PathBuf,
    /// How many of the rounds it takes part in; the slow one is known well enough after a few.
    runs: usize,
}

/// A command that is measured, and the time that our program should stay below.
struct Case {
    name: &'static str,
    arguments: &'static [&'static str],
    aim: Duration,
    /// How many images the cluster holds.
    images: usize,
    /// How long every answer of the cluster waits, as in a network.
    delay: Duration,
}

fn main() {
    let home = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let cluster = runtime
        .block_on(Sandbox::start(
            &home.path().join("cluster"),
            Options::default(),
        ))
        .unwrap();
    let programs = programs();
    let cases = [
        Case {
            name: "--version",
            arguments: &["--version"],
            aim: Duration::from_millis(10),
            images: 0,
            delay: Duration::ZERO,
        },
        Case {
            name: "images (empty cluster)",
            arguments: &["images"],
            aim: Duration::from_millis(30),
            images: 0,
            delay: Duration::ZERO,
        },
        Case {
            name: "images (10,000 images)",
            arguments: &["images"],
            aim: Duration::from_secs(1),
            images: 10_000,
            delay: Duration::ZERO,
        },
        Case {
            name: "the same, 20 ms away",
            arguments: &["images"],
            aim: Duration::from_secs(1),
            images: 10_000,
            delay: Duration::from_millis(20),
        },
    ];
    println!(
        "{:24} {:22} {:>10} {:>10} {:>8} {:>9}",
        "command", "program", "median ms", "best ms", "ratio", "requests"
    );
    let mut seeded = 0;
    for case in &cases {
        if seeded < case.images {
            seed(&cluster, case.images);
            seeded = case.images;
        }
        cluster.faults().clear();
        if !case.delay.is_zero() {
            let delay = Action::Delay(case.delay);
            cluster
                .faults()
                .plan(Fault::on("", delay).times(usize::MAX));
        }
        let mut times: Vec<Vec<Duration>> = programs.iter().map(|_| Vec::new()).collect();
        let mut requests = vec![0; programs.len()];
        for round in 0..=RUNS {
            for ((program, times), requests) in programs.iter().zip(&mut times).zip(&mut requests) {
                if round > program.runs {
                    continue;
                }
                cluster.log().clear();
                let time = time(&program.path, case.arguments, home.path(), &cluster);
                // The first round fills the caches: of the system, and of discovery documents.
                if round > 0 {
                    times.push(time);
                }
                *requests = cluster.log().api_requests();
            }
        }
        let ours = median(&mut times[0]);
        for ((program, times), requests) in programs.iter().zip(&mut times).zip(requests) {
            let median = median(times);
            println!(
                "{:24} {:22} {:10.1} {:10.1} {:8.2} {requests:9}",
                case.name,
                program.name,
                milliseconds(median),
                milliseconds(times[0]),
                median.as_secs_f64() / ours.as_secs_f64()
            );
        }
        let verdict = if ours <= case.aim {
            "reached"
        } else {
            "missed"
        };
        println!(
            "{:24} aim {} ms: {verdict}",
            case.name,
            case.aim.as_millis()
        );
    }
}

/// Registers images without data in the empty cluster.
fn seed(cluster: &Sandbox, count: usize) {
    let images = Image::numbered(count, &cluster.user_uuid());
    cluster.seed().images(&images).unwrap();
}

/// Returns our programs and the Python one, if it is there.
fn programs() -> Vec<Program> {
    let mut programs = vec![
        Program {
            name: "arv-keepdocker",
            path: env!("CARGO_BIN_EXE_arv-keepdocker").into(),
            runs: RUNS,
        },
        Program {
            name: "keepdocker",
            path: env!("CARGO_BIN_EXE_keepdocker").into(),
            runs: RUNS,
        },
    ];
    if let Some(path) = python("arv-keepdocker") {
        programs.push(Program {
            name: "Python arv-keepdocker",
            path,
            runs: 7,
        });
    }
    programs
}

/// Runs a program once and returns how long that took.
///
/// # Panics
///
/// Panics if the program fails: a failure would be quick.
fn time(program: &Path, arguments: &[&str], home: &Path, cluster: &Sandbox) -> Duration {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs(cluster.environment())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let start = Instant::now();
    let output = command.output().unwrap();
    let time = start.elapsed();
    assert!(
        output.status.success() && !output.stdout.is_empty(),
        "{} {arguments:?}: {}",
        program.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    time
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
