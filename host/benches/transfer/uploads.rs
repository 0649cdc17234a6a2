//! Rows about uploads from an engine or a file.

use std::time::{Duration, Instant};

use keepdocker_arvados::keep::{BlockHash, MAXIMUM_SIZE};
use keepdocker_measuring::{median, python};

use super::image::Image;
use super::measure::{Program, Usage};
use super::relay;
use super::rows::{Bench, MIB, ROUND_TRIP, from_file, middle, ours};
use super::server::{Counts, Server};
use super::table::Table;

/// The time that each request takes longer in the row `asked`.
const ASKED_FROM: Duration = Duration::from_millis(20);

/// Cold: an image of the engine that the cluster does not have.
pub(crate) fn cold(bench: &Bench, table: &mut Table) {
    if !bench.has_engine() {
        return table.skip("cold", "no engine (KEEPDOCKER_TEST_DOCKER_HOST)");
    }
    let name = &bench.images()[0].name;
    let mut programs = vec![
        (ours("keepdocker", &["upload", name]), None),
        // No request goes to the cluster here.
        (Program::new("docker save", "docker", ["save", name]), None),
    ];
    if let Some(path) = python("arv-keepdocker") {
        programs.push((Program::new("Python arv-keepdocker", path, [name]), None));
    }
    let results = bench.compare(table, "cold upload", &programs);
    let (usage, save) = (results[0].0, results[1].0);
    table.at_most("cold: wall, to `docker save`", usage.wall / save.wall, 1.15);
    held_against(table, "cold", usage, results.get(2), [0.6, 0.5]);
}

/// File: the same image from a docker-archive in a file.
pub(crate) fn file(bench: &Bench, table: &mut Table) {
    let image = &bench.images()[0];
    let mut programs = vec![(from_file("keepdocker", image, &[]), None)];
    if let Some(path) = python("arv-put") {
        let file = image.file.to_str().unwrap();
        programs.push((
            Program::new(
                "Python arv-put",
                path,
                ["--no-cache", "--no-progress", file],
            ),
            None,
        ));
    }
    let results = bench.compare(table, "from a file", &programs);
    let usage = results[0].0;
    let md5 = md5_time(image.length);
    table.add(
        "from a file",
        "MD5, one core",
        Usage {
            wall: md5,
            processor: md5,
            ..Usage::default()
        },
        Counts::default(),
    );
    table.at_most("file: wall, to MD5 on one core", usage.wall / md5, 1.3);
    held_against(table, "file", usage, results.get(1), [0.3, 0.33]);
}

/// Compares memory and disk with their bounds, and wall and processor time with those of the Python program, if that ran.
fn held_against(
    table: &mut Table,
    row: &str,
    usage: Usage,
    python: Option<&(Usage, Counts)>,
    [wall, processor]: [f64; 2],
) {
    let mib = |bytes: u64| bytes as f64 / MIB;
    table.at_most(&format!("{row}: resident MiB"), mib(usage.resident), 320.0);
    let what = format!("{row}: MiB written to disk");
    table.at_most(&what, mib(usage.written), 256.0);
    let Some((python, _)) = python else { return };
    let what = format!("{row}: wall, to Python");
    table.at_most(&what, usage.wall / python.wall, wall);
    let what = format!("{row}: CPU, to Python");
    table.at_most(&what, usage.processor / python.processor, processor);
}

/// Second: a version of which one small layer is new.
pub(crate) fn second(bench: &Bench, table: &mut Table) {
    let [first, second] = bench.images();
    let results = bench.compare(
        table,
        "second version",
        &of_engine_or_file(bench, second, first),
    );
    table.at_most(
        "second: bytes sent, % of the image",
        100.0 * results[0].1.sent as f64 / second.length as f64,
        1.0,
    );
}

/// Present: an image that the project has.
pub(crate) fn present(bench: &Bench, table: &mut Table) {
    let image = &bench.images()[0];
    let results = bench.compare(
        table,
        "already there",
        &of_engine_or_file(bench, image, image),
    );
    table.at_most("present: API requests", results[0].1.api as f64, 6.0);
    if let Some((python, _)) = results.get(1) {
        table.at_most(
            "present: wall, to Python",
            results[0].0.wall / python.wall,
            0.125,
        );
    }
}

/// Uploads of an image, after `before` was uploaded: by both programs from the engine, or by ours from
/// the file if there is no engine.
fn of_engine_or_file(
    bench: &Bench,
    image: &Image,
    before: &Image,
) -> Vec<(Program, Option<Program>)> {
    let before = || Some(from_file("before", before, &[]));
    if !bench.has_engine() {
        return vec![(from_file("keepdocker", image, &[]), before())];
    }
    let mut programs = vec![(ours("keepdocker", &["upload", &image.name]), before())];
    if let Some(path) = python("arv-keepdocker") {
        let program = Program::new("Python arv-keepdocker", path, [&image.name]);
        programs.push((program, before()));
    }
    programs
}

/// Asked: a second version from a file, with Keep near and far away. Every block of the first version
/// that is used again costs a question (`HEAD`), and these are what the distance makes dearer.
pub(crate) fn asked(bench: &Bench, table: &mut Table) {
    let [first, second] = bench.images();
    let program = from_file("keepdocker", second, &[]);
    let before = from_file("before", first, &[]);
    let distances = [Duration::ZERO, ASKED_FROM];
    let mut results = [Vec::new(), Vec::new()];
    for _ in 0..bench.runs {
        for (distance, results) in distances.iter().zip(&mut results) {
            let mut server = Server::start(&bench.folder, false);
            let home = bench.home();
            before.run(home.path(), &server.environment);
            let environment = far(&server, *distance);
            let start = server.counts();
            let usage = program.run(home.path(), &environment);
            results.push((usage, server.counts() - start));
        }
    }
    let [near, away] = results.map(|results| middle(&results));
    table.add("second version, file", "keepdocker, near", near.0, near.1);
    table.add(
        "second version, file",
        "keepdocker, 20 ms away",
        away.0,
        away.1,
    );
    let blocks = second.length.div_ceil(MAXIMUM_SIZE as u64) as f64;
    table.at_most(
        "asked: HEADs, to full blocks of the image",
        away.1.heads as f64 / blocks,
        1.25,
    );
    table.at_most(
        "asked: wall 20 ms away, to near",
        away.0.wall / near.0.wall,
        1.25,
    );
}

/// Returns the environment for programs that reach the first Keep service over a relay only.
fn far(server: &Server, round_trip: Duration) -> Vec<(String, String)> {
    let (host, port) = server.keep[0]
        .trim_end_matches('/')
        .rsplit_once(':')
        .map(|(host, port)| (host.to_owned(), port.parse().unwrap()))
        .unwrap();
    let far = format!("{host}:{}/", relay::start(port, round_trip));
    let mut environment = server.environment.clone();
    environment.retain(|(name, _)| name != "ARVADOS_KEEP_SERVICES");
    environment.push(("ARVADOS_KEEP_SERVICES".into(), far));
    environment
}

/// Latency: Keep is far away, and one or eight blocks are on their way at a time.
pub(crate) fn latency(bench: &Bench, table: &mut Table) {
    let image = &bench.images()[0];
    let mut walls = [Vec::new(), Vec::new()];
    let programs = [
        from_file("keepdocker --threads 1", image, &["--threads", "1"]),
        from_file("keepdocker --threads 8", image, &["--threads", "8"]),
    ];
    let mut results = [Vec::new(), Vec::new()];
    for _ in 0..bench.runs {
        for ((program, walls), results) in programs.iter().zip(&mut walls).zip(&mut results) {
            let mut server = Server::start(&bench.folder, false);
            let home = bench.home();
            let environment = far(&server, ROUND_TRIP);
            let start = server.counts();
            let usage = program.run(home.path(), &environment);
            walls.push(usage.wall);
            results.push((usage, server.counts() - start));
        }
    }
    for (program, results) in programs.iter().zip(&results) {
        let (usage, counts) = middle(results);
        table.add("50 ms further away", program.name, usage, counts);
    }
    let [one, eight] = walls.map(|mut walls| median(&mut walls));
    table.at_least("latency: throughput of 8, to 1", one / eight, 3.0);
}

/// Killed: what a run after `kill -9` still sends.
pub(crate) fn killed(bench: &Bench, table: &mut Table) {
    let image = &bench.images()[0];
    for percent in [30, 60, 90] {
        let mut server = Server::start(&bench.folder, false);
        let home = bench.home();
        let environment = server.environment.clone();
        let program = from_file("keepdocker", image, &[]);
        let enough = image.length / 100 * percent;
        let was_killed =
            program.run_until(home.path(), &environment, || server.counts().sent >= enough);
        if !was_killed {
            table.skip(
                &format!("killed at {percent} %"),
                "the image is too small to be caught",
            );
            continue;
        }
        let before = server.counts();
        let usage = program.run(home.path(), &environment);
        let counts = server.counts() - before;
        table.add(
            &format!("after kill -9 at {percent} %"),
            "keepdocker",
            usage,
            counts,
        );
        let rest = image.length.saturating_sub(before.sent) as f64;
        table.at_most(
            &format!("killed at {percent} %: MiB sent beyond the rest"),
            (counts.sent as f64 - rest).max(0.0) / MIB,
            64.0,
        );
    }
}

/// Returns how many seconds one core takes to hash so many bytes, in blocks.
fn md5_time(length: u64) -> f64 {
    let block: Vec<u8> = (0..MAXIMUM_SIZE).map(|i| (i * 31) as u8).collect();
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(BlockHash::of(std::hint::black_box(&block)));
            start.elapsed().as_secs_f64()
        })
        .collect();
    median(&mut times) * length as f64 / MAXIMUM_SIZE as f64
}
