//! What the cache holds, and what of it to remove.

use std::fs::File;
use std::io;
use std::time::{Duration, SystemTime};

use cap_std::fs::MetadataExt as _;

use super::{Cache, Error};

/// More files than this are not listed: the cache is not the only one who writes into the folder.
const MOST: usize = 100_000;

/// What a file of the cache is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An image's archive, left by the Python program.
    Archive,
    /// What the Python program noted of a complete archive.
    Stat,
    /// What an interrupted upload has sent.
    Journal,
    /// What this machine knows of layers that need not be fetched again.
    Record,
    /// The file on which an image's lock lies. It is never removed: somebody may wait on it.
    Lock,
}

impl Kind {
    /// Returns the kind in one word.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Stat => "stat",
            Self::Journal => "journal",
            Self::Record => "record",
            Self::Lock => "lock",
        }
    }
}

/// A file of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The file's name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The image that it belongs to, as the file's name has it; none for what came from a stream.
    pub image: Option<String>,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last written to.
    pub modified: SystemTime,
}

impl Entry {
    /// Returns how long nobody has written to it.
    #[must_use]
    pub(crate) fn age(&self, now: SystemTime) -> Duration {
        now.duration_since(self.modified).unwrap_or_default()
    }
}

/// What to remove of the cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cleaning {
    /// Only what nobody has written to for so long.
    pub older_than: Option<Duration>,
    /// Only so much, the oldest first, that the rest has at most this many bytes.
    pub max_size: Option<u64>,
}

impl Cleaning {
    /// Returns what is to go, the oldest first. Locks stay.
    #[must_use]
    pub(crate) fn choose(&self, entries: &[Entry], now: SystemTime) -> Vec<Entry> {
        let mut total: u64 = entries.iter().map(|entry| entry.size).sum();
        let mut candidates: Vec<&Entry> = entries
            .iter()
            .filter(|entry| entry.kind != Kind::Lock)
            .filter(|entry| self.older_than.is_none_or(|age| entry.age(now) >= age))
            .collect();
        candidates.sort_by_key(|entry| entry.modified);
        candidates
            .into_iter()
            .take_while(|entry| {
                let is_wanted = self.max_size.is_none_or(|most| total > most);
                total -= entry.size;
                is_wanted
            })
            .cloned()
            .collect()
    }
}

impl Cache {
    /// Returns what the cache holds, by name. Files that are none of the cache's are left out.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, Error> {
        let failed = |source| self.failed("read", "", source);
        let mut entries = Vec::new();
        for found in self.folder.entries().map_err(failed)?.take(MOST) {
            let found = found.map_err(failed)?;
            let Ok(name) = found.file_name().into_string() else {
                continue;
            };
            let Some((kind, image)) = described(&name) else {
                continue;
            };
            // Somebody else may have removed it by now.
            let Ok(metadata) = found.metadata() else {
                continue;
            };
            if !metadata.is_file() {
                continue;
            }
            let seconds = u64::try_from(metadata.mtime()).unwrap_or(0);
            entries.push(Entry {
                image,
                kind,
                size: metadata.len(),
                modified: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
                name,
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Opens a file of the cache for reading.
    ///
    /// # Errors
    /// If it is gone, or cannot be read.
    pub(crate) fn read(&self, entry: &Entry) -> Result<File, Error> {
        let failed = |source| self.failed("read", &entry.name, source);
        Ok(self.folder.open(&entry.name).map_err(failed)?.into_std())
    }

    /// Removes a file of the cache. That it is gone already is no error.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub(crate) fn remove(&self, entry: &Entry) -> Result<(), Error> {
        match self.folder.remove_file(&entry.name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.failed("remove", &entry.name, error))
            }
            _ => Ok(()),
        }
    }
}

/// Tells from its name what a file is, and of which image.
fn described(name: &str) -> Option<(Kind, Option<String>)> {
    if name == super::RECORD {
        return Some((Kind::Record, None));
    }
    let (stem, kind) = [
        (".tar.lock", Kind::Lock),
        (".tar.stat", Kind::Stat),
        (".tar", Kind::Archive),
        (".journal", Kind::Journal),
    ]
    .into_iter()
    .find_map(|(end, kind)| Some((name.strip_suffix(end)?, kind)))?;
    match super::archive_name(stem) {
        Ok(_) => Some((kind, Some(stem.to_owned()))),
        Err(_) => (kind == Kind::Journal && stem == super::STREAM).then_some((kind, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: &str = "sha256:70a7460c1d522af75cbf6d47be2622f63fc1bc7b517e1fe5870bee89a55dc372";

    fn entry(name: &str, kind: Kind, size: u64, age: u64) -> Entry {
        Entry {
            name: name.into(),
            kind,
            image: None,
            size,
            modified: SystemTime::UNIX_EPOCH + Duration::from_secs(1000 - age),
        }
    }

    fn chosen(cleaning: Cleaning) -> String {
        let entries = [
            entry("new", Kind::Journal, 10, 1),
            entry("lock", Kind::Lock, 1, 900),
            entry("old", Kind::Archive, 100, 100),
            entry("older", Kind::Archive, 50, 200),
        ];
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let chosen = cleaning.choose(&entries, now);
        let names: Vec<&str> = chosen.iter().map(|entry| entry.name.as_str()).collect();
        names.join(" ")
    }

    #[test]
    fn the_oldest_goes_first_and_locks_stay() {
        let age = |seconds| Some(Duration::from_secs(seconds));
        for (older_than, max_size, expected) in [
            (None, None, "older old new"),
            (age(100), None, "older old"),
            (age(101), None, "older"),
            (None, Some(161), ""),
            (None, Some(160), "older"),
            (None, Some(111), "older"),
            (None, Some(110), "older old"),
            (None, Some(0), "older old new"),
            (age(150), Some(0), "older"),
        ] {
            let cleaning = Cleaning {
                older_than,
                max_size,
            };
            assert_eq!(chosen(cleaning), expected, "{cleaning:?}");
        }
    }

    #[test]
    fn only_files_of_the_cache_are_listed() {
        let base = tempfile::tempdir().unwrap();
        let cache = Cache::open(base.path()).unwrap();
        for name in [
            &format!("{IMAGE}.tar"),
            &format!("{IMAGE}.tar.stat"),
            &format!("{IMAGE}.tar.lock"),
            &format!("{IMAGE}.journal"),
            "layers.record",
            "other.record",
            "stream.journal",
            "stream.tar",
            "notes.txt",
        ] {
            std::fs::write(cache.path().join(name), "text").unwrap();
        }
        std::fs::create_dir(cache.path().join(format!("{}.tar", &IMAGE[7..]))).unwrap();
        let kinds: Vec<(Kind, bool)> = cache
            .entries()
            .unwrap()
            .into_iter()
            .map(|entry| (entry.kind, entry.image.is_some()))
            .collect();
        assert_eq!(
            kinds,
            [
                (Kind::Record, false),
                (Kind::Journal, true),
                (Kind::Archive, true),
                (Kind::Lock, true),
                (Kind::Stat, true),
                (Kind::Journal, false),
            ]
        );
    }
}
