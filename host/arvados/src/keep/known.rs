//! Blocks that Keep is known to have, with the right to use them.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::block::BlockId;
use super::locator::Locator;

/// Signed locators of blocks that need not be sent.
#[derive(Debug, Default, Clone)]
pub struct KnownBlocks {
    locators: HashMap<BlockId, Locator>,
}

impl KnownBlocks {
    /// Adds a block, unless it is there with a signature that lasts longer.
    ///
    /// Without a signature the right to use the block is not given, so such a locator is
    /// passed over.
    pub fn insert(&mut self, locator: Locator) {
        let expiry = locator.expiry();
        if expiry.is_none() {
            return;
        }
        match self.locators.entry(locator.block()) {
            std::collections::hash_map::Entry::Occupied(mut entry) => {
                if entry.get().expiry() < expiry {
                    entry.insert(locator);
                }
            }
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(locator);
            }
        }
    }

    /// Adds every signed locator of a manifest.
    pub fn insert_manifest(&mut self, manifest: &str) {
        for line in manifest.lines() {
            // The first word is the stream's name, whatever it looks like.
            for locator in line.split(' ').skip(1).map_while(|word| word.parse().ok()) {
                self.insert(locator);
            }
        }
    }

    /// Returns the locator of a block, if its signature is still good after `margin`.
    pub fn find(&self, block: &BlockId, margin: Duration) -> Option<&Locator> {
        let needed = SystemTime::now() + margin;
        self.locators
            .get(block)
            .filter(|locator| locator.expiry().is_some_and(|expiry| expiry > needed))
    }

    /// Adds the blocks that another knows.
    pub fn extend(&mut self, other: Self) {
        for locator in other.locators.into_values() {
            self.insert(locator);
        }
    }

    /// Returns how many blocks are known.
    pub fn len(&self) -> usize {
        self.locators.len()
    }

    /// Tells whether no block is known.
    pub fn is_empty(&self) -> bool {
        self.locators.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locator(expiry: u64) -> String {
        format!(
            "acbd18db4cc2f85cedef654fccc4a4d8+3+A89118b78732c33104a4d6231e8b5a5fa1e4301e3@{expiry:08x}"
        )
    }

    fn seconds_from_now(seconds: u64) -> u64 {
        SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() + seconds
    }

    #[test]
    fn the_longest_signature_is_kept() {
        let mut known = KnownBlocks::default();
        let block = locator(1).parse::<Locator>().unwrap().block();
        let hour = Duration::from_secs(3600);

        known.insert(locator(seconds_from_now(60)).parse().unwrap());
        assert_eq!(known.find(&block, hour), None);
        assert!(known.find(&block, Duration::ZERO).is_some());

        known.insert(locator(seconds_from_now(7200)).parse().unwrap());
        known.insert(locator(seconds_from_now(120)).parse().unwrap());
        assert!(known.find(&block, hour).is_some());
        assert_eq!(known.len(), 1);
    }

    #[test]
    fn a_manifest_gives_its_signed_locators() {
        let mut known = KnownBlocks::default();
        known.insert_manifest(&format!(
            ". {} d41d8cd98f00b204e9800998ecf8427e+0 0:3:sha256\\072{}.tar\n",
            locator(seconds_from_now(60)),
            locator(seconds_from_now(60)),
        ));
        assert_eq!(known.len(), 1);
        known.insert_manifest("nonsense");
        assert_eq!(known.len(), 1);
    }
}
