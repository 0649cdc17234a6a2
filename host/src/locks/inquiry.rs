//! Questions about locks that nobody waits for.

use std::fmt;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::Arc;

use super::owner::Owner;
use super::{Error, Guard, answered};
use crate::cache::Cache;

/// Who uses a file of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Nobody does.
    Unused,
    /// Somebody does; who, for people.
    By(String),
    /// The file system does not tell.
    Unknown,
}

/// Asks about the locks of a cache. Once the file system does not answer, or has no locks, nothing more is
/// asked: every further answer would take as long.
pub(crate) struct Inquiry {
    cache: Arc<Cache>,
    is_vain: bool,
    tell: Box<dyn Fn(&str) + Send + Sync>,
}

impl Inquiry {
    /// Begins to ask about a cache; `tell` gets a sentence when nothing more can be known.
    pub(crate) fn new(cache: Arc<Cache>, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self {
            cache,
            is_vain: false,
            tell: Box::new(tell),
        }
    }

    /// Returns who holds the lock on an image.
    ///
    /// # Errors
    /// If the cache cannot be used, or `image` is no image ID.
    pub(crate) async fn holder(&mut self, image: &str) -> Result<Usage, Error> {
        let (cache, image) = (self.cache.clone(), image.to_owned());
        let asked = self.ask(move || {
            let (mut file, path) = cache.lock_file(&image)?;
            // Others who only look are not in the way.
            match file.try_lock_shared() {
                Ok(()) => Ok(Usage::Unused),
                Err(TryLockError::WouldBlock) => Ok(Usage::By(Owner::text(&mut file))),
                Err(TryLockError::Error(source)) => Err(Error::File { path, source }),
            }
        });
        Ok(asked.await?.unwrap_or(Usage::Unknown))
    }

    /// Takes the lock on an image if nobody holds it; else tells who does.
    ///
    /// # Errors
    /// If the cache cannot be used, or `image` is no image ID.
    pub(crate) async fn take(&mut self, image: &str) -> Result<Result<Guard, Usage>, Error> {
        let (cache, image) = (self.cache.clone(), image.to_owned());
        let asked = self.ask(move || {
            let (mut file, path) = cache.lock_file(&image)?;
            match file.try_lock() {
                Ok(()) => Ok(Ok(Guard { file: Some(file) })),
                Err(TryLockError::WouldBlock) => Ok(Err(Usage::By(Owner::text(&mut file)))),
                Err(TryLockError::Error(source)) => Err(Error::File { path, source }),
            }
        });
        Ok(asked.await?.unwrap_or(Err(Usage::Unknown)))
    }

    /// Returns who writes a journal; a run keeps a lock on the file itself. `path` is the file's, for
    /// messages.
    pub(crate) async fn writer(&mut self, journal: File, path: PathBuf) -> Usage {
        let asked = self.ask(move || match journal.try_lock_shared() {
            Ok(()) => Ok(Usage::Unused),
            Err(TryLockError::WouldBlock) => Ok(Usage::By("an upload".to_owned())),
            Err(TryLockError::Error(source)) => Err(Error::File { path, source }),
        });
        asked.await.ok().flatten().unwrap_or(Usage::Unknown)
    }

    /// Asks the file system; none if it does not tell.
    async fn ask<T: Send + 'static>(
        &mut self,
        question: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<Option<T>, Error> {
        if self.is_vain {
            return Ok(None);
        }
        let answer = answered(question).await.unwrap_or_else(|| {
            Err(Error::Silent {
                folder: self.cache.path().to_owned(),
            })
        });
        match answer {
            Err(lack @ (Error::File { .. } | Error::Silent { .. })) => {
                self.is_vain = true;
                (self.tell)(&format!(
                    "it is not known which files of the cache are in use: {lack}"
                ));
                Ok(None)
            }
            answer => answer.map(Some),
        }
    }
}

impl fmt::Debug for Inquiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Inquiry").field(&self.cache).finish()
    }
}
