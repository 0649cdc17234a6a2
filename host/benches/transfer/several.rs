//! Many small images: one command for all, beside a command for each.

use super::image::{self, Texture};
use super::measure::{Program, Usage};
use super::rows::{Bench, middle, ours};
use super::server::{Counts, Server};
use super::table::Table;

/// How many images there are.
const IMAGES: u64 = 100;

/// Several: a hundred images with a layer in common and one of their own, all from files.
pub(crate) fn files(bench: &Bench, table: &mut Table) {
    let files: Vec<String> = (1..=IMAGES)
        .map(|number| {
            let name = format!("bench/several-{number}:1");
            let layers = [(80_000, 200 << 10), (80_000 + number, 100 << 10)];
            let image = image::write_layers(&bench.folder, &name, &layers, Texture::Words);
            image.file.to_str().unwrap().to_owned()
        })
        .collect();
    let each: Vec<Program> = files
        .iter()
        .map(|file| ours("keepdocker, a command for each", &["upload", file]))
        .collect();
    let words: Vec<&str> = ["upload"]
        .into_iter()
        .chain(files.iter().map(String::as_str))
        .collect();
    let all = [ours("keepdocker, one command", &words)];
    let mut results = [Vec::new(), Vec::new()];
    for _ in 0..bench.runs {
        for (programs, results) in [&each[..], &all].into_iter().zip(&mut results) {
            results.push(one_after_the_other(bench, programs));
        }
    }
    let [each, all] = results.map(|results| middle(&results));
    let case = "100 small images, from files";
    table.add(case, "keepdocker, a command for each", each.0, each.1);
    table.add(case, "keepdocker, one command", all.0, all.1);
    table.at_most(
        "several: wall of one command, to one for each",
        all.0.wall / each.0.wall,
        0.3,
    );
}

/// Runs programs on one cluster and in one home, and returns what all of them took.
pub(crate) fn one_after_the_other(bench: &Bench, programs: &[Program]) -> (Usage, Counts) {
    let mut server = Server::start(&bench.folder, false);
    let home = bench.home();
    let start = server.counts();
    let mut sum = Usage::default();
    for program in programs {
        let usage = program.run(home.path(), &server.environment);
        sum.wall += usage.wall;
        sum.processor += usage.processor;
        sum.resident = sum.resident.max(usage.resident);
        sum.written += usage.written;
    }
    (sum, server.counts() - start)
}
