//! An archive of images: what it holds, which of them is meant, and how that one is stored.

use crate::bindings::exports::keepdocker::contract::commands::Failure;
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{archives, keep, log};
use crate::reference::{Name, Reference};
use crate::selection::{self, Asked};
use crate::types::HeldImage;

/// Asks what the archive holds that can be meant: no list for a stream that was not taken in.
pub(crate) fn listing(
    archive: &archives::Archive,
    asked: &Asked<'_>,
) -> Result<archives::Listing, Failure> {
    let wanted = archives::Wanted {
        called: asked.called.map(Into::into),
        platform: asked.platform(),
    };
    Ok(archive.images(&wanted)?)
}

/// Says of an image, as it was listed, that it is the one.
pub(crate) fn chosen(image: &HeldImage) -> archives::Chosen {
    archives::Chosen {
        image: image.id.clone(),
        manifest: image.manifest.clone(),
    }
}

/// Stores the image that the options name, or else the one that turns out to be meant once the archive was taken in.
pub(crate) fn store(
    archive: &archives::Archive,
    asked: &Asked<'_>,
    options: &keep::Options,
) -> Result<keep::Stored, Failure> {
    let mut stored = keep::store(archive, options)?.stored;
    if options.image.is_none() {
        let images = listing(archive, asked)?.images.unwrap_or_default();
        let image = selection::choose(&images, asked)?;
        stored = keep::store(
            archive,
            &keep::Options {
                image: Some(chosen(image)),
                ..options.clone()
            },
        )?
        .stored;
    }
    stored.ok_or_else(|| ArchiveError::Other("the host did not store the image".into()).into())
}

/// Returns the names under which an image of a given archive is registered: the one asked for,
/// else the archive's own.
pub(crate) fn names(reference: Option<&Reference>, repo_tags: &[String]) -> Vec<Name> {
    let (names, left_out) = selection::names(reference, repo_tags);
    for error in left_out {
        log::write(
            Level::Warning,
            &format!("a name that the archive gives the image is left out: {error}"),
        );
    }
    names
}
