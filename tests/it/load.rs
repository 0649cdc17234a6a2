//! Much at once, often, or large: how long it takes, and what it costs in memory and requests.
//!
//! The test command takes a small part; `KEEPDOCKER_LOAD=all` takes a hundred uploads at once, a thousand runs in one
//! folder, a list of a hundred thousand links, and an image of 10 GiB. Each test prints what it measured. Bounds of
//! memory and requests are those of the documentation; those of time are there to find what never ends.

mod image;

use std::fs;
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Cluster, Environment, Made};
use image::Large;

const KEEPDOCKER: &str = env!("CARGO_BIN_EXE_keepdocker");
/// What one run takes at most, in KiB: `docs/performance.md` has 256 MiB for what it holds of an image, and a program has
/// some of its own.
const MEMORY: u64 = 400 << 10;
/// What nothing here takes on any machine.
const FOR_EVER: Duration = Duration::from_secs(1800);

/// How much there is of something, in the small part and in the whole.
fn extent(small: usize, whole: usize) -> usize {
    match std::env::var("KEEPDOCKER_LOAD").is_ok_and(|wanted| wanted == "all") {
        true => whole,
        false => small,
    }
}

/// Says what was measured, past the capture of the test program.
fn report(line: &str) {
    let line = format!("\nload: {line}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// A run that goes on.
struct Run {
    child: Child,
    /// The most memory that it was seen to have, in KiB.
    peak: u64,
}

impl Run {
    fn start(environment: &Environment, words: &[&str], input: Stdio) -> Run {
        let child = environment
            .prepared(KEEPDOCKER, words)
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(environment.home().join("told")).unwrap())
            .spawn()
            .unwrap();
        Run { child, peak: 0 }
    }

    /// Looks at what it has now; false once it has ended.
    fn look(&mut self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let size = line.and_then(|line| line.split_whitespace().nth(1));
        let size = size.and_then(|size| size.parse().ok()).unwrap_or(0);
        self.peak = self.peak.max(size);
        self.child.try_wait().unwrap().is_none()
    }
}

/// Waits for the end of all, and returns what each printed.
fn finish(runs: &mut [Run]) -> Vec<String> {
    let deadline = Instant::now() + FOR_EVER;
    // Who reads nothing stops a program that prints more than a pipe holds.
    let readers: Vec<_> = runs
        .iter_mut()
        .map(|run| {
            let mut output = run.child.stdout.take().unwrap();
            std::thread::spawn(move || {
                let mut text = String::new();
                output.read_to_string(&mut text).unwrap();
                text
            })
        })
        .collect();
    loop {
        let going = runs
            .iter_mut()
            .filter_map(|run| run.look().then_some(()))
            .count();
        if going == 0 {
            break;
        }
        if Instant::now() > deadline {
            for run in runs.iter_mut() {
                let _ = run.child.kill();
            }
            panic!("{going} runs do not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    readers
        .into_iter()
        .map(|reader| reader.join().unwrap())
        .collect()
}

#[test]
fn many_uploads_at_once_are_all_registered_and_none_takes_more_than_one_alone() {
    let count = extent(10, 100);
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let mut lines = Vec::new();
    for number in 0..count {
        let file = environment.home().join(format!("{number}.tar"));
        let image = Made::of(&[(number as u64, 200_000), (1_000_000, 100_000)]);
        fs::write(&file, image.saved(&[])).unwrap();
        let source = format!("docker-archive:{}", file.display());
        lines.push([source, format!("lab/many:{number}")]);
    }
    let begin = Instant::now();
    let mut runs: Vec<Run> = lines
        .iter()
        .map(|[source, name]| {
            Run::start(
                &environment,
                &["upload", "--from", source, name],
                Stdio::null(),
            )
        })
        .collect();
    let printed = finish(&mut runs);
    let took = begin.elapsed();
    let peaks: Vec<u64> = runs.iter().map(|run| run.peak).collect();
    for (run, [_, name]) in runs.iter_mut().zip(&lines) {
        let status = run.child.wait().unwrap();
        assert!(status.success(), "{name}: {status}");
    }
    let requests = cluster.log().api_requests();
    report(&format!(
        "{count} uploads at once: {took:.1?}, at most {} MiB each, {requests} requests",
        peaks.iter().max().unwrap() >> 10
    ));
    assert!(*peaks.iter().max().unwrap() < MEMORY, "{peaks:?}");
    assert!(requests <= 40 * count, "{requests}");
    assert_eq!(cluster.collections().len(), count);
    assert_eq!(cluster.links_of("docker_image_hash").len(), count);
    let names = cluster.links_of("docker_image_repo+tag");
    assert_eq!(names.len(), count);
    for (uuid, [_, name]) in printed.iter().zip(&lines) {
        let is_it = |link: &&Value| link["name"] == **name;
        let link = names.iter().find(is_it).unwrap();
        assert_eq!(link["head_uuid"], uuid.trim(), "{name}");
    }
    let _ = environment.keepdocker(&["audit", "verify"]).success();
}

#[test]
fn many_runs_in_one_folder_stay_as_fast_as_the_first_and_keep_their_logs_sound() {
    let count = extent(40, 1000);
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let file = environment.home().join("image.tar");
    fs::write(&file, Made::of(&[(5, 50_000)]).saved(&["lab/often:1"])).unwrap();
    let source = format!("docker-archive:{}", file.display());
    let mut times = Vec::new();
    for number in 0..count {
        let words = match number % 4 {
            0 => vec!["upload", "--force", "--from", &source, "lab/often:1"],
            1 => vec!["images"],
            2 => vec!["resolve", "lab/often:1"],
            _ => vec!["upload", "--from", &source, "lab/often:1"],
        };
        let begin = Instant::now();
        let _ = environment.keepdocker(&words).success();
        times.push(begin.elapsed());
    }
    let tenth = count / 10;
    let sum =
        |times: &[Duration]| times.iter().sum::<Duration>() / u32::try_from(times.len()).unwrap();
    let (first, last) = (sum(&times[..tenth]), sum(&times[count - tenth..]));
    let cached = files(&environment.home().join("cache"));
    let logs = files(&environment.home().join("state"));
    report(&format!(
        "{count} runs in one folder: {first:.0?} each at first, {last:.0?} in the end, {} files of {} KiB in the \
         cache, {} files of {} KiB of logs",
        cached.0,
        cached.1 >> 10,
        logs.0,
        logs.1 >> 10
    ));
    // Other tests go on at the same time; what grows with each run would be far more.
    assert!(
        last < 5 * first + Duration::from_secs(1),
        "{first:?} {last:?}"
    );
    assert!(cached.0 <= 6, "{cached:?}");
    // Two files a run, and the heads.
    assert!(logs.0 <= 2 * count + 1, "{logs:?}");
    assert!(logs.1 <= 256 << 20, "{logs:?}");
    let verified = environment.keepdocker(&["audit", "verify"]).success();
    assert!(verified.contains(&format!("{count} sound")), "{verified}");
}

/// How many files a folder has, and their bytes.
fn files(folder: &Path) -> (usize, u64) {
    let mut sum = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let more = match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path()),
            false => (1, entry.metadata().unwrap().len()),
        };
        sum = (sum.0 + more.0, sum.1 + more.1);
    }
    sum
}

#[test]
fn a_long_list_takes_bounded_memory_and_as_many_requests_as_it_has_pages() {
    let images = extent(2500, 50_000);
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let owner = cluster.user_uuid();
    let made = keepdocker_sandbox::seed::Image::numbered(images, &owner);
    cluster.seed().images(&made).unwrap();
    cluster.log().clear();
    let begin = Instant::now();
    let mut runs = [Run::start(&environment, &["images"], Stdio::null())];
    let printed = finish(&mut runs).remove(0);
    let took = begin.elapsed();
    assert!(runs[0].child.wait().unwrap().success());
    let requests = cluster.log().api_requests();
    report(&format!(
        "{} links listed: {took:.1?}, {} MiB, {requests} requests",
        2 * images,
        runs[0].peak >> 10
    ));
    assert_eq!(printed.lines().count(), images + 1);
    assert!(runs[0].peak < MEMORY, "{} KiB", runs[0].peak);
    // A thousand on each page: the links and their collections, and what tells where to go on.
    assert!(requests <= 10 + 5 * images.div_ceil(1000), "{requests}");
}

#[test]
fn a_large_image_from_a_pipe_takes_the_memory_of_a_small_one() {
    let layers = extent(2, 10);
    let size = extent(96 << 20, 1 << 30);
    let cluster = Cluster::start();
    cluster.faults().discard_blocks(true);
    let environment = Environment::on(&cluster);
    let image = Large::new(layers, size);
    let begin = Instant::now();
    let words = ["upload", "--from", "-", "lab/large:1"];
    let mut runs = [Run::start(&environment, &words, Stdio::piped())];
    let mut pipe = runs[0].child.stdin.take().unwrap();
    let (id, bytes) = (image.id(), image.length());
    let writer = std::thread::spawn(move || image.write_to(&mut pipe));
    finish(&mut runs);
    let took = begin.elapsed();
    let written = writer.join().unwrap();
    let told = fs::read_to_string(environment.home().join("told")).unwrap();
    assert!(runs[0].child.wait().unwrap().success(), "{told}");
    written.unwrap();
    let blocks = cluster.log().blocks_written();
    report(&format!(
        "{} MiB from a pipe: {took:.1?}, {} MiB, {blocks} blocks",
        bytes >> 20,
        runs[0].peak >> 10
    ));
    assert!(runs[0].peak < MEMORY, "{} KiB", runs[0].peak);
    // Each layer begins a block of its own, and something is around them.
    let most = bytes.div_ceil(64 << 20) + 2 * layers as u64 + 2;
    assert!(blocks as u64 <= most, "{blocks} blocks, not {most}");
    assert_eq!(cluster.links_of("docker_image_hash")[0]["name"], id);
}
