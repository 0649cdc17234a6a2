//! Real figures: how many blocks images have in Keep, and which of them a second image shares.
#![expect(
    clippy::print_stdout,
    reason = "the figures are wanted beside the verdict"
)]

use std::collections::HashSet;

use crate::support::{Cluster, Environment, Layer, saved};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Far less than any image of these tests.
const MOST_EXTRA_DISK: u64 = 8 * MIB;

#[test]
fn a_rebuilt_layer_of_an_image_of_a_gibibyte_makes_at_most_three_new_blocks() {
    // Built on a language's image, as most are; the fifth is the application.
    let sizes = [
        117 * MIB,
        48 * MIB,
        177 * MIB,
        560 * MIB,
        5 * MIB,
        12 * KIB,
        90 * MIB,
        300 * KIB,
        28 * MIB,
    ];
    let first: Vec<Layer> = (1..)
        .zip(sizes)
        .map(|(seed, size)| Layer::new(seed, size))
        .collect();
    assert!(first.iter().map(Layer::size).sum::<u64>() >= 1024 * MIB);
    let mut second = first.clone();
    // What is rebuilt has hardly ever the length it had.
    second[4] = Layer::new(99, 5 * MIB + 40 * KIB);

    let mut counts = Vec::new();
    for layout in ["layered", "dense"] {
        let [before, after] = [&first, &second].map(|layers| stored(layers, layout));
        let known: HashSet<&String> = before.iter().collect();
        let new = after.iter().filter(|block| !known.contains(block)).count();
        let sent: u64 = after
            .iter()
            .filter(|block| !known.contains(block))
            .map(|block| size_of(block))
            .sum();
        println!(
            "{layout}: {} blocks; of version 2, {new} are new, with {:.1} MiB",
            after.len(),
            sent as f64 / MIB as f64
        );
        counts.push((after.len(), new));
    }
    let ((layered, new), (dense, new_if_dense)) = (counts[0], counts[1]);
    assert!(new <= 3, "{new} new blocks");
    assert!(new < new_if_dense, "the rule would be of no use");
    assert!(
        10 * layered <= 14 * dense,
        "{layered} blocks, {dense} dense"
    );
}

#[test]
fn two_images_on_one_base_of_400_mebibytes_share_it() {
    let base: Vec<Layer> = (1..)
        .zip([120 * MIB, 49 * MIB, 20 * KIB, 181 * MIB, 50 * MIB, 3 * KIB])
        .map(|(seed, size)| Layer::new(seed, size))
        .collect();
    let size: u64 = base.iter().map(Layer::size).sum();
    assert!(size >= 400 * MIB);
    let images = [100, 200].map(|seed| {
        let own = [
            Layer::new(seed, 2 * KIB),
            Layer::new(seed + 1, (7 + seed / 100) * MIB),
        ];
        [base.clone(), own.to_vec()].concat()
    });
    let mut shares = Vec::new();
    for layout in ["layered", "dense"] {
        let [one, two] = [&images[0], &images[1]].map(|layers| stored(layers, layout));
        let known: HashSet<&String> = one.iter().collect();
        let shared: u64 = two
            .iter()
            .filter(|block| known.contains(block))
            .map(|block| size_of(block))
            .sum();
        let share = shared as f64 / size as f64;
        println!(
            "{layout}: {} blocks; {:.2} % of the base are shared",
            two.len(),
            100.0 * share
        );
        shares.push(share);
    }
    assert!(shares[0] >= 0.99, "{shares:?}");
}

#[test]
fn the_user_is_told_where_blocks_that_are_not_full_are_many() {
    let layers: Vec<Layer> = (1..=30).map(|seed| Layer::new(seed, 35 * MIB)).collect();
    let cluster = Cluster::start();
    cluster.faults().discard_blocks(true);
    let environment = Environment::on(&cluster);
    let output = environment.run_on(
        env!("CARGO_BIN_EXE_keepdocker"),
        &["upload", "--from", "-", "lab/figures:1", "--json"],
        saved(&layers, "lab/figures:1"),
    );
    let answer: serde_json::Value = serde_json::from_str(&output.stdout()).unwrap();
    assert_eq!(blocks_of(&cluster).len(), 31);
    assert_eq!(
        (&answer["blocks"], &answer["fewest_blocks"]),
        (&31.into(), &17.into())
    );
    for words in ["82 % more blocks than the 17", "--block-layout=dense"] {
        assert!(output.stderr.contains(words), "{output}");
    }
}

/// The blocks of an image in Keep, in order, as hash and size.
///
/// By default, no file may be written that is larger than a small part of the image.
fn stored(layers: &[Layer], layout: &str) -> Vec<String> {
    let cluster = Cluster::start();
    cluster.faults().discard_blocks(true);
    let environment = Environment::on(&cluster);
    let limit = match layout {
        "layered" => format!("--fsize={MOST_EXTRA_DISK}"),
        // The order of the members must be known before the first cut.
        _ => "--fsize=unlimited".to_owned(),
    };
    let program = env!("CARGO_BIN_EXE_keepdocker");
    let layout = format!("--block-layout={layout}");
    let words = [
        &*limit,
        program,
        "upload",
        "--from",
        "-",
        "lab/figures:1",
        &layout,
    ];
    let _ = environment
        .run_on("prlimit", &words, saved(layers, "lab/figures:1"))
        .success();
    blocks_of(&cluster)
}

/// The blocks of the only collection, in order, as hash and size.
fn blocks_of(cluster: &Cluster) -> Vec<String> {
    let collection = cluster.only_collection();
    let manifest = collection["manifest_text"].as_str().unwrap();
    let stream = manifest.lines().next().unwrap();
    stream
        .split(' ')
        .filter(|word| word.split('+').next().is_some_and(|hash| hash.len() == 32))
        .map(|locator| locator.split('+').take(2).collect::<Vec<_>>().join("+"))
        .collect()
}

fn size_of(block: &str) -> u64 {
    block.split_once('+').unwrap().1.parse().unwrap()
}
