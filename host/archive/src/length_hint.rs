//! What the end of a compressed member says about its length, before its beginning was read.
//!
//! The header of a layer holds its length without compression, which is known for certain once all of it
//! was unpacked. Gzip repeats it at the very end, modulo 2³² (RFC 1952, 2.3.1): who can read the end first
//! writes the header at once, and the block with it need not wait. That is a hint: of several parts, one
//! behind the other, it tells the length of the last. Whoever goes by it compares it in the end.

/// Returns the length without compression when it is called, as far as that can be told. It may wait for a moment.
pub(crate) type LengthHint = Box<dyn FnOnce() -> Option<u64> + Send>;

/// What the end of a member consists of that tells its length.
pub type Ending = [u8; 4];

/// Up to how many compressed bytes the end tells the length. More may well be more than the end can count, and to
/// read so much again would take long.
const MOST: u64 = 512 << 20;

/// Returns the length of what so many bytes of gzip hold, if their end can tell.
pub(crate) fn of_gzip(ending: Ending, stored: u64) -> Option<u64> {
    let length = u64::from(u32::from_le_bytes(ending));
    // In the worst of its codes a byte takes nine bits.
    let least = stored - stored / 8;
    (stored <= MOST && length >= least).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(length: u64, stored: u64) -> Option<u64> {
        of_gzip(u32::try_from(length).unwrap().to_le_bytes(), stored)
    }

    #[test]
    fn the_end_tells_the_length_where_it_can_be_true() {
        assert_eq!(told(30 << 20, 10 << 20), Some(30 << 20));
        // What cannot be made smaller.
        assert_eq!(told(100_000_000, 105_400_000), Some(100_000_000));
        // An empty part behind the others, and padding.
        assert_eq!(told(0, 10 << 20), None);
        assert_eq!(told(8 << 20, 10 << 20), None);
        // So much may be more than 4 GiB.
        assert_eq!(told(3 << 30, 513 << 20), None);
    }
}
