//! A block: up to 64 MiB of data, known by hash and size.

use std::fmt;

use bytes::Bytes;
use keepdocker_terms::hex;

/// The largest size of a block in bytes: 64 MiB.
pub const MAXIMUM_SIZE: usize = 1 << 26;

/// The MD5 hash of a block's data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockHash([u8; 16]);

impl BlockHash {
    /// Computes the hash of `data`. At full size this takes a tenth of a second; [`Block::several`]
    /// takes less for each.
    #[must_use]
    pub fn of(data: &[u8]) -> Self {
        Self(keepdocker_md5::digest(data))
    }

    /// Reads 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        hex::bytes(text).map(Self)
    }
}

impl fmt::Display for BlockHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::of(&self.0))
    }
}

impl fmt::Debug for BlockHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a block is known by: `hash+size`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId {
    /// The hash of its data.
    pub hash: BlockHash,
    /// Its size in bytes.
    pub size: u32,
}

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.hash, self.size)
    }
}

impl fmt::Debug for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The data of a block with what it is known by.
#[derive(Clone)]
pub struct Block {
    id: BlockId,
    data: Bytes,
}

impl Block {
    /// Hashes `data`, which takes a while, so not where others wait.
    ///
    /// # Panics
    /// If there are more than 64 MiB.
    #[must_use]
    pub fn new(data: Bytes) -> Self {
        let hash = BlockHash::of(&data);
        Self::known(data, hash)
    }

    /// Hashes blocks side by side, in less time than one by one.
    ///
    /// # Panics
    /// If one has more than 64 MiB.
    #[must_use]
    pub fn several(blocks: Vec<Bytes>) -> Vec<Self> {
        let slices: Vec<&[u8]> = blocks.iter().map(|data| &data[..]).collect();
        let digests = keepdocker_md5::digests(&slices);
        blocks
            .into_iter()
            .zip(digests)
            .map(|(data, digest)| Self::known(data, BlockHash(digest)))
            .collect()
    }

    fn known(data: Bytes, hash: BlockHash) -> Self {
        assert!(data.len() <= MAXIMUM_SIZE, "a block has at most 64 MiB");
        let size = u32::try_from(data.len()).expect("64 MiB fit 32 bits");
        Self {
            id: BlockId { hash, size },
            data,
        }
    }

    /// Returns what the block is known by.
    #[must_use]
    pub fn id(&self) -> BlockId {
        self.id
    }

    /// Returns the data; the copy shares it.
    #[must_use]
    pub fn data(&self) -> Bytes {
        self.data.clone()
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Block").field(&self.id).finish()
    }
}

#[cfg(test)]
mod tests {
    use md5::{Digest, Md5};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_hash_is_the_one_of_another_implementation(data: Vec<u8>, times in 1usize..9) {
            // Lengths around whole multiples of MD5's own blocks are where padding goes wrong.
            let data = data.repeat(times);
            prop_assert_eq!(BlockHash::of(&data).0, <[u8; 16]>::from(Md5::digest(&data)));
        }
    }

    #[test]
    fn a_block_is_known_by_hash_and_size() {
        let id = |data: &'static [u8]| Block::new(Bytes::from_static(data)).id().to_string();
        assert_eq!(id(b"foo"), "acbd18db4cc2f85cedef654fccc4a4d8+3");
        assert_eq!(id(b""), "d41d8cd98f00b204e9800998ecf8427e+0");
    }

    #[test]
    fn a_hash_is_32_digits() {
        let text = "acbd18db4cc2f85cedef654fccc4a4d8";
        assert_eq!(BlockHash::parse(text).unwrap().to_string(), text);
        for bad in [
            "",
            "acbd",
            "gcbd18db4cc2f85cedef654fccc4a4d8",
            "+cbd18db4cc2f85cedef654fccc4a4d8",
        ] {
            assert_eq!(BlockHash::parse(bad), None);
        }
    }
}
