//! The cache, opened when it is first needed.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{Cache, Error};
use crate::settings::process_variable;

/// Where the cache is. Commands that do not need it do not touch it.
#[derive(Debug)]
pub(crate) struct Place {
    base: Option<PathBuf>,
    opened: OnceLock<Cache>,
    scratch: PathBuf,
}

impl Place {
    /// Creates the place; `base` is the folder of all caches, if there is one.
    pub(crate) fn new(base: Option<PathBuf>) -> Self {
        // A first run has no folder of its own yet, and makes none for a file without a name. Folders for
        // temporary files are often in memory, where an image would not fit.
        let scratch = base
            .iter()
            .flat_map(|base| base.ancestors().take(2))
            .find(|folder| folder.is_dir())
            .map_or_else(usual_scratch, Path::to_owned);
        Self {
            base,
            opened: OnceLock::new(),
            scratch,
        }
    }

    /// Returns the cache, creating its folder if need be.
    ///
    /// # Errors
    /// If there is no place for it, or it cannot be written to.
    pub(crate) fn open(&self) -> Result<&Cache, Error> {
        if let Some(cache) = self.opened.get() {
            return Ok(cache);
        }
        let cache = Cache::open(self.base.as_deref().ok_or(Error::Nowhere)?)?;
        Ok(self.opened.get_or_init(|| cache))
    }

    /// Returns the cache's folder, whether it can be used or not, if there is a place for it.
    #[must_use]
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        self.base.as_deref().map(super::folder)
    }

    /// Returns a folder for temporary files: that of all caches, or the one above, where there is one.
    pub(crate) fn scratch(&self) -> &Path {
        &self.scratch
    }
}

/// Returns the system's folder for temporary files.
fn usual_scratch() -> PathBuf {
    process_variable("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from)
}
