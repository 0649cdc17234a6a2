//! How many blocks an image has, and what of them a second version shares.
#![expect(
    clippy::print_stdout,
    reason = "the figures are wanted beside the verdict"
)]

use std::collections::HashSet;
use std::io::{self, Read};

use crate::cutting::Cutting;
use crate::image::{BlockLayout, Form};
use crate::machine::spool;
use crate::{BlockSink, Digest, SinkClosed};

use super::fixtures::{
    Made, Part, Selection, noise, oci_index, read_as, stream, stream_of, tar, with_cutting,
};

/// Sizes of layers in KiB, lowest first: how images of these kinds are built.
pub(super) const REALISTIC: [(&str, &[usize]); 9] = [
    (
        "language base image",
        &[119_808, 49_152, 181_248, 573_440, 19_456, 46_080, 5, 12_288],
    ),
    (
        "application on a language base",
        &[
            119_808, 49_152, 181_248, 573_440, 17_408, 143_360, 7_168, 1, 10, 2, 215_040, 3_072,
            56_320, 512, 1_228,
        ],
    ),
    (
        "statistics workbench",
        &[
            79_667, 40, 1, 471_040, 3, 20, 921, 317_440, 10, 63_488, 3, 860_160, 2, 35_840, 10,
            491_520,
        ],
    ),
    (
        "genome toolkit",
        &[
            79_667, 409_600, 10, 1_126_400, 50, 2, 358_400, 100, 30, 12_288, 1_433_600, 5, 194_560,
            400, 3, 286_720, 10, 25_600, 200,
        ],
    ),
    (
        "notebook server",
        &[
            79_667, 30, 61_440, 10, 2, 4, 327_680, 3, 20, 1_433, 10, 204_800, 20, 5, 593_920, 10,
            4_608, 200, 829_440, 10, 25_600, 1, 655_360, 300, 10, 440_320, 2, 3_174, 245_760, 1,
            788_480,
        ],
    ),
    (
        "workflow runner",
        &[
            119_808, 200, 404_480, 10, 92_160, 430_080, 5, 921, 61_440, 8_192,
        ],
    ),
    ("single-package image", &[4_710, 1_177_600, 300]),
    (
        "many steps of one size",
        &[
            79_872, 53_248, 100, 53_248, 100, 53_248, 100, 53_248, 100, 53_248, 100, 53_248, 100,
            53_248, 100, 53_248, 100, 53_248, 100, 53_248, 100, 53_248, 100, 53_248, 100, 53_248,
            100, 53_248, 100, 53_248, 100, 53_248, 100, 53_248, 100, 53_248, 100, 53_248, 100,
            53_248, 100,
        ],
    ),
    (
        "model on an accelerator base",
        &[
            79_872, 148_480, 80, 9_216, 2, 1_945_600, 10, 307_200, 2_457_600, 1, 4_096, 614_400, 5,
            20,
        ],
    ),
];

/// The rule at a thousandth of its size, with units that stay multiples of 512.
const SCALED: Cutting = Cutting {
    block: 64 << 10,
    large: 1 << 10,
};

/// Makes an image of layers whose sizes are a thousandth of these.
pub(super) fn scaled(kibibytes: &[usize]) -> Made {
    let layers = kibibytes.iter().enumerate();
    Made::new(
        layers
            .map(|(seed, size)| noise(seed as u64 + 1, *size))
            .collect(),
    )
}

pub(super) fn blocks(image: &Made, layout: BlockLayout) -> (Vec<Digest>, u64) {
    let bytes = tar(&image.docker_parts(<[u8]>::to_vec));
    let mut archive = with_cutting(stream(bytes), SCALED);
    let stored = read_as(&mut archive, &Selection::Only, Form::Canonical, layout).unwrap();
    (stored.blocks, stored.reading.size)
}

#[test]
fn a_large_image_has_at_most_forty_percent_more_blocks() {
    println!("layered  dense  more  image");
    for (name, sizes) in REALISTIC {
        let image = scaled(sizes);
        let (layered, _) = blocks(&image, BlockLayout::Layered);
        let (dense, _) = blocks(&image, BlockLayout::Dense);
        let more = 100 * (layered.len() - dense.len()) / dense.len();
        println!("{:7}  {:5}  {more:3}%  {name}", layered.len(), dense.len());
        assert!(10 * layered.len() <= 14 * dense.len(), "{name}");
        // The rule's own bound: one more for each large layer, and one for the rest.
        let large = sizes.iter().filter(|size| **size >= 1024).count();
        assert!(layered.len() <= dense.len() + large + 1, "{name}");
    }
}

#[test]
fn the_worst_image_waits_on_little_disk() {
    // The most layers that an engine makes, each as large as one may be that waits.
    let layers = 127;
    let size = Cutting::KEEP.large - 1;
    assert!(layers * size < spool::LIMIT / 2 + (1 << 20));
    const { assert!(spool::LIMIT <= 256 << 20) };
    let folder = tempfile::tempdir().unwrap();
    let mut spool = spool::Spool::new(folder.path());
    let layer = vec![0; size as usize];
    for _ in 0..layers {
        spool.append(&layer).unwrap();
    }
    // Beyond the limit, the user is told what to do.
    let error = loop {
        if let Err(error) = spool.append(&layer) {
            break error.to_string();
        }
    };
    assert!(error.contains("save it to a file"), "{error}");
}

#[test]
fn dense_blocks_are_full_but_the_last() {
    let image = scaled(REALISTIC[0].1);
    let (dense, size) = blocks(&image, BlockLayout::Dense);
    assert_eq!(dense.len() as u64, size.div_ceil(SCALED.block as u64));
}

#[test]
fn a_rebuilt_layer_makes_two_new_blocks() {
    for at in [0, 3, 6, 7] {
        let first = scaled(REALISTIC[0].1);
        let mut second = first.clone();
        second.layers[at] = noise(99, 5 << 10);
        let second = Made::new(second.layers);
        let before: HashSet<Digest> = blocks(&first, BlockLayout::Layered).0.into_iter().collect();
        let (after, _) = blocks(&second, BlockLayout::Layered);
        let new = after.iter().filter(|block| !before.contains(block)).count();
        // Its own, and the one that all small members share.
        assert!(new <= 2, "layer {at}: {new}");

        let before: HashSet<Digest> = blocks(&first, BlockLayout::Dense).0.into_iter().collect();
        let (after, _) = blocks(&second, BlockLayout::Dense);
        let new_dense = after.iter().filter(|block| !before.contains(block)).count();
        println!(
            "layer {at}: {new} new blocks, {new_dense} of {} if dense",
            after.len()
        );
    }
}

#[test]
fn two_images_share_their_base() {
    let base: Vec<Vec<u8>> = [120 << 10, 49 << 10, 181 << 10, 50 << 10]
        .iter()
        .enumerate()
        .map(|(seed, size)| noise(seed as u64 + 1, *size))
        .collect();
    let image = |seed| {
        let mut layers = base.clone();
        layers.insert(2, noise(seed, 300));
        layers.push(noise(seed + 1, 7 << 10));
        Made::new(layers)
    };
    let share = |layout| {
        let (first, _) = blocks(&image(100), layout);
        let first: HashSet<Digest> = first.into_iter().collect();
        let (second, _) = blocks(&image(200), layout);
        second.iter().filter(|block| first.contains(block)).count()
    };
    // All blocks of the four layers: 120 and 49 and 181 and 50 KiB with headers.
    assert_eq!(share(BlockLayout::Layered), 2 + 1 + 3 + 1);
    println!(
        "shared blocks: 7 if layered, {} if dense",
        share(BlockLayout::Dense)
    );
}

#[test]
fn a_repeated_layer_is_stored_once_and_listed_twice() {
    let layer = noise(1, 9000);
    let image = Made::new(vec![
        layer.clone(),
        noise(2, 100),
        layer.clone(),
        noise(2, 100),
    ]);
    let (mut parts, digest, length) = image.oci_parts(<[u8]>::to_vec);
    parts.push(oci_index(&[(digest, length, "a:1")]));
    let mut archive = with_cutting(stream(tar(&parts)), SCALED);
    let layout = BlockLayout::Layered;
    let stored = read_as(&mut archive, &Selection::Only, Form::Canonical, layout).unwrap();
    let name = format!("{}.tar", Digest::of(&layer).hex());
    let text = String::from_utf8_lossy(&stored.bytes);
    let manifest = &text[text.find(r#"[{"Config""#).unwrap()..];
    assert_eq!(manifest.matches(&name).count(), 2);
    assert_eq!(text.matches(&name).count(), 3);
}

/// Counts blocks of Keep's size, and drops them.
struct Counter {
    buffer: Option<Vec<u8>>,
    sizes: Vec<usize>,
}

impl BlockSink for Counter {
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed> {
        Ok(self.buffer.take().unwrap_or_default())
    }

    fn submit(&mut self, mut block: Vec<u8>) -> Result<usize, SinkClosed> {
        self.sizes.push(block.len());
        block.clear();
        self.buffer = Some(block);
        Ok(self.sizes.len() - 1)
    }
}

#[test]
fn the_real_sizes_are_those_of_keep() {
    const MIB: usize = 1 << 20;
    let layers = [65 * MIB, MIB - 1, MIB, 128 * MIB - 512, 128 * MIB - 511];
    let image = Made::new(layers.iter().map(|size| vec![b'.'; *size]).collect());
    let parts = image.docker_parts(<[u8]>::to_vec);
    // In memory once, not as an archive too.
    let headers = parts.into_iter().map(|part: Part| {
        let header = part.header().as_bytes().to_vec();
        let padding = part.data.len().next_multiple_of(512) - part.data.len();
        io::Cursor::new(header)
            .chain(io::Cursor::new(part.data))
            .chain(io::repeat(0).take(padding as u64))
    });
    let source = headers.fold(
        Box::new(io::empty()) as Box<dyn Read + Send>,
        |all, part| Box::new(all.chain(part)),
    );
    let mut archive = stream_of(source.chain(io::repeat(0).take(1024)));
    let mut sink = Counter {
        buffer: None,
        sizes: Vec::new(),
    };
    let layout = BlockLayout::Layered;
    let form = Form::Canonical;
    let mut read = 0;
    let mut progress = |count| read = count;
    let reading = archive.read(&Selection::Only, form, layout, &mut sink, &mut progress);
    let reading = reading.unwrap();
    let sizes: Vec<usize> = reading.order.iter().map(|at| sink.sizes[*at]).collect();
    assert_eq!(
        sizes[..8],
        [
            64 * MIB,
            MIB + 512,
            MIB + 512,
            64 * MIB,
            64 * MIB,
            64 * MIB,
            64 * MIB,
            512
        ]
    );
    assert_eq!(sizes.len(), 9);
    assert!(sizes[8] < MIB + 8192);
    assert_eq!(sizes.iter().sum::<usize>() as u64, reading.size);
    assert!(read > layers.iter().sum::<usize>() as u64);
}
