//! The cache, opened when it is first needed.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{Cache, Error};

/// Where the cache is. Commands that do not need it do not touch it.
#[derive(Debug)]
pub struct Place {
    base: Option<PathBuf>,
    opened: OnceLock<Cache>,
    scratch: PathBuf,
}

impl Place {
    /// Creates the place; `base` is the folder of all caches, if there is one.
    pub fn new(base: Option<PathBuf>) -> Self {
        let scratch = base
            .clone()
            .filter(|base| base.is_dir())
            .unwrap_or_else(std::env::temp_dir);
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
    pub fn open(&self) -> Result<&Cache, Error> {
        if let Some(cache) = self.opened.get() {
            return Ok(cache);
        }
        let cache = Cache::open(self.base.as_deref().ok_or(Error::Nowhere)?)?;
        Ok(self.opened.get_or_init(|| cache))
    }

    /// Returns a folder for temporary files, on the cache's disk where that is there already.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }
}
