//! Locks on images, shared with other processes, the Python program among them.
//!
//! A lock is an exclusive `flock` on a file of the cache, as there. The file is never removed:
//! somebody may wait on it. Who holds the lock stands in the file, which the Python program
//! leaves empty.
//!
//! Every attempt is made on a thread of its own: a lock manager of the network may not answer.

pub(crate) mod host;
mod inquiry;
mod owner;

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::bindings::locks;
use crate::cache::{self, Place};

pub(crate) use host::Locks;
pub(crate) use inquiry::{Inquiry, Usage};

use owner::Owner;

/// After how long a wait is worth a message.
const SILENT: Duration = Duration::from_secs(1);

/// How long the file system may take to say whether a lock is free.
const ANSWER: Duration = Duration::from_secs(5);

/// How long to sleep between attempts, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(250));

/// The exclusive right to work on one image, given back when dropped.
#[derive(Debug)]
pub(crate) struct Guard {
    /// None where there is no lock to be had, and nobody is kept out.
    file: Option<File>,
}

/// Why a lock was not got.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
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
    /// The file system does not answer, as one of the network whose lock manager is gone.
    #[error(
        "the file system of `{}` did not say within {} s whether the lock is free",
        .folder.display(),
        ANSWER.as_secs()
    )]
    Silent {
        /// The cache's folder.
        folder: PathBuf,
    },
}

impl Error {
    /// Tells whether there are no locks here at all, however long one waits.
    #[must_use]
    pub(crate) fn is_lack(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Cache(cache::Error::NotAnId(_)) => false,
            Self::Cache(_) | Self::File { .. } | Self::Silent { .. } => true,
        }
    }
}

impl Guard {
    /// Returns what stands for a lock where there is none: it keeps nobody out.
    #[must_use]
    pub(crate) fn lacking() -> Self {
        Self { file: None }
    }

    /// Waits until nobody else works on the image.
    ///
    /// After a second, `report` is told in a line whom the wait is for. Without a `timeout` the
    /// wait has no end. Dropping the future ends it.
    ///
    /// # Errors
    /// If the time is over, or the cache cannot be used, or `image` is no image ID.
    pub(crate) async fn acquire(
        place: &Arc<Place>,
        image: &str,
        timeout: Option<Duration>,
        mut report: impl FnMut(&str),
    ) -> Result<Self, Error> {
        let (mut file, path) = {
            let (of_thread, image) = (place.clone(), image.to_owned());
            let opened = answered(move || of_thread.open()?.lock_file(&image)).await;
            opened.ok_or_else(|| silent(place))??
        };
        let start = Instant::now();
        let mut pause = PAUSES.0;
        let mut is_reported = false;
        loop {
            let (tried, returned) = answered(move || (file.try_lock(), file))
                .await
                .ok_or_else(|| silent(place))?;
            file = returned;
            match tried {
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
        if is_lock_alone(&file) {
            let _ = Owner::of_this_process().write(&mut file);
        }
        Ok(Guard { file: Some(file) })
    }
}

/// Tells whether a file is a lock and nothing else: one that has another name too may hold what somebody needs.
fn is_lock_alone(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.nlink() == 1)
}

/// Does something that asks the file system, and waits for it for some time.
async fn answered<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let answer = tokio::time::timeout(ANSWER, tokio::task::spawn_blocking(work));
    answer.await.ok()?.ok()
}

fn silent(place: &Place) -> Error {
    Error::Silent {
        folder: place.folder().unwrap_or_default(),
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            if is_lock_alone(file) {
                let _ = file.set_len(0);
            }
            // Closing the file unlocks too, unless a child has inherited it.
            let _ = file.unlock();
        }
    }
}

impl From<Error> for locks::Error {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::TimedOut { .. } => locks::Error::TimedOut(text),
            Error::Cache(cache::Error::NotAnId(_)) => locks::Error::Other(text),
            Error::Cache(_) => locks::Error::Unavailable(text),
            Error::File { .. } | Error::Silent { .. } => locks::Error::Unavailable(text),
        }
    }
}

#[cfg(test)]
mod tests;
