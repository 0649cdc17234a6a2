//! Looking after the cache, without disturbing the runs that use it.

use std::fs::TryLockError;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::cache::{self, Cache, Cleaning, Entry, Kind};
use crate::locks::{self, Guard};
use crate::output::{Exit, Report};
use crate::settings::{CacheBase, Environment};

/// What the cache holds.
#[derive(Debug)]
pub struct Inventory {
    /// The cache's folder.
    pub folder: PathBuf,
    /// The files in it, by name, each with who uses it now, for people. Locks that nobody holds
    /// are left out: they are empty.
    pub files: Vec<(Entry, Option<String>)>,
}

/// What was removed of the cache.
#[derive(Debug)]
pub struct Cleaned {
    /// The cache's folder.
    pub folder: PathBuf,
    /// What was removed, the oldest first.
    pub removed: Vec<Entry>,
    /// What would have been removed, but is in use, and by whom.
    pub kept: Vec<(Entry, String)>,
}

/// Looks at what the cache holds.
///
/// # Errors
/// If there is no cache, or it cannot be read.
pub fn inventory(environment: &Environment) -> Result<Inventory, Report> {
    let cache = open(environment)?;
    let mut files = Vec::new();
    for entry in cache.entries().map_err(report)? {
        let user = user(&cache, &entry)?;
        if entry.kind != Kind::Lock || user.is_some() {
            files.push((entry, user));
        }
    }
    Ok(Inventory {
        folder: cache.path().to_owned(),
        files,
    })
}

/// Removes from the cache what the cleaning chooses and nobody uses.
///
/// # Errors
/// If there is no cache, or it cannot be read, or a file cannot be removed.
pub fn clean(environment: &Environment, cleaning: Cleaning) -> Result<Cleaned, Report> {
    let cache = open(environment)?;
    let entries = cache.entries().map_err(report)?;
    let mut cleaned = Cleaned {
        folder: cache.path().to_owned(),
        removed: Vec::new(),
        kept: Vec::new(),
    };
    for entry in cleaning.choose(&entries, SystemTime::now()) {
        // Held while the file is removed, so that no run begins to use it meanwhile.
        let guard = match &entry.image {
            Some(image) => Some(Guard::try_acquire(&cache, image).map_err(lock_report)?),
            None => None,
        };
        let user = match &guard {
            Some(Err(owner)) => Some(owner.clone()),
            _ => writer(&cache, &entry),
        };
        match user {
            Some(owner) => cleaned.kept.push((entry, owner)),
            None => {
                cache.remove(&entry).map_err(report)?;
                cleaned.removed.push(entry);
            }
        }
    }
    Ok(cleaned)
}

fn open(environment: &Environment) -> Result<Cache, Report> {
    let base = CacheBase::new(environment)
        .map(|base| base.path)
        .ok_or_else(|| report(cache::Error::Nowhere))?;
    Cache::open(&base).map_err(report)
}

/// Returns who uses a file now, for people.
fn user(cache: &Cache, entry: &Entry) -> Result<Option<String>, Report> {
    // Only a run that made the lock's file can hold the lock, and looking must not make it.
    if entry.kind == Kind::Lock
        && let Some(image) = &entry.image
    {
        return locks::holder(cache, image).map_err(lock_report);
    }
    Ok(writer(cache, entry))
}

/// Returns who writes a journal now; a run keeps a lock on the file itself.
fn writer(cache: &Cache, entry: &Entry) -> Option<String> {
    if entry.kind != Kind::Journal {
        return None;
    }
    let file = cache.read(entry).ok()?;
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then(|| "an upload".to_owned())
}

fn report(error: cache::Error) -> Report {
    Report::new(Exit::Failed, error.to_string())
}

fn lock_report(error: locks::Error) -> Report {
    Report::new(Exit::Failed, error.to_string())
}
