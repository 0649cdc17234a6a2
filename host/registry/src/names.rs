//! What names were resolved to in a run, so that what follows is asked of the very same image.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::client::{Client, Image, Resolved};
use crate::error::Error;
use crate::place::Target;

/// The most names that a run resolves.
const MOST: usize = 100;

/// What names were resolved to. A tag that moves meanwhile cannot mix two images.
#[derive(Default)]
pub struct Names {
    known: Mutex<HashMap<String, Resolved>>,
}

impl Names {
    /// Asks what a name means, and remembers it for a hundred names.
    ///
    /// # Errors
    /// If it is no name, or nobody has what it means.
    pub async fn resolve(&self, client: &Client, text: &str) -> Result<Resolved, Error> {
        let target = Target::named(text).ok_or_else(|| Error::NoName(text.to_owned()))?;
        let resolved = client.resolve(&target).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST || known.contains_key(text) {
            known.insert(text.to_owned(), resolved.clone());
        }
        Ok(resolved)
    }

    /// Returns what a name was resolved to.
    ///
    /// # Errors
    /// If it was not.
    pub fn resolved(&self, text: &str) -> Result<Resolved, Error> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(text).cloned().ok_or(Error::NotResolved)
    }

    /// Fetches the manifest and the config of an image that a name was resolved to, given by the digest of its manifest.
    ///
    /// # Errors
    /// If it was not resolved to it, or nobody has the image.
    pub async fn image(&self, client: &Client, text: &str, manifest: &str) -> Result<Image, Error> {
        let resolved = self.resolved(text)?;
        let mut candidates = resolved.candidates.iter();
        let candidate = candidates
            .find(|candidate| candidate.manifest.to_string() == manifest)
            .ok_or(Error::NotResolved)?;
        client.image(&resolved, &candidate.manifest).await
    }
}
