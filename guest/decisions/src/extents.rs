//! Where a file's bytes lie in Keep: stretches of blocks, one after the other.

use keepdocker_terms::locator::Locator;

use crate::manifest::{self, ManifestError};

/// A stretch of bytes that lies in one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// The block's locator, with all its hints.
    pub block: String,
    /// Where in the block the stretch begins, in bytes.
    pub start: u32,
    /// How many bytes it has, at least 1.
    pub length: u32,
}

/// Returns the stretches of blocks that make the only file of a manifest.
///
/// Other clients may list blocks that the file uses in part, twice or not at all.
///
/// # Errors
/// If the text is no manifest.
pub fn of_only_file(text: &str) -> Result<Vec<Extent>, ManifestError> {
    // What follows relies on what is checked there.
    manifest::check(text)?;
    let mut extents = Vec::new();
    for line in text.lines() {
        let mut blocks: Vec<(&str, u64)> = Vec::new();
        let mut end = 0;
        for token in line.split(' ').skip(1) {
            match Locator::parse(token) {
                Some(locator) => {
                    end += locator.size;
                    blocks.push((token, end));
                }
                None => add_token(token, &blocks, &mut extents)?,
            }
        }
    }
    Ok(extents)
}

/// Adds what a file token describes; `blocks` are a stream's locators with the positions of their ends.
fn add_token(
    token: &str,
    blocks: &[(&str, u64)],
    extents: &mut Vec<Extent>,
) -> Result<(), ManifestError> {
    let bad = || ManifestError::FileToken(token.into());
    let mut parts = token.splitn(3, ':');
    let mut position = manifest::number_of(parts.next()).ok_or_else(bad)?;
    let mut left = manifest::number_of(parts.next()).ok_or_else(bad)?;
    let first = blocks.partition_point(|(_, end)| *end <= position);
    let mut start_of_block = first.checked_sub(1).map_or(0, |before| blocks[before].1);
    for (block, end) in blocks.get(first..).unwrap_or_default() {
        if left == 0 {
            break;
        }
        let length = left.min(end - position);
        let part = |value: u64| u32::try_from(value).map_err(|_| bad());
        if length > 0 {
            extents.push(Extent {
                block: (*block).into(),
                start: part(position - start_of_block)?,
                length: part(length)?,
            });
        }
        position += length;
        left -= length;
        start_of_block = *end;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn of(text: &str) -> Vec<(String, u32, u32)> {
        of_only_file(text)
            .unwrap()
            .into_iter()
            .map(|extent| (extent.block, extent.start, extent.length))
            .collect()
    }

    #[test]
    fn a_file_is_its_blocks_in_order_with_their_signatures() {
        let signed = format!("{A}+64+A0123@66f0c0de");
        assert_eq!(
            of(&format!(". {signed} {B}+10 0:74:a.tar\n")),
            [(signed, 0, 64), (format!("{B}+10"), 0, 10)]
        );
    }

    #[test]
    fn parts_of_blocks_and_several_tokens_are_put_together() {
        assert_eq!(
            of(&format!(". {A}+4 {B}+4 2:4:a 0:1:a\n./d {A}+0 0:0:\\056\n")),
            [
                (format!("{A}+4"), 2, 2),
                (format!("{B}+4"), 0, 2),
                (format!("{A}+4"), 0, 1)
            ]
        );
        assert_eq!(
            of(&format!(". {A}+0 {B}+3 0:3:a\n")),
            [(format!("{B}+3"), 0, 3)]
        );
        assert_eq!(of(&format!(". {A}+0 0:0:a\n")), []);
    }

    proptest! {
        #[test]
        fn the_stretches_are_as_long_as_the_file(sizes in proptest::collection::vec(0u64..100, 0..20), from in 0u64..100, tokens in 1usize..4) {
            let total: u64 = sizes.iter().sum();
            let from = from.min(total);
            let mut text = String::from(".");
            for size in &sizes {
                text.push_str(&format!(" {A}+{size}"));
            }
            if sizes.is_empty() {
                text.push_str(&format!(" {A}+0"));
            }
            text.push_str(&format!(" {from}:{}:a", total - from).repeat(tokens));
            text.push('\n');
            let length: u64 = of(&text).iter().map(|(_, _, length)| u64::from(*length)).sum();
            prop_assert_eq!(length, (total - from) * tokens as u64);
        }
    }
}
