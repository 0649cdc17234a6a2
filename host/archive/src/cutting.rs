//! Where an archive is cut into blocks, and how many it takes at least.

use keepdocker_terms::layering;

/// Where blocks are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cutting {
    /// The most bytes in a block; a multiple of 512.
    pub(crate) block: usize,
    /// From which size on a layer has blocks of its own.
    pub(crate) large: u64,
}

impl Cutting {
    /// The sizes for Keep.
    ///
    /// With 1 MiB, at most 127 MiB of an image's layers wait in the spool, and a small layer's
    /// change sends at most the few blocks that all small members share. An image of `n` large
    /// layers has at most `n + 1` blocks more than plain cutting, each possibly far from full.
    pub(crate) const KEEP: Cutting = Cutting {
        block: layering::BLOCK as usize,
        large: layering::LARGE,
    };

    /// Of how many compressed bytes on it pays to ask for the end of a layer first: less is hardly more than a block.
    pub(crate) fn is_worth_a_hint(&self, stored: u64) -> bool {
        stored >= self.block as u64 / 8
    }
}

/// Returns the number of blocks of an archive of so many bytes where every block but the last is
/// full.
#[must_use]
pub fn fewest_blocks(size: u64) -> u64 {
    size.div_ceil(Cutting::KEEP.block as u64)
}
