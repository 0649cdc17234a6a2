//! An archive in Keep as a person looks at it: where it lies by its collection's manifest, and what it says it holds.

use keepdocker_decisions::extents::{self, Extent as Place};
use keepdocker_decisions::manifest::only_file;
use keepdocker_terms::image_id::{id_of_file, is_marked};

use super::ArchiveStore;
use super::store::StoreError;
use crate::archive::Outline;
use crate::bindings::keep::{Depth, Extent, StoredArchive};

/// What an archive turned out to hold.
#[derive(Debug, Clone)]
pub(crate) struct Looked {
    /// The digest that its file is named by, if it is named as images are.
    pub named: Option<String>,
    /// What its headers and documents tell.
    pub outline: Outline,
}

impl Looked {
    /// Says what is wrong with the name of the file: a container request gets the archive by it.
    pub(crate) fn fault(&self) -> Option<String> {
        let image = &self.outline.image;
        match &self.named {
            None => Some("its file is not named as images are".to_owned()),
            Some(named) if image.id == *named || image.manifest.as_ref() == Some(named) => None,
            Some(named) if !is_marked(named) => Some(format!(
                "its file is named by {named}, an ID of before 2016, which nothing in the archive proves"
            )),
            Some(named) => Some(format!(
                "its file is named as image {named}, and holds image {}",
                image.id
            )),
        }
    }
}

impl ArchiveStore {
    /// Looks into the only file of a manifest, at all of its bytes if that is wanted.
    ///
    /// # Errors
    /// Why nothing can be told of it, in words.
    pub(crate) async fn look_into(&self, manifest: &str, depth: Depth) -> Result<Looked, String> {
        let (named, stored) = archive_of(manifest)?;
        let told = |error: StoreError| error.to_string();
        if depth == Depth::Content {
            self.examine(&stored, depth).await.map_err(told)?;
        }
        let outline = self.outline(&stored).await.map_err(told)?;
        Ok(Looked { named, outline })
    }
}

/// Returns the archive that is the only file of a manifest, and what it is named by if it is named as images are.
///
/// # Errors
/// Why there is none, in words.
pub(super) fn archive_of(manifest: &str) -> Result<(Option<String>, StoredArchive), String> {
    let (path, _) = only_file(manifest).ok_or("the collection does not hold exactly one file")?;
    let named = id_of_file(&path).map(str::to_ascii_lowercase);
    let extent = |place: Place| Extent {
        block: place.block,
        start: place.start,
        length: place.length,
    };
    let places = extents::of_only_file(manifest).map_err(|error| error.to_string())?;
    let stored = StoredArchive {
        image: named.clone().unwrap_or_default(),
        extents: places.into_iter().map(extent).collect(),
    };
    Ok((named, stored))
}
