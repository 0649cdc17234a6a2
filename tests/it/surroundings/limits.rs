//! What batch systems and login nodes allow: `ulimit`.

use std::fs::File;

use super::{KEEPDOCKER, after, assert_ended_in_words, place, tasks, uploads};
use crate::support::{Layer, saved};

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

#[test]
fn two_gibibytes_of_address_space_are_enough_for_an_image_of_many_blocks() {
    let (cluster, environment) = place();
    cluster.faults().discard_blocks(true);
    let layers = [Layer::new(1, 200 << 20), Layer::new(2, 150 << 20)];
    let file = environment.home().join("image.tar");
    std::io::copy(
        &mut saved(&layers, "lab/big:1"),
        &mut File::create(&file).unwrap(),
    )
    .unwrap();
    let source = format!("docker-archive:{}", file.display());
    let arguments = ["upload", "--from", &source].map(str::to_owned);
    let output = after(&environment, "ulimit -v 2097152", KEEPDOCKER, &arguments);
    let _ = output.success();
    assert_eq!(cluster.collections().len(), 1);
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
