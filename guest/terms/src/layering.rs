//! How the large layers of an image lie in the blocks of its collection, and how its properties say so.
//!
//! In the canonical form with layered blocks, a large layer begins a block and its last block ends with it. So its
//! blocks follow from its content alone: a header of 512 bytes, the layer, zeros up to a whole unit, cut every 64 MiB.
//! The large layers come first, in the image's order, each once.

use crate::digest::Digest;

/// The name of this way to cut, for whoever finds it noted. Another way gets another name.
pub const LAYOUT: &str = "layered/1";
/// The most bytes in a block.
pub const BLOCK: u64 = 64 << 20;
/// How many bytes a layer has at least, without compression, that has blocks of its own.
pub const LARGE: u64 = 1 << 20;
/// The unit of a tar, which is the length of a member's header, too.
pub const UNIT: u64 = 512;

/// The most layers that are noted. Engines stop at 127.
const MOST: usize = 1024;
/// The longest layer that is believed in: 1 TiB.
const LONGEST: u64 = 1 << 40;

/// A large layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layer {
    /// Its digest without compression.
    pub diff_id: Digest,
    /// How many bytes it has without compression.
    pub size: u64,
}

impl Layer {
    /// Returns the layer, unless it has no blocks of its own, or more bytes than any layer.
    #[must_use]
    pub fn large(diff_id: Digest, size: u64) -> Option<Self> {
        (LARGE..=LONGEST)
            .contains(&size)
            .then_some(Self { diff_id, size })
    }

    /// Returns how many bytes its blocks have together: header, layer and zeros.
    #[must_use]
    pub fn span(&self) -> u64 {
        UNIT + self.size.next_multiple_of(UNIT)
    }

    /// Returns the sizes of its blocks, in order.
    pub fn block_sizes(&self) -> impl Iterator<Item = u64> + use<> {
        let span = self.span();
        (0..span.div_ceil(BLOCK)).map(move |number| BLOCK.min(span - number * BLOCK))
    }
}

/// The large layers of one collection, in the order in which they lie there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layering(Vec<Layer>);

impl Layering {
    /// Takes the large ones of an image's layers, given lowest first with their sizes without compression.
    pub fn of(layers: impl IntoIterator<Item = (Digest, u64)>) -> Self {
        let mut large: Vec<Layer> = Vec::new();
        for (diff_id, size) in layers {
            let Some(layer) = Layer::large(diff_id, size) else {
                continue;
            };
            if large.len() < MOST && !large.iter().any(|known| known.diff_id == diff_id) {
                large.push(layer);
            }
        }
        Self(large)
    }

    /// Reads what a collection's properties note: the layout, the diff IDs and the sizes. None if it is noted of
    /// another layout, or no such list.
    #[must_use]
    pub fn noted(layout: &str, diff_ids: &[String], sizes: &[u64]) -> Option<Self> {
        if layout != LAYOUT || diff_ids.len() != sizes.len() || diff_ids.len() > MOST {
            return None;
        }
        let mut noted = Vec::with_capacity(diff_ids.len());
        for (diff_id, size) in diff_ids.iter().zip(sizes) {
            noted.push((Digest::parse(diff_id)?, *size));
        }
        let layering = Self::of(noted);
        (layering.0.len() == diff_ids.len()).then_some(layering)
    }

    /// Returns the layers.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.0
    }

    /// Returns for each layer the number of its first block and how many it has, counted in the collection.
    pub fn blocks(&self) -> impl Iterator<Item = (&Layer, usize, usize)> {
        let mut next = 0;
        self.0.iter().map(move |layer| {
            let (first, count) = (next, layer.block_sizes().count());
            next += count;
            (layer, first, count)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: u8) -> Digest {
        Digest::of(&[number])
    }

    #[test]
    fn the_blocks_of_a_layer_follow_from_its_size() {
        for (size, expected) in [
            (LARGE, vec![LARGE + 512]),
            (LARGE + 1, vec![LARGE + 1024]),
            (BLOCK - 512, vec![BLOCK]),
            (BLOCK - 511, vec![BLOCK, 512]),
            (2 * BLOCK, vec![BLOCK, BLOCK, 512]),
        ] {
            let layer = Layer::large(digest(1), size).unwrap();
            assert_eq!(layer.block_sizes().collect::<Vec<_>>(), expected, "{size}");
            assert_eq!(layer.span(), expected.iter().sum::<u64>());
        }
        assert_eq!(Layer::large(digest(1), LARGE - 1), None);
        assert_eq!(Layer::large(digest(1), u64::MAX), None);
    }

    #[test]
    fn small_layers_and_those_that_come_twice_have_no_place_of_their_own() {
        let layering = Layering::of([
            (digest(1), 2 * BLOCK),
            (digest(2), 10),
            (digest(1), 2 * BLOCK),
            (digest(3), LARGE),
        ]);
        let places: Vec<_> = layering
            .blocks()
            .map(|(layer, first, count)| (layer.diff_id, first, count))
            .collect();
        assert_eq!(places, [(digest(1), 0, 3), (digest(3), 3, 1)]);
    }

    #[test]
    fn what_is_noted_is_read_only_if_it_can_be_so() {
        let (one, two) = (digest(1).to_string(), digest(2).to_string());
        let ids = [one.clone(), two];
        let noted = Layering::noted(LAYOUT, &ids, &[LARGE, BLOCK]).unwrap();
        assert_eq!(
            noted,
            Layering::of([(digest(1), LARGE), (digest(2), BLOCK)])
        );
        for (layout, ids, sizes) in [
            ("layered/2", &ids[..], &[LARGE, BLOCK][..]),
            (LAYOUT, &ids, &[LARGE]),
            (LAYOUT, &ids, &[LARGE, 5]),
            (LAYOUT, &ids, &[LARGE, u64::MAX]),
            (LAYOUT, &[one.clone(), one.clone()], &[LARGE, LARGE]),
            (
                LAYOUT,
                &[one.clone(), "sha256:0".to_owned()],
                &[LARGE, LARGE],
            ),
        ] {
            assert_eq!(
                Layering::noted(layout, ids, sizes),
                None,
                "{layout} {sizes:?}"
            );
        }
        assert_eq!(Layering::noted(LAYOUT, &[], &[]), Some(Layering::default()));
    }
}
