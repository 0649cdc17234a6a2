//! Images that come from a registry, beside skopeo with the Python program, and beside the machine's limit.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use keepdocker_arvados::keep::{Block, MAXIMUM_SIZE};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::image::{self, Image, Texture};
use super::measure::{Program, Usage, processor_time};
use super::relay::{self, Way};
use super::rows::{Bench, MIB, ROUND_TRIP, ours};
use super::server::Counts;
use super::several;
use super::table::Table;
use keepdocker_measuring::median;
use keepdocker_measuring::python;

/// How many layers the image has, each of the same size.
const LAYERS: u64 = 4;
/// What comes over the line with a limited rate in a second: 200 Mbit.
const RATE: u64 = 25_000_000;
/// How many small images there are.
const SMALL: u64 = 50;

/// From a registry: an image whose layers are compressed, near, 50 ms away, and over a line of 200 Mbit/s.
pub(crate) fn whole(bench: &Bench, table: &mut Table) {
    let Some(registry) = Registry::find(table, "registry") else {
        return;
    };
    let each = bench.size / LAYERS;
    let layers: Vec<(u64, u64)> = (1..=LAYERS).map(|seed| (seed, each)).collect();
    let name = format!("bench/words-{}:1", bench.size >> 20);
    let image = image::write_layers(&bench.folder, &name, &layers, Texture::Words);
    registry.push(&image);
    let (limit, length) = limit_aside(&image);
    for (case, key, way) in [
        ("from a registry", "registry", None),
        (
            "from a registry, 50 ms away",
            "registry, 50 ms away",
            Some(Way {
                round_trip: ROUND_TRIP,
                rate: None,
            }),
        ),
        (
            "from a registry, 200 Mbit/s",
            "registry, 200 Mbit/s",
            Some(Way {
                round_trip: ROUND_TRIP,
                rate: Some(RATE),
            }),
        ),
    ] {
        let port = way.map_or(registry.port, |way| relay::start_over(registry.port, way));
        let source = format!("docker://127.0.0.1:{port}/{name}");
        let mut programs = vec![(ours("keepdocker", &["upload", "--from", &source]), None)];
        if let Some(arv_put) = python("arv-put") {
            let script = format!(
                "skopeo --insecure-policy copy --quiet --src-tls-verify=false {source} docker-archive:image.tar && {} --no-cache --no-progress image.tar",
                arv_put.display()
            );
            let both = Program::new("skopeo, Python arv-put", "/bin/sh", ["-c", &script]);
            programs.push((both, None));
        }
        let results = bench.compare(table, case, &programs);
        let usage = results[0].0;
        if way.is_none() {
            table.add(
                case,
                "inflating and hashing, two cores",
                limit,
                Counts::default(),
            );
            table.at_most(
                "registry: wall, to inflating and hashing on two cores",
                usage.wall / limit.wall,
                1.3,
            );
            table.at_most("registry: resident MiB", usage.resident as f64 / MIB, 320.0);
            table.at_most(
                "registry: MiB written to disk",
                usage.written as f64 / MIB,
                16.0,
            );
        }
        if let Some(rate) = way.and_then(|way| way.rate) {
            let least = length / rate as f64;
            let what = format!("{key}: wall, to what the line takes");
            table.at_most(&what, usage.wall / least, 1.3);
        }
        if let Some((others, _)) = results.get(1) {
            // A narrow line is as slow for both.
            if way.is_none_or(|way| way.rate.is_none()) {
                let what = format!("{key}: wall, to skopeo and arv-put");
                table.at_most(&what, usage.wall / others.wall, 0.5);
            }
            let what = format!("{key}: CPU, to skopeo and arv-put");
            table.at_most(&what, usage.processor / others.processor, 0.5);
        }
    }
}

/// Small: a list of fifty images with a layer in common and two of their own, one after the other.
pub(crate) fn small(bench: &Bench, table: &mut Table) {
    let Some(registry) = Registry::find(table, "small") else {
        return;
    };
    let names: Vec<String> = (1..=SMALL)
        .map(|number| {
            let name = format!("bench/small-{number}:1");
            let layers = [
                (1, 2 << 20),
                (2 * number, 200 << 10),
                (2 * number + 1, 8 << 20),
            ];
            let image = image::write_layers(&bench.folder, &name, &layers, Texture::Words);
            registry.push(&image);
            std::fs::remove_file(&image.file).unwrap();
            name
        })
        .collect();
    let programs: Vec<Program> = names
        .iter()
        .map(|name| {
            let source = format!("docker://127.0.0.1:{}/{name}", registry.port);
            ours("keepdocker", &["upload", "--from", &source])
        })
        .collect();
    let (sum, counts) = several::one_after_the_other(bench, &programs);
    table.add("50 small images", "keepdocker", sum, counts);
    let each_minute = 60.0 * SMALL as f64 / sum.wall;
    table.at_least("small: images a minute", each_minute, 60.0);
}

/// The registry of the tests.
struct Registry {
    port: u16,
}

impl Registry {
    /// Finds it, with what pushes images there.
    fn find(table: &mut Table, row: &str) -> Option<Self> {
        let host = std::env::var("KEEPDOCKER_TEST_REGISTRY").ok();
        let port = host.and_then(|host| host.rsplit_once(':')?.1.parse().ok());
        let has_skopeo = Command::new("skopeo").arg("--version").output().is_ok();
        let Some(port) = port.filter(|_| has_skopeo) else {
            table.skip(row, "no registry (KEEPDOCKER_TEST_REGISTRY), or no skopeo");
            return None;
        };
        Some(Self { port })
    }

    fn push(&self, image: &Image) {
        let from = format!("docker-archive:{}", image.file.display());
        let to = format!("docker://127.0.0.1:{}/{}", self.port, image.name);
        let words = [
            "--insecure-policy",
            "copy",
            "--quiet",
            "--dest-tls-verify=false",
        ];
        let pushed = Command::new("skopeo")
            .args(words)
            .args([&from, &to])
            .output();
        let pushed = pushed.unwrap();
        let errors = String::from_utf8_lossy(&pushed.stderr);
        assert!(pushed.status.success(), "{errors}");
    }
}

/// Returns what [`limit`] says of an image, and the length of its layers as a registry has them.
///
/// The work is done in another process: the system counts the most memory that this one ever had as that of each program
/// that it starts.
fn limit_aside(image: &Image) -> (Usage, f64) {
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this)
        .arg("--limit")
        .arg(&image.file)
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |name: &str| told[name].as_f64().unwrap();
    let usage = Usage {
        wall: number("wall"),
        processor: number("processor"),
        ..Usage::default()
    };
    (usage, number("length"))
}

/// Tells what two cores take to inflate the layers of an image and to hash them in one pass: SHA-256 with and without
/// compression, MD5 of the blocks. Nobody can be faster who does all of that.
pub(crate) fn limit(file: &Path) {
    let layers = compressed(file);
    let length: usize = layers.iter().map(Vec::len).sum();
    let (mut walls, mut processor) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let (start, before) = (Instant::now(), processor_time(std::process::id()));
        let (even, odd) = halves(&layers);
        let work = |some: Vec<&Vec<u8>>| {
            for layer in some {
                inflate_and_hash(layer);
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(move || work(odd));
            work(even);
        });
        walls.push(start.elapsed().as_secs_f64());
        processor.push(processor_time(std::process::id()) - before);
    }
    println!(
        "{}",
        json!({"wall": median(&mut walls), "processor": median(&mut processor), "length": length})
    );
}

fn halves(layers: &[Vec<u8>]) -> (Vec<&Vec<u8>>, Vec<&Vec<u8>>) {
    let even = layers.iter().step_by(2).collect();
    let odd = layers.iter().skip(1).step_by(2).collect();
    (even, odd)
}

fn inflate_and_hash(layer: &[u8]) {
    let raw = Sha256::digest(layer);
    let mut plain = Sha256::new();
    let mut decoder = flate2::bufread::GzDecoder::new(layer);
    let mut block = Vec::with_capacity(MAXIMUM_SIZE);
    let mut chunk = vec![0; 256 << 10];
    loop {
        let count = decoder.read(&mut chunk).unwrap();
        plain.update(&chunk[..count]);
        let is_full = block.len() + count > MAXIMUM_SIZE;
        if is_full || count == 0 {
            let full = std::mem::replace(&mut block, Vec::with_capacity(MAXIMUM_SIZE));
            std::hint::black_box(Block::new(full.into()));
        }
        if count == 0 {
            break;
        }
        block.extend_from_slice(&chunk[..count]);
    }
    std::hint::black_box((raw, plain.finalize()));
}

/// Returns the layers of the image in an archive as a registry has them.
fn compressed(file: &Path) -> Vec<Vec<u8>> {
    let mut archive = tar::Archive::new(std::fs::File::open(file).unwrap());
    let mut layers = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if !entry.path().unwrap().ends_with("layer.tar") {
            continue;
        }
        let level = flate2::Compression::default();
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
        std::io::copy(&mut entry, &mut writer).unwrap();
        writer.flush().unwrap();
        layers.push(writer.finish().unwrap());
    }
    layers
}
