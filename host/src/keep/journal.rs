//! What a run has sent of an image, noted down for the next one in case this one is cut short.
//!
//! One line a block: a checksum, whom the signature is for, the signed locator. A line goes into
//! the file once its block is stored, so a run that is killed leaves at most one line cut off,
//! which its checksum gives away. A line that is of no use is passed over alone; its block is sent
//! again.
//!
//! The signatures are rights to use the blocks, hence a file for its owner alone. The token is not
//! in it: a digest tells whether a signature was made for this token and this cluster.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use keepdocker_terms::digest::Digest;

use super::upload::Journal;
use super::{KnownBlocks, Locator};
use crate::cache::{self, Begun, Cache, Kind, Slot};
use crate::settings::Settings;

/// No journal grows beyond this, nor is more read of all of them together; it is enough for the
/// blocks of several terabytes.
const LARGEST: u64 = 16 << 20;

/// Signatures are good for two weeks on clusters with the usual settings.
const OLDEST: Duration = Duration::from_secs(14 * 24 * 3600);

/// How many hexadecimal digits of a digest tell lines, tokens and clusters apart.
const DIGITS: usize = 16;

/// A cluster and a token, which signatures are good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity(String);

impl Identity {
    /// Derives the identity from the settings; the token cannot be got back from it.
    pub(crate) fn new(settings: &Settings) -> Self {
        let host = settings.host();
        Self(digest(&format!("{host} {}", settings.token.expose())))
    }
}

/// The journal of one upload, open for this run alone.
#[derive(Debug)]
pub(crate) struct JournalFile {
    identity: Identity,
    slot: Slot,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    to: To,
    length: u64,
}

/// Where lines go.
#[derive(Debug)]
enum To {
    /// To a file that has no name before it has one: whatever ends the run, no empty journal is left.
    Begun(Begun),
    File(File),
    /// Nowhere: it could not be written to, or is full, and the upload goes on without.
    Nobody,
}

impl JournalFile {
    /// Opens the journal of an image's upload, or of one from a stream, unless another run has it
    /// open.
    ///
    /// What it held stays in it, unless it `starts_over`.
    ///
    /// # Errors
    /// If the cache cannot be used.
    pub(crate) fn open(
        cache: &Cache,
        image: Option<&str>,
        identity: Identity,
        starts_over: bool,
    ) -> Result<Option<Arc<Self>>, cache::Error> {
        let slot = cache.journal(image)?;
        let (mut to, mut length) = (None, 0);
        if let Some(mut file) = slot.open()? {
            if file.try_lock().is_err() {
                return Ok(None);
            }
            length = file.metadata().map_or(0, |metadata| metadata.len());
            if starts_over || length > LARGEST || length == 0 {
                slot.clear();
                length = 0;
            } else {
                // A line that was cut off must not spoil the next one.
                if file.write_all(b"\n").is_err() {
                    return Ok(None);
                }
                length += 1;
                to = Some(To::File(file));
            }
        }
        // Now, as a file system that does not answer is waited for here alone.
        let to = match to {
            Some(to) => to,
            None => match slot.begin() {
                Ok(begun) if begun.file.try_lock().is_ok() => To::Begun(begun),
                _ => return Ok(None),
            },
        };
        Ok(Some(Arc::new(Self {
            identity,
            slot,
            written: Mutex::new(Written { to, length }),
        })))
    }

    /// Takes no more lines if there is none yet. Whoever has it still notes down nothing then.
    fn end(&self) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let To::Begun(begun) = &written.to {
            self.slot.give_up(begun);
            written.to = To::Nobody;
        }
    }

    /// Writes a line, and returns where the next one goes.
    fn write(&self, to: To, line: &str) -> To {
        match to {
            // Another run that has begun one meanwhile keeps it.
            To::Begun(begun) => match self.slot.write_first(begun, line.as_bytes()) {
                Ok(file) => To::File(file),
                Err(_) => To::Nobody,
            },
            To::File(mut file) => match file.write_all(line.as_bytes()) {
                Ok(()) => To::File(file),
                Err(_) => To::Nobody,
            },
            To::Nobody => To::Nobody,
        }
    }
}

/// The journal of an upload that somebody waits for. It ends when it is dropped, whoever has the journal still: blocks on
/// their way, of which nothing comes any more.
#[derive(Debug)]
pub(super) struct Noted(Arc<JournalFile>);

impl Noted {
    /// Waits for the upload with this journal.
    pub(super) fn new(journal: Arc<JournalFile>) -> Self {
        Self(journal)
    }

    /// Returns the journal.
    pub(super) fn journal(&self) -> Arc<JournalFile> {
        self.0.clone()
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Journal for JournalFile {
    fn stored(&self, locator: &Locator) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let line = line(&self.identity, &locator.signed());
        written.length += line.len() as u64;
        let to = std::mem::replace(&mut written.to, To::Nobody);
        if written.length <= LARGEST {
            written.to = self.write(to, &line);
        }
    }
}

/// Returns the blocks that earlier runs noted down for this identity.
///
/// Blocks are known by their content, so every journal is read, whatever its image: an image that
/// was built anew shares most blocks with the one whose upload was cut short. Journals that
/// nobody has written to for two weeks are removed.
///
/// # Errors
/// If the cache cannot be listed. A journal that cannot be read is passed over.
pub(crate) fn recall(cache: &Cache, identity: &Identity) -> Result<KnownBlocks, cache::Error> {
    let mut known = KnownBlocks::default();
    let mut left = LARGEST;
    let now = SystemTime::now();
    for entry in cache.entries()? {
        if entry.kind != Kind::Journal {
            continue;
        }
        let is_old = now
            .duration_since(entry.modified)
            .is_ok_and(|age| age > OLDEST);
        if is_old {
            // Whoever writes it has written to it lately.
            let _ = cache.remove(&entry);
            continue;
        }
        let Ok(file) = cache.read(&entry) else {
            continue;
        };
        let mut text = Vec::new();
        let Ok(count) = file.take(left).read_to_end(&mut text) else {
            continue;
        };
        left -= count as u64;
        let lines = text.split(|byte| *byte == b'\n');
        for locator in lines.filter_map(|line| parse(identity, line)) {
            known.insert(locator);
        }
    }
    Ok(known)
}

/// Writes a line of a journal.
fn line(identity: &Identity, locator: &str) -> String {
    let text = format!("{} {locator}", identity.0);
    format!("{} {text}\n", digest(&text))
}

/// Reads a line of a journal; none if it is damaged, or for another token or cluster.
fn parse(identity: &Identity, line: &[u8]) -> Option<Locator> {
    let line = std::str::from_utf8(line).ok()?;
    let (checksum, text) = line.split_once(' ')?;
    let (owner, locator) = text.split_once(' ')?;
    let is_good = owner == identity.0 && digest(text) == checksum;
    locator.parse().ok().filter(|_| is_good)
}

fn digest(text: &str) -> String {
    let mut digits = Digest::of(text.as_bytes()).hex();
    digits.truncate(DIGITS);
    digits
}

/// The blocks that this run has sent.
#[derive(Default)]
pub(super) struct Sent(Mutex<KnownBlocks>);

impl Sent {
    pub(super) fn known(&self) -> MutexGuard<'_, KnownBlocks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for Sent {
    fn stored(&self, locator: &Locator) {
        self.known().insert(locator.clone());
    }
}

/// Tells several journals of every block.
pub(super) struct Both(pub(super) Arc<dyn Journal>, pub(super) Arc<dyn Journal>);

impl Journal for Both {
    fn stored(&self, locator: &Locator) {
        self.0.stored(locator);
        self.1.stored(locator);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    const SIGNATURE: &str = "A89118b78732c33104a4d6231e8b5a5fa1e4301e3@7fffffff";

    fn identity(text: &str) -> Identity {
        Identity(digest(text))
    }

    fn locator(number: u32) -> Locator {
        format!("{number:032x}+3+{SIGNATURE}").parse().unwrap()
    }

    fn path(cache: &Cache) -> PathBuf {
        cache.path().join("stream.journal")
    }

    fn open(cache: &Cache, starts_over: bool) -> Arc<JournalFile> {
        JournalFile::open(cache, None, identity("me"), starts_over)
            .unwrap()
            .unwrap()
    }

    fn known(cache: &Cache, who: &str) -> usize {
        recall(cache, &identity(who)).unwrap().len()
    }

    #[test]
    fn what_was_stored_is_recalled_for_the_same_token_alone() {
        let base = tempfile::tempdir().unwrap();
        let cache = Cache::open(base.path()).unwrap();
        let journal = open(&cache, false);
        journal.stored(&locator(1));
        journal.stored(&locator(2));
        assert!(
            JournalFile::open(&cache, None, identity("me"), true)
                .unwrap()
                .is_none(),
            "another run must not take it over"
        );
        drop(journal);

        assert_eq!(known(&cache, "me"), 2);
        assert_eq!(known(&cache, "somebody else"), 0);
        let mode = std::fs::metadata(path(&cache)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        open(&cache, true);
        assert_eq!(known(&cache, "me"), 0);
    }

    #[test]
    fn a_journal_in_which_nothing_is_noted_down_does_not_stay() {
        let base = tempfile::tempdir().unwrap();
        let cache = Cache::open(base.path()).unwrap();
        // Whoever has it still keeps nothing.
        let journal = open(&cache, false);
        drop(Noted::new(journal.clone()));
        assert!(!path(&cache).exists());
        journal.stored(&locator(1));
        assert!(!path(&cache).exists());

        // Nor is it there before something is, whatever ends the run.
        let noted = Noted::new(open(&cache, false));
        assert!(!path(&cache).exists());
        noted.journal().stored(&locator(1));
        drop(noted);
        assert_eq!(known(&cache, "me"), 1);
        drop(Noted::new(open(&cache, true)));
        assert!(!path(&cache).exists());
    }

    #[test]
    fn damaged_lines_are_passed_over_alone() {
        let base = tempfile::tempdir().unwrap();
        let cache = Cache::open(base.path()).unwrap();
        let good = line(&identity("me"), &locator(1).signed());
        let forged = line(&identity("me"), &locator(2).signed()).replace("7fffffff", "7ffffffe");
        let foreign = line(&identity("they"), &locator(3).signed());
        let nonsense = line(&identity("me"), "x");
        let cut = &good[..good.len() - 3];
        let text = format!("{forged}{foreign}{nonsense}\n\0\u{fffd}\n{good}{cut}");
        std::fs::write(path(&cache), text).unwrap();
        assert_eq!(known(&cache, "me"), 1);

        open(&cache, false).stored(&locator(4));
        assert_eq!(known(&cache, "me"), 2);
    }

    #[test]
    fn old_journals_are_removed_and_large_ones_started_over() {
        let base = tempfile::tempdir().unwrap();
        let cache = Cache::open(base.path()).unwrap();
        open(&cache, false).stored(&locator(1));
        let file = File::options().write(true).open(path(&cache)).unwrap();
        file.set_modified(SystemTime::now() - OLDEST - Duration::from_secs(60))
            .unwrap();
        assert_eq!(known(&cache, "me"), 0);
        assert!(!path(&cache).exists());

        let file = File::create(path(&cache)).unwrap();
        file.set_len(LARGEST + 1).unwrap();
        open(&cache, false).stored(&locator(1));
        assert_eq!(known(&cache, "me"), 1);
        assert!(std::fs::metadata(path(&cache)).unwrap().len() < 1000);
    }

    #[test]
    fn a_full_disk_does_not_end_the_upload() {
        let base = tempfile::tempdir().unwrap();
        let cache = Cache::open(base.path()).unwrap();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let journal = JournalFile {
            identity: identity("me"),
            slot: cache.journal(None).unwrap(),
            written: Mutex::new(Written {
                to: To::File(full),
                length: 0,
            }),
        };
        journal.stored(&locator(1));
        let written = journal.written.lock().unwrap();
        assert!(matches!(written.to, To::Nobody));
    }
}
