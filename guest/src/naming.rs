//! By which of its digests an image is registered, and by which it should be.
//!
//! Its file and its hash link have that digest for a name. A compute node asks its engine for the image
//! by it, and an engine knows an image by one of them alone, as its store has it.

use crate::bindings::exports::keepdocker::contract::commands::{Failure, ImageDigest};
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{archives, collections, keep, log};
use crate::{evidence, image, manifest};

/// The digests of an image that a collection holds.
#[derive(Debug)]
pub(crate) struct Digests {
    /// The one that its file is named by.
    pub(crate) name: String,
    /// That of its config: its ID.
    pub(crate) id: String,
    /// The one that it should be named by; none if the archive is not in canonical form, so that nobody
    /// can tell it.
    pub(crate) wanted: Option<String>,
}

impl Digests {
    /// Finds out the digests; `found` is what was found in the collection. Where nobody looked, it is the
    /// project's or the user's own, whose note of the ID is taken as it is.
    pub(crate) fn of(
        collection: &collections::Collection,
        found: Option<&archives::Image>,
        named_by: ImageDigest,
    ) -> Self {
        let name = evidence::named_id(collection).unwrap_or_default();
        let id = match found {
            Some(found) => found.id.clone(),
            None => image::text_of(&collection.properties, image::CONFIG_DIGEST)
                .filter(|noted| image::is_digest(noted))
                .unwrap_or_else(|| name.clone()),
        };
        let wanted = match named_by {
            ImageDigest::Config => Some(id.clone()),
            ImageDigest::Manifest => found.and_then(|found| found.manifest.clone()),
        };
        Self { name, id, wanted }
    }

    /// Tells whether the file is named as it should be.
    pub(crate) fn are_right(&self) -> bool {
        self.wanted.as_ref() == Some(&self.name)
    }
}

/// Gives the file of a collection that is to be copied the name that it should have, or returns none if it
/// cannot have that.
pub(crate) fn renamed(
    mut collection: collections::Collection,
    digests: &Digests,
) -> Option<collections::Collection> {
    let wanted = digests.wanted.as_deref()?;
    if wanted != digests.name {
        let text = collection.manifest.as_deref()?;
        let text = manifest::with_file_name(text, &image::file_name(wanted))?;
        collection.portable_data_hash = manifest::portable_data_hash(&text);
        collection.manifest = Some(text);
    }
    Some(collection)
}

/// Returns the digest by which a stored archive is to be registered.
pub(crate) fn of_stored(stored: &keep::Stored, named_by: ImageDigest) -> Result<String, Failure> {
    match (named_by, &stored.loaded_as) {
        (ImageDigest::Config, _) => Ok(stored.image.id.clone()),
        (ImageDigest::Manifest, Some(digest)) => Ok(digest.clone()),
        (ImageDigest::Manifest, None) => Err(ArchiveError::Unsupported(
            "the digest of a manifest can be told only of an archive in canonical form".into(),
        )
        .into()),
    }
}

/// Says that an image of the project is named by the other of its digests.
pub(crate) fn tell_of_misnaming(collection: &collections::Collection, digests: &Digests) {
    let advice = match &digests.wanted {
        Some(wanted) => format!(
            "and compute nodes here look for {wanted}: `keepdocker repair` registers it by that, without sending data"
        ),
        None => "and only an archive in canonical form can be named by its manifest: `keepdocker upload --force` stores it so".into(),
    };
    log::write(
        Level::Warning,
        &format!(
            "image {} is in collection {} by the name {}, {advice}",
            digests.id, collection.uuid, digests.name
        ),
    );
}
