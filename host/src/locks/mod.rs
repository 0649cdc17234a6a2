//! Locks on images, shared with other processes, the Python program among them.
//!
//! A lock is an exclusive `flock` on a file of the cache, as there. The file is never removed:
//! somebody may wait on it. Who holds the lock stands in the file, which the Python program
//! leaves empty.

pub mod host;
mod owner;

use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::bindings::locks;
use crate::cache::{self, Cache};

pub use host::Locks;

use owner::Owner;

/// After how long a wait is worth a message.
const SILENT: Duration = Duration::from_secs(1);

/// How long to sleep between attempts, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(250));

/// The exclusive right to work on one image, given back when dropped.
#[derive(Debug)]
pub struct Guard {
    file: File,
}

/// Why a lock was not got.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody kept it too long.
    #[error(
        "{owner} still works on image {image}, after {} s of waiting; wait for it to end, or wait longer with `--lock-timeout`",
        .waited.as_secs()
    )]
    TimedOut {
        /// The image.
        image: String,
        /// Who holds the lock, for people.
        owner: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The cache has no place for the lock.
    #[error(transparent)]
    Cache(#[from] cache::Error),
    /// The file system has no locks, or failed.
    #[error("cannot lock `{}`: {source}; a cache folder on a local disk has locks", .path.display())]
    File {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Guard {
    /// Waits until nobody else works on the image.
    ///
    /// After a second, `report` is told in a line whom the wait is for. Without a `timeout` the
    /// wait has no end. Dropping the future ends it.
    ///
    /// # Errors
    /// If the time is over, or the cache cannot be used, or `image` is no image ID.
    pub async fn acquire(
        cache: &Cache,
        image: &str,
        timeout: Option<Duration>,
        mut report: impl FnMut(&str),
    ) -> Result<Self, Error> {
        let (mut file, path) = cache.lock_file(image)?;
        let start = Instant::now();
        let mut pause = PAUSES.0;
        let mut is_reported = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(Error::File { path, source }),
            }
            let waited = start.elapsed();
            if timeout.is_some_and(|timeout| waited >= timeout) {
                return Err(Error::TimedOut {
                    image: image.to_owned(),
                    owner: Owner::text(&mut file),
                    waited,
                });
            }
            if !is_reported && waited >= SILENT {
                is_reported = true;
                let owner = Owner::text(&mut file);
                report(&format!(
                    "waiting for {owner}, which works on image {image}"
                ));
            }
            let left = timeout.map_or(pause, |timeout| timeout - waited);
            tokio::time::sleep(pause.min(left)).await;
            pause = (2 * pause).min(PAUSES.1);
        }
        // Only a service for those who wait: the lock is good without it.
        let _ = Owner::of_this_process().write(&mut file);
        Ok(Guard { file })
    }
}

impl Guard {
    /// Takes the lock if nobody holds it; else tells who does, for people.
    ///
    /// # Errors
    /// If the cache cannot be used, or `image` is no image ID.
    pub fn try_acquire(cache: &Cache, image: &str) -> Result<Result<Self, String>, Error> {
        let (mut file, path) = cache.lock_file(image)?;
        match file.try_lock() {
            Ok(()) => Ok(Ok(Guard { file })),
            Err(TryLockError::WouldBlock) => Ok(Err(Owner::text(&mut file))),
            Err(TryLockError::Error(source)) => Err(Error::File { path, source }),
        }
    }
}

/// Returns who holds the lock on an image, for people; none if nobody does.
///
/// # Errors
/// If the cache cannot be used, or `image` is no image ID.
pub fn holder(cache: &Cache, image: &str) -> Result<Option<String>, Error> {
    let (mut file, path) = cache.lock_file(image)?;
    // Others who only look are not in the way.
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(Owner::text(&mut file))),
        Err(TryLockError::Error(source)) => Err(Error::File { path, source }),
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
        // Closing the file unlocks too, unless a child has inherited it.
        let _ = self.file.unlock();
    }
}

impl From<Error> for locks::Error {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::TimedOut { .. } => locks::Error::TimedOut(text),
            Error::Cache(cache::Error::NotAnId(_)) => locks::Error::Other(text),
            Error::Cache(_) => locks::Error::Unavailable(text),
            Error::File { .. } => locks::Error::Unavailable(text),
        }
    }
}

#[cfg(test)]
mod tests;
