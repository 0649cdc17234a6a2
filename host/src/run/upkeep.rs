//! Looking after the cache, without disturbing the runs that use it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use keepdocker_console::{Console, Exit, Level, Report};

use crate::cache::{self, Cache, Cleaning, Entry, Kind};
use crate::locks::{self, Inquiry, Usage};
use crate::settings::{CacheBase, Environment};

/// What the cache holds.
#[derive(Debug)]
pub(crate) struct Inventory {
    /// The cache's folder.
    pub folder: PathBuf,
    /// The files in it, by name, each with who uses it now. Locks that nobody is known to hold are left
    /// out: they are empty.
    pub files: Vec<(Entry, Usage)>,
}

/// What was removed of the cache.
#[derive(Debug)]
pub(crate) struct Cleaned {
    /// The cache's folder.
    pub folder: PathBuf,
    /// What was removed, the oldest first.
    pub removed: Vec<Entry>,
    /// What would have been removed, but is in use, or may be.
    pub kept: Vec<(Entry, Usage)>,
}

/// Looks at what the cache holds. Where the file system does not tell of locks, `console` is told.
///
/// # Errors
/// If there is no cache, or it cannot be read.
pub(crate) async fn inventory(
    environment: &Environment,
    console: Console,
) -> Result<Inventory, Report> {
    let (cache, mut inquiry) = open(environment, console)?;
    let mut files = Vec::new();
    for entry in cache.entries().map_err(report)? {
        let usage = usage(&cache, &entry, &mut inquiry).await?;
        if entry.kind != Kind::Lock || matches!(usage, Usage::By(_)) {
            files.push((entry, usage));
        }
    }
    Ok(Inventory {
        folder: cache.path().to_owned(),
        files,
    })
}

/// Removes from the cache what the cleaning chooses and nobody uses. Where the file system does not tell
/// of locks, nothing is removed, and `console` is told.
///
/// # Errors
/// If there is no cache, or it cannot be read, or a file cannot be removed.
pub(crate) async fn clean(
    environment: &Environment,
    cleaning: Cleaning,
    console: Console,
) -> Result<Cleaned, Report> {
    let (cache, mut inquiry) = open(environment, console)?;
    let entries = cache.entries().map_err(report)?;
    let mut cleaned = Cleaned {
        folder: cache.path().to_owned(),
        removed: Vec::new(),
        kept: Vec::new(),
    };
    for entry in cleaning.choose(&entries, SystemTime::now()) {
        // Held while the file is removed, so that no run begins to use it meanwhile.
        let guard = match &entry.image {
            Some(image) => Some(inquiry.take(image).await.map_err(lock_report)?),
            None => None,
        };
        let usage = match &guard {
            Some(Err(usage)) => usage.clone(),
            _ => writer(&cache, &entry, &mut inquiry).await,
        };
        if usage == Usage::Unused {
            cache.remove(&entry).map_err(report)?;
            cleaned.removed.push(entry);
        } else {
            cleaned.kept.push((entry, usage));
        }
    }
    Ok(cleaned)
}

fn open(environment: &Environment, console: Console) -> Result<(Arc<Cache>, Inquiry), Report> {
    let base = CacheBase::new(environment).ok_or_else(|| report(cache::Error::Nowhere))?;
    if let Some(warning) = base.warning() {
        console.message(Level::Warning, &warning);
    }
    let cache = Arc::new(Cache::open(&base.path).map_err(report)?);
    let inquiry = Inquiry::new(cache.clone(), move |text| {
        console.message(Level::Warning, text);
    });
    Ok((cache, inquiry))
}

/// Returns who uses a file now.
async fn usage(cache: &Cache, entry: &Entry, inquiry: &mut Inquiry) -> Result<Usage, Report> {
    // Only a run that made the lock's file can hold the lock, and looking must not make it.
    if entry.kind == Kind::Lock
        && let Some(image) = &entry.image
    {
        return inquiry.holder(image).await.map_err(lock_report);
    }
    Ok(writer(cache, entry, inquiry).await)
}

/// Returns who writes a journal now.
async fn writer(cache: &Cache, entry: &Entry, inquiry: &mut Inquiry) -> Usage {
    if entry.kind != Kind::Journal {
        return Usage::Unused;
    }
    match cache.read(entry) {
        Ok(journal) => {
            inquiry
                .writer(journal, cache.path().join(&entry.name))
                .await
        }
        Err(_) => Usage::Unused,
    }
}

fn report(error: cache::Error) -> Report {
    Report::new(Exit::Failed, error.to_string())
}

fn lock_report(error: locks::Error) -> Report {
    Report::new(Exit::Failed, error.to_string())
}
