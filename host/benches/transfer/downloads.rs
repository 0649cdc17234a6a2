//! Rows about downloads into a file or an engine.

use std::process::{Command, Stdio};

use keepdocker_measuring::python;
use serde_json::Value;

use super::image::{self, Image, Texture};
use super::measure::{Program, Usage};
use super::rows::{Bench, MIB, done, from_file, middle, ours};
use super::server::{Counts, Server};
use super::table::Table;

/// Download: an image of the cluster into a file.
pub(crate) fn save(bench: &Bench, table: &mut Table) {
    let image = &bench.images()[0];
    let server = Server::start(&bench.folder, true);
    let home = bench.home();
    let told = stored(image, &home, &server);
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    let target = home.path().join("saved.tar");
    let mut programs = vec![ours(
        "keepdocker save",
        &[
            "save",
            &text("portable_data_hash"),
            "-o",
            target.to_str().unwrap(),
        ],
    )];
    if let Some(path) = python("arv-get") {
        let file = format!("{}/{}.tar", text("collection"), text("image"));
        programs.push(Program::new(
            "Python arv-get",
            path,
            ["-f", "--no-progress", &file, target.to_str().unwrap()],
        ));
    }
    let mut results: Vec<Vec<(Usage, Counts)>> = programs.iter().map(|_| Vec::new()).collect();
    for _ in 0..bench.runs {
        for (program, results) in programs.iter().zip(&mut results) {
            let usage = program.run(home.path(), &server.environment);
            let length = std::fs::metadata(&target).unwrap().len();
            assert!(length >= image.length / 2, "{length} bytes were fetched");
            std::fs::remove_file(&target).unwrap();
            results.push((usage, Counts::default()));
        }
    }
    let middles: Vec<Usage> = results.iter().map(|results| middle(results).0).collect();
    for (program, usage) in programs.iter().zip(&middles) {
        table.add("download", program.name, *usage, Counts::default());
    }
    table.at_most(
        "download: resident MiB",
        middles[0].resident as f64 / MIB,
        320.0,
    );
    if let Some(python) = middles.get(1) {
        table.at_least(
            "download: throughput, to arv-get",
            python.wall / middles[0].wall,
            2.2,
        );
    }
}

/// Load: an image of the cluster into an engine that does not have it, beside `docker load` of the same archive.
pub(crate) fn load(bench: &Bench, table: &mut Table) {
    let Some(host) = std::env::var_os("KEEPDOCKER_TEST_DOCKER_HOST") else {
        return table.skip("load", "no engine (KEEPDOCKER_TEST_DOCKER_HOST)");
    };
    // The engine has no layer of it.
    let seeds = [70_001, 70_002, 70_003, 70_004];
    let layers = seeds.map(|seed| (seed, bench.size / 4));
    let name = format!("bench/load-{}:1", bench.size >> 20);
    let image = image::write_layers(&bench.folder, &name, &layers, Texture::Noise);
    let server = Server::start(&bench.folder, true);
    let home = bench.home();
    stored(&image, &home, &server);
    let file = image.file.to_str().unwrap();
    let programs = [
        ours("keepdocker load", &["load", &name]),
        Program::new(
            "docker load",
            "docker",
            ["load", "--quiet", "--input", file],
        ),
    ];
    let mut results: Vec<Vec<(Usage, Counts)>> = programs.iter().map(|_| Vec::new()).collect();
    for _ in 0..bench.runs {
        for (program, results) in programs.iter().zip(&mut results) {
            let usage = program.run(home.path(), &server.environment);
            results.push((usage, Counts::default()));
            let mut docker = Command::new("docker");
            done(
                docker
                    .args(["rmi", "--force", &name])
                    .env("DOCKER_HOST", &host),
            );
        }
    }
    let middles: Vec<Usage> = results.iter().map(|results| middle(results).0).collect();
    for (program, usage) in programs.iter().zip(&middles) {
        table.add(
            "load into the engine",
            program.name,
            *usage,
            Counts::default(),
        );
    }
    table.at_most(
        "load: wall, to `docker load` of a file",
        middles[0].wall / middles[1].wall,
        1.1,
    );
}

/// Uploads an image from its file, and returns what was told of it.
fn stored(image: &Image, home: &tempfile::TempDir, server: &Server) -> Value {
    let upload = from_file("keepdocker", image, &["--json"]);
    let printed = upload
        .command(home.path(), &server.environment)
        .stdout(Stdio::piped())
        .output()
        .unwrap()
        .stdout;
    serde_json::from_slice(&printed).unwrap()
}
