//! A block's locator: `md5+size` and hints, one of which may be a signature.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use keepdocker_terms::hex;
use keepdocker_terms::locator::Locator as Parts;

use super::block::{BlockHash, BlockId, MAXIMUM_SIZE};

/// Longer texts are no locators.
const LONGEST: usize = 1024;

/// Where a block is known, and by the signature the right to use it.
///
/// `Display` and `Debug` leave the signature out; [`Locator::signed`] is for the cluster alone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Locator {
    block: BlockId,
    /// In the order given, without the `+` before each.
    hints: Vec<String>,
}

/// The text is no locator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a block's locator")]
pub struct InvalidLocator;

impl Locator {
    /// Returns a block's locator that gives no right to use it.
    #[must_use]
    pub fn unsigned(block: BlockId) -> Self {
        Self {
            block,
            hints: Vec::new(),
        }
    }

    /// Returns what the block is known by.
    #[must_use]
    pub fn block(&self) -> BlockId {
        self.block
    }

    /// Returns the locator as the cluster wants it, with the signature.
    #[must_use]
    pub fn signed(&self) -> String {
        self.text(|_| true)
    }

    /// Returns the locator without the signature, fit to be shown.
    #[must_use]
    pub fn without_signature(&self) -> String {
        self.text(|hint| !is_signature(hint))
    }

    /// Returns when the signature expires, or none where there is no signature.
    #[must_use]
    pub fn expiry(&self) -> Option<SystemTime> {
        let hint = self.hints.iter().find(|hint| is_signature(hint))?;
        let (_, expiry) = hint.split_once('@')?;
        let seconds = u64::from_str_radix(expiry, 16).ok()?;
        // A service may write a time that no clock will ever show.
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }

    fn text(&self, mut shown: impl FnMut(&str) -> bool) -> String {
        let mut text = self.block.to_string();
        for hint in self.hints.iter().filter(|hint| shown(hint)) {
            text.push('+');
            text.push_str(hint);
        }
        text
    }
}

/// Tells whether a hint is a signature: `A`, 40 digits, `@`, 8 digits; or a remote cluster's.
fn is_signature(hint: &str) -> bool {
    hint.starts_with(['A', 'R'])
}

impl FromStr for Locator {
    type Err = InvalidLocator;

    fn from_str(text: &str) -> Result<Self, InvalidLocator> {
        if text.len() > LONGEST {
            return Err(InvalidLocator);
        }
        let parts = Parts::parse(text).ok_or(InvalidLocator)?;
        let hash = BlockHash::parse(parts.hash).ok_or(InvalidLocator)?;
        let size = u32::try_from(parts.size)
            .ok()
            .filter(|size| *size as usize <= MAXIMUM_SIZE)
            .ok_or(InvalidLocator)?;
        if !parts.hints().all(is_whole) {
            return Err(InvalidLocator);
        }
        Ok(Self {
            block: BlockId { hash, size },
            hints: parts.hints().map(str::to_owned).collect(),
        })
    }
}

/// Tells whether a hint is not the beginning of a signature only.
fn is_whole(hint: &str) -> bool {
    !hint.starts_with('A') || {
        let (signature, expiry) = hint[1..].split_once('@').unwrap_or_default();
        hex::are_digits(signature, 40) && hex::are_digits(expiry, 8)
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.without_signature())
    }
}

impl fmt::Debug for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.without_signature())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = "acbd18db4cc2f85cedef654fccc4a4d8+3\
                          +A89118b78732c33104a4d6231e8b5a5fa1e4301e3@7fffffff+K@zzzzz";

    #[test]
    fn a_locator_keeps_its_hints_and_hides_its_signature() {
        let locator: Locator = SIGNED.parse().unwrap();
        assert_eq!(locator.signed(), SIGNED);
        let shown = "acbd18db4cc2f85cedef654fccc4a4d8+3+K@zzzzz";
        assert_eq!(locator.without_signature(), shown);
        assert_eq!(format!("{locator}"), shown);
        assert_eq!(format!("{locator:?}"), shown);
        assert_eq!(locator.block().size, 3);
        assert_eq!(
            locator.expiry(),
            Some(SystemTime::UNIX_EPOCH + Duration::from_secs(0x7fff_ffff))
        );
    }

    #[test]
    fn a_time_beyond_all_clocks_is_none() {
        let text = "acbd18db4cc2f85cedef654fccc4a4d8+3+Rzzzzz-0@ffffffffffffffff";
        let locator: Locator = text.parse().unwrap();
        assert_eq!(locator.expiry(), None);
    }

    #[test]
    fn an_unsigned_locator_does_not_expire() {
        let locator: Locator = "acbd18db4cc2f85cedef654fccc4a4d8+3".parse().unwrap();
        assert_eq!(locator.expiry(), None);
    }

    #[test]
    fn other_text_is_no_locator() {
        for bad in [
            "",
            "acbd18db4cc2f85cedef654fccc4a4d8",
            "acbd18db4cc2f85cedef654fccc4a4d8+",
            "acbd18db4cc2f85cedef654fccc4a4d8++3",
            "acbd18db4cc2f85cedef654fccc4a4d8+-3",
            "acbd18db4cc2f85cedef654fccc4a4d8+67108865",
            "acbd18db4cc2f85cedef654fccc4a4d8+3+",
            "acbd18db4cc2f85cedef654fccc4a4d8+3+k@zzzzz",
            "acbd18db4cc2f85cedef654fccc4a4d8+3+Asdf@7fffffff",
            "acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:foo",
            "acbd18db4cc2f85cedef654fccc4a4d8+3\n",
        ] {
            assert_eq!(bad.parse::<Locator>(), Err(InvalidLocator), "{bad}");
        }
    }
}
