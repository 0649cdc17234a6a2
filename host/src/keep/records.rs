//! What this machine has found out about layers: which blocks they are.
//!
//! A line is written once this program has hashed a layer and its blocks in one pass, or has read the blocks from Keep
//! and hashed the layer that they hold. So a line is a fact about content, whatever cluster the blocks lie in; whether
//! they lie in one, and the right to use them, it does not say. A line that is damaged is passed over alone. Two lines
//! that contradict each other are both passed over.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keepdocker_terms::digest::Digest;
use keepdocker_terms::layering::{LAYOUT, Layer};

use super::{BlockHash, BlockId};
use crate::cache::{Place, RECORD as FILE};
use crate::settings;

/// The file does not grow beyond this: it is begun anew then. It is enough for some 100,000 layers.
const LARGEST: u64 = 16 << 20;

/// How many hexadecimal digits of a digest tell a damaged line.
const DIGITS: usize = 16;

/// The blocks of layers, as this machine knows them.
#[derive(Debug, Default)]
pub(crate) struct LayerRecords(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// None where two lines contradict each other.
    known: HashMap<Digest, Option<LayerRecord>>,
    /// Where it is kept for later runs; none where nothing is.
    place: Option<Arc<Place>>,
    file: Option<File>,
    /// Whether the last line of the file may be cut off.
    is_cut: bool,
    /// Whether it was told that the file counts for nothing.
    is_told: bool,
}

/// A layer and its blocks, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LayerRecord {
    pub(super) layer: Layer,
    pub(super) blocks: Vec<BlockId>,
}

impl LayerRecords {
    /// Adds what the cache has of earlier runs; from now on what is noted is kept there. Returns a warning, once, where
    /// that proves nothing.
    pub(super) fn load(&self, place: &Arc<Place>) -> Option<String> {
        let warning = self.read(place);
        self.state().place.get_or_insert_with(|| place.clone());
        warning
    }

    /// Adds what the cache has of earlier runs, if there is a cache; nothing is made or kept there. Returns a warning,
    /// once, where that proves nothing.
    pub(super) fn read(&self, place: &Place) -> Option<String> {
        let folder = place.folder().filter(|folder| folder.is_dir())?;
        let file = place.open().ok()?.record().ok()??;
        let Some(length) = length(&file) else {
            let is_told = std::mem::replace(&mut self.state().is_told, true);
            return (!is_told).then(|| {
                let path = folder.join(FILE);
                let path = path.display();
                format!(
                    "`{path}` is not used, as others than you could have written it: layers that Keep has are read from it once more. To have it begun anew, remove it"
                )
            });
        };
        let mut text = Vec::new();
        if length > LARGEST || file.take(LARGEST).read_to_end(&mut text).is_err() {
            return None;
        }
        let mut state = self.state();
        for record in text.split(|byte| *byte == b'\n').filter_map(parse) {
            state.insert(record);
        }
        None
    }

    /// Returns what is known of a layer.
    pub(super) fn find(&self, diff_id: &Digest) -> Option<LayerRecord> {
        self.state().known.get(diff_id).cloned().flatten()
    }

    /// Notes a layer that this run has hashed, with its blocks.
    pub(super) fn note(&self, layer: Layer, blocks: Vec<BlockId>) {
        let record = LayerRecord { layer, blocks };
        if !record.is_possible() {
            return;
        }
        let line = line(&record);
        let mut state = self.state();
        if state.insert(record) {
            state.append(line.as_bytes());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Adds a record; tells whether it is new.
    fn insert(&mut self, record: LayerRecord) -> bool {
        match self.known.entry(record.layer.diff_id) {
            Entry::Vacant(entry) => {
                entry.insert(Some(record));
                true
            }
            Entry::Occupied(mut entry) => {
                if entry.get().as_ref() != Some(&record) {
                    entry.insert(None);
                }
                false
            }
        }
    }

    /// Adds a line to the file, which is made when it is needed first. While another run adds one, or where that fails,
    /// it is left out: then a layer is fetched once more.
    fn append(&mut self, line: &[u8]) {
        if self.file.is_none()
            && let Some(Ok(cache)) = self.place.as_ref().map(|place| place.open())
        {
            self.file = cache
                .record_to_write()
                .ok()
                .filter(|file| length(file).is_some());
            // A line that was cut off must not spoil the next one.
            self.is_cut = true;
        }
        let Some(mut file) = self.file.as_ref() else {
            return;
        };
        if file.try_lock().is_err() {
            return;
        }
        let length = length(file).unwrap_or_default();
        let is_begun_anew = length + line.len() as u64 > LARGEST;
        let is_ready = !is_begun_anew || file.set_len(0).is_ok();
        let text = match self.is_cut && length > 0 && !is_begun_anew {
            true => [b"\n", line].concat(),
            false => line.to_vec(),
        };
        self.is_cut = !(is_ready && file.write_all(&text).is_ok());
        let _ = file.unlock();
    }
}

/// Returns how long a file is; none if it is another's, or others may write to it: then it proves nothing, and is left
/// alone.
fn length(file: &File) -> Option<u64> {
    let metadata = file.metadata().ok()?;
    let is_own = metadata.uid() == settings::user() && metadata.mode() & 0o077 == 0;
    (is_own && metadata.is_file()).then_some(metadata.len())
}

impl LayerRecord {
    /// Tells whether a layer of this size has such blocks.
    fn is_possible(&self) -> bool {
        let sizes = self.blocks.iter().map(|block| u64::from(block.size));
        sizes.eq(self.layer.block_sizes())
    }
}

fn line(record: &LayerRecord) -> String {
    let blocks: Vec<String> = record.blocks.iter().map(BlockId::to_string).collect();
    let Layer { diff_id, size } = record.layer;
    let text = format!("{LAYOUT} {diff_id} {size} {}", blocks.join(","));
    format!("{} {text}\n", checksum(&text))
}

/// Reads a line; none if it is damaged, or of another layout.
fn parse(line: &[u8]) -> Option<LayerRecord> {
    let (sum, text) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    if checksum(text) != sum {
        return None;
    }
    let mut words = text.split(' ');
    if words.next()? != LAYOUT {
        return None;
    }
    let layer = Layer::large(Digest::parse(words.next()?)?, words.next()?.parse().ok()?)?;
    let blocks = words.next()?.split(',').map(|text| {
        let (hash, size) = text.split_once('+')?;
        Some(BlockId {
            hash: BlockHash::parse(hash)?,
            size: size.parse().ok()?,
        })
    });
    let blocks = blocks.collect::<Option<Vec<_>>>()?;
    let record = LayerRecord { layer, blocks };
    (words.next().is_none() && record.is_possible()).then_some(record)
}

fn checksum(text: &str) -> String {
    let mut digits = Digest::of(text.as_bytes()).hex();
    digits.truncate(DIGITS);
    digits
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use keepdocker_terms::layering::{BLOCK, LARGE};

    use super::*;

    fn layer(number: u8) -> Layer {
        Layer::large(Digest::of(&[number]), LARGE + u64::from(number)).unwrap()
    }

    fn blocks(layer: Layer, text: &[u8]) -> Vec<BlockId> {
        let hash = BlockHash::of(text);
        let sizes = layer.block_sizes();
        sizes
            .map(|size| BlockId {
                hash,
                size: u32::try_from(size).unwrap(),
            })
            .collect()
    }

    fn path(cache: &Place) -> PathBuf {
        cache.folder().unwrap().join("layers.record")
    }

    fn loaded(cache: &Arc<Place>) -> LayerRecords {
        let records = LayerRecords::default();
        assert_eq!(records.load(cache), None);
        records
    }

    fn cache() -> (tempfile::TempDir, Arc<Place>) {
        let base = tempfile::tempdir().unwrap();
        let cache = Arc::new(Place::new(Some(base.path().to_owned())));
        (base, cache)
    }

    #[test]
    fn what_was_noted_is_known_to_later_runs() {
        let (_base, cache) = cache();
        let records = loaded(&cache);
        assert!(!path(&cache).exists());
        let large = Layer::large(Digest::of(b"large"), 2 * BLOCK).unwrap();
        records.note(layer(1), blocks(layer(1), b"a"));
        records.note(large, blocks(large, b"b"));
        records.note(layer(1), blocks(layer(1), b"a"));
        // Such blocks that layer cannot have.
        records.note(layer(2), blocks(large, b"c"));
        let mode = std::fs::metadata(path(&cache)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(path(&cache)).unwrap();
        assert_eq!(text.lines().count(), 2);
        let again = loaded(&cache);
        for records in [&records, &again] {
            let found = records.find(&large.diff_id).unwrap();
            assert_eq!((found.layer, found.blocks.len()), (large, 3));
            assert!(records.find(&layer(1).diff_id).is_some());
            assert_eq!(records.find(&layer(2).diff_id), None);
        }
        assert_eq!(LayerRecords::default().find(&large.diff_id), None);
    }

    #[test]
    fn damaged_lines_and_contradictions_are_passed_over_alone() {
        let (_base, cache) = cache();
        loaded(&cache).note(layer(9), blocks(layer(9), b"a"));
        let of = |number, text: &[u8]| {
            line(&LayerRecord {
                layer: layer(number),
                blocks: blocks(layer(number), text),
            })
        };
        let forged = of(1, b"a").replace(&BlockHash::of(b"a").to_string(), &"0".repeat(32));
        let other = of(2, b"a").replace(LAYOUT, "layered/9");
        let good = of(3, b"a");
        let cut = &good[..good.len() - 5];
        let text = format!(
            "{forged}{other}nonsense\n\0\n{good}{}{}{cut}",
            of(4, b"a"),
            of(4, b"b")
        );
        std::fs::write(path(&cache), text).unwrap();
        let records = loaded(&cache);
        for (number, is_known) in [(1, false), (2, false), (3, true), (4, false)] {
            let found = records.find(&layer(number).diff_id);
            assert_eq!(found.is_some(), is_known, "{number}");
        }
        records.note(layer(5), blocks(layer(5), b"a"));
        assert!(loaded(&cache).find(&layer(5).diff_id).is_some());
        // This run has hashed both, so one of the two is not what it was.
        records.note(layer(3), blocks(layer(3), b"z"));
        assert_eq!(records.find(&layer(3).diff_id), None);
    }

    #[test]
    fn a_file_that_others_may_write_to_proves_nothing() {
        let (_base, cache) = cache();
        loaded(&cache).note(layer(1), blocks(layer(1), b"a"));
        for (mode, is_known) in [(0o600, true), (0o620, false), (0o602, false), (0o400, true)] {
            std::fs::set_permissions(path(&cache), Permissions::from_mode(mode)).unwrap();
            let records = LayerRecords::default();
            // Not everybody may add to a file that only may be read.
            let warning = records.load(&cache);
            let file = path(&cache).display().to_string();
            assert_eq!(warning.is_some(), !is_known, "{mode:o}");
            assert!(warning.is_none_or(|it| it.contains(&file)), "{mode:o}");
            assert_eq!(records.read(&cache), None, "once");
            let is_root = settings::user() == 0;
            if mode != 0o400 || is_root {
                assert_eq!(
                    records.find(&layer(1).diff_id).is_some(),
                    is_known,
                    "{mode:o}"
                );
            }
        }
    }

    #[test]
    fn a_file_that_has_grown_too_large_is_begun_anew() {
        let (_base, cache) = cache();
        loaded(&cache).note(layer(9), blocks(layer(9), b"a"));
        let file = File::options().write(true).open(path(&cache)).unwrap();
        file.set_len(LARGEST + 1).unwrap();
        loaded(&cache).note(layer(1), blocks(layer(1), b"a"));
        assert!(loaded(&cache).find(&layer(1).diff_id).is_some());
        assert!(std::fs::metadata(path(&cache)).unwrap().len() < 1000);
    }
}
