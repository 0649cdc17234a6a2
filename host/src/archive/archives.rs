//! Where archives come from: the engine, what the user named, the cache.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Archive, Error, Held, Location, Wanted};
use crate::bindings::archives::{Error as WitError, Source};
use crate::cache::{self, Place};
use crate::engine::Engine;
use crate::plan::{Course, Deviation, Effects, Step};
use crate::registry::{Registries, Signature};

/// Opens archives of every source.
#[derive(Debug)]
pub(crate) struct Archives {
    engine: Engine,
    given: Option<Location>,
    cache: Arc<Place>,
    effects: Effects,
    registries: Registries,
    /// Whether what the user named was opened.
    was_given: AtomicBool,
}

/// An archive that the component holds a handle of.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    archive: Arc<Mutex<Archive>>,
    image: Option<String>,
    signatures: Arc<[Signature]>,
}

/// Why an archive is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchivesError {
    /// The archive is at fault, or its source.
    #[error(transparent)]
    Archive(#[from] Error),
    /// The cache is at fault.
    #[error(transparent)]
    Cache(#[from] cache::Error),
    /// A plan has something else in this place.
    #[error(transparent)]
    OffPlan(#[from] Deviation),
    /// The component asks for what the user did not name.
    #[error("no archive was named")]
    NothingGiven,
    /// The component wants to read a stream again.
    #[error("the archive comes through a stream, which can be read only once")]
    ReadOnce,
    /// The cache holds no complete archive of the image.
    #[error("the cache holds no complete archive of image {0}")]
    NotCached(String),
}

impl From<ArchivesError> for WitError {
    fn from(error: ArchivesError) -> Self {
        match error {
            ArchivesError::Archive(error) => error.into(),
            ArchivesError::Cache(_) | ArchivesError::OffPlan(_) => Self::Other(error.to_string()),
            ArchivesError::NothingGiven | ArchivesError::ReadOnce | ArchivesError::NotCached(_) => {
                Self::NotFound(error.to_string())
            }
        }
    }
}

impl Archives {
    /// Creates the sources of archives; `given` is what the user named.
    pub(crate) fn new(
        engine: Engine,
        given: Option<Location>,
        cache: Arc<Place>,
        effects: Effects,
        registries: Registries,
    ) -> Self {
        Self {
            engine,
            given,
            cache,
            effects,
            registries,
            was_given: AtomicBool::new(false),
        }
    }

    /// Returns the registries, whose images are archives, too.
    pub(crate) fn registries(&self) -> &Registries {
        &self.registries
    }

    /// Opens an archive.
    ///
    /// # Errors
    /// If it is not there or cannot be opened.
    pub(crate) fn open(&self, source: &Source) -> Result<Opened, ArchivesError> {
        let archive = match source {
            Source::Engine(image) => {
                let (engine, id) = (self.engine.clone(), image.clone());
                let subject = format!("what `{} save` wrote", engine.program());
                let begin = move || -> Result<Box<dyn Read + Send>, Error> {
                    Ok(Box::new(
                        engine
                            .save(&id)
                            .map_err(|error| Error::Producer(error.into()))?,
                    ))
                };
                Archive::stream(&subject, Box::new(begin), self.cache.scratch())
            }
            Source::Given => {
                let location = self.given.as_ref().ok_or(ArchivesError::NothingGiven)?;
                if self.was_given.swap(true, Ordering::Relaxed) && !location.can_be_read_again() {
                    return Err(ArchivesError::ReadOnce);
                }
                Archive::open(location, self.cache.scratch())?
            }
            Source::Cache(image) => {
                // Where no cache can be used there is nothing in it either.
                let file = self
                    .cache
                    .open()
                    .map_or(Ok(None), |cache| cache.archive(image))?
                    .ok_or_else(|| ArchivesError::NotCached(image.clone()))?;
                let subject = format!("the cached archive of {image}");
                Archive::file(file, subject, self.cache.scratch())?
            }
        };
        let image = match source {
            Source::Engine(image) | Source::Cache(image) => Some(image.clone()),
            Source::Given => None,
        };
        Ok(Opened {
            archive: Arc::new(Mutex::new(archive)),
            image,
            signatures: Arc::default(),
        })
    }

    /// Removes an image's archive from the cache.
    ///
    /// # Errors
    /// If it is there and cannot be removed.
    pub(crate) fn forget(&self, image: &str) -> Result<(), ArchivesError> {
        let step = || Step::Forget {
            image: image.into(),
        };
        match (self.effects.admit(step)?, self.cache.open()) {
            (Course::Done, Ok(cache)) => Ok(cache.forget(image)?),
            (Course::Noted(_), _) | (_, Err(_)) => Ok(()),
        }
    }
}

impl Opened {
    /// Takes an archive that is open, and the signatures on its image that were found to be valid.
    pub(crate) fn new(archive: Archive, signatures: &[Signature]) -> Self {
        Self {
            archive: Arc::new(Mutex::new(archive)),
            image: None,
            signatures: signatures.into(),
        }
    }

    /// Returns the signatures on its image that were found to be valid when it was opened.
    pub(crate) fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Returns what the archive holds that can be meant, or none where that shows only once it was taken in.
    ///
    /// # Errors
    /// If its account of what it holds is unsound.
    pub(crate) fn images(&self, wanted: &Wanted) -> Result<Option<Vec<Held>>, ArchivesError> {
        Ok(self
            .archive
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .images(wanted)?)
    }

    /// Returns the archive itself, to be read on another thread.
    pub(crate) fn shared(&self) -> Arc<Mutex<Archive>> {
        self.archive.clone()
    }

    /// Returns the image by whose ID the archive was opened, if it was.
    pub(crate) fn image(&self) -> Option<&String> {
        self.image.as_ref()
    }
}
