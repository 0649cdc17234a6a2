//! What it would cost to keep the image's own order of layers, with the config before them; the reasons
//! are in `docs/notes/archives.md`.
#![expect(
    clippy::print_stdout,
    reason = "the figures are wanted beside the verdict"
)]

use crate::image::BlockLayout;

use super::layout::{REALISTIC, blocks, scaled};

/// All sizes are in KiB.
const BLOCK: usize = 64 << 10;
/// A header, with the config or `manifest.json` behind it.
const SMALL_MEMBER: usize = 1;
/// A base of this size or more is to be shared, but for a hundredth.
const BASE: usize = 400 << 10;

/// How a run of small members goes with the large layer before it.
#[derive(Clone, Copy)]
enum Run {
    /// It has blocks of its own, so that the layer's last block is the same in every image.
    Apart,
    /// It goes on in the layer's last block.
    Joined,
}

/// Counts the blocks of layers in the image's own order, where a layer from `large` on begins one.
fn in_image_order(sizes: &[usize], large: usize, run: Run) -> usize {
    let mut count = 0;
    let mut length = SMALL_MEMBER;
    let mut after_large = false;
    for size in sizes {
        let is_large = *size >= large;
        if is_large || after_large && matches!(run, Run::Apart) {
            count += length.div_ceil(BLOCK);
            length = 0;
        }
        length += size + SMALL_MEMBER;
        after_large = is_large;
    }
    if after_large && matches!(run, Run::Apart) {
        count += length.div_ceil(BLOCK);
        length = 0;
    }
    count + (length + SMALL_MEMBER).div_ceil(BLOCK)
}

/// Returns how much two images share of a base that is the lower part of these layers, at the worst
/// place to part, in per cent.
///
/// `lost` tells what of a base lies in blocks with other bytes than the base's.
fn least_shared(sizes: &[usize], lost: impl Fn(&[usize]) -> usize) -> f64 {
    let bases = (1..sizes.len()).map(|count| &sizes[..count]);
    bases
        .map(|base| (base, base.iter().sum::<usize>()))
        .filter(|(_, size)| *size >= BASE)
        .map(|(base, size)| 100.0 * (1.0 - lost(base) as f64 / size as f64))
        .fold(100.0, f64::min)
}

/// What lies in the last block of the highest large layer and after it.
fn lost_if_joined(base: &[usize], large: usize) -> usize {
    let Some(last) = base.iter().rposition(|size| *size >= large) else {
        return base.iter().sum();
    };
    (base[last] + SMALL_MEMBER) % BLOCK + base[last + 1..].iter().sum::<usize>()
}

#[test]
fn no_cut_in_the_image_s_own_order_keeps_both_forty_percent_and_the_base() {
    const LARGE: [usize; 3] = [1 << 10, 4 << 10, 16 << 10];
    println!(
        "more blocks than dense, if layers from 1, 4 or 16 MiB on begin a block, and the least"
    );
    println!("that is shared of a base from 400 MiB on");
    println!("as stored      | own order, runs apart | own order, runs in the block before");
    let mut worst_apart = [0; 3];
    for (name, sizes) in REALISTIC {
        let image = scaled(sizes);
        let [stored, dense] =
            [BlockLayout::Layered, BlockLayout::Dense].map(|layout| blocks(&image, layout).0.len());
        let more = |count: usize| 100 * (count - dense) / dense;
        let shared = least_shared(sizes, |base| {
            base.iter().filter(|size| **size < LARGE[0]).sum()
        });
        let apart = LARGE.map(|large| more(in_image_order(sizes, large, Run::Apart)));
        let joined = LARGE.map(|large| {
            (
                more(in_image_order(sizes, large, Run::Joined)),
                least_shared(sizes, |base| lost_if_joined(base, large)),
            )
        });
        println!(
            "{:2} % {shared:6.2} % | {apart:3?} % | {joined:5.1?} % {name}",
            more(stored)
        );
        assert!(more(stored) <= 40 && shared >= 99.0, "{name}");
        for (worst, more) in worst_apart.iter_mut().zip(apart) {
            *worst = more.max(*worst);
        }
        // Blocks are few then, and of no image is the base shared.
        for (more, shared) in joined {
            assert!(more <= 40 && shared < 99.0, "{name}: {joined:?}");
        }
    }
    assert!(worst_apart.iter().all(|more| *more > 40), "{worst_apart:?}");
}
