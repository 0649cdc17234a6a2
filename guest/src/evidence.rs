//! What a collection holds, as opposed to what is said of it.
//!
//! Whoever can share a collection can write its properties, name its file, and make links to it. All of
//! that tells where to look, and no more. What is found counts once the host has read the archive's
//! small members from Keep and hashed the config, and the result is what this run knows by itself: the
//! ID that the engine told or that was computed from the source, or the layers that the engine told.

use crate::bindings::exports::keepdocker::contract::commands::Failure;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{archives, collections, keep, log};
use crate::{extents, failure, image, manifest};

/// How this run knows which image is meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Identity<'a> {
    /// By the digest of its config, which is its ID, or by that of the manifest that is made of it.
    Config,
    /// By what an engine with a containerd store calls it: the digest of a manifest or an index.
    Manifest {
        digest: &'a str,
        /// The layers that the engine told; empty where no engine has the image.
        diff_ids: &'a [String],
    },
}

impl Identity<'_> {
    /// Tells whether what was found in Keep is the image that is meant.
    ///
    /// The digest of a manifest can be shown only for the form in which an engine loads what we store.
    /// For what the project or the user owns, equal layers are enough: nobody else can write there.
    fn fits(self, found: &archives::Image, is_own: bool) -> bool {
        match self {
            Self::Config => true,
            Self::Manifest { digest, diff_ids } => {
                found.manifest.as_deref() == Some(digest)
                    || (is_own && !diff_ids.is_empty() && found.diff_ids == diff_ids)
            }
        }
    }
}

/// Tells whether the image has this digest for a name: that of its config, or that of the manifest which
/// an engine with a containerd store makes of the stored archive.
pub(crate) fn is_named(found: &archives::Image, digest: &str) -> bool {
    found.id == digest || found.manifest.as_deref() == Some(digest)
}

/// Why a collection is not known to hold an image.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It holds something else; the text says what is wrong.
    Unfit(String),
    /// It could not be looked into.
    Unread(keep::Error),
}

/// Returns what the collection holds if that is the image, or none, having said why.
///
/// It is an error if nobody may look: the policy or the token withholds that, whatever the collection.
pub(crate) fn image_of(
    collection: &collections::Collection,
    id: &str,
    identity: Identity<'_>,
    is_own: bool,
    depth: keep::Depth,
) -> Result<Option<archives::Image>, Failure> {
    let reason = match examined(collection, id, identity, is_own, depth) {
        Ok(found) => return Ok(Some(found)),
        Err(Refusal::Unread(
            error @ (keep::Error::Denied(_)
            | keep::Error::Unauthorized(_)
            | keep::Error::NoServices),
        )) => return Err(error.into()),
        Err(Refusal::Unread(error)) => words(&error),
        Err(Refusal::Unfit(reason)) => reason,
    };
    tell_of_refusal(collection, id, &reason);
    Ok(None)
}

/// Says why a collection is not used.
pub(crate) fn tell_of_refusal(collection: &collections::Collection, id: &str, reason: &str) {
    log::write(
        Level::Warning,
        &format!(
            "collection {} of {} is not used for image `{id}`: {reason}",
            collection.uuid, collection.owner
        ),
    );
}

/// Returns what the collection holds if that is the image.
///
/// `id` is one of the image's digests, and the collection's only file is named by one of them; both are
/// checked. `is_own` tells whether the project or the user owns the collection.
pub(crate) fn examined(
    collection: &collections::Collection,
    id: &str,
    identity: Identity<'_>,
    is_own: bool,
    depth: keep::Depth,
) -> Result<archives::Image, Refusal> {
    let unfit = |reason: &str| Err(Refusal::Unfit(reason.into()));
    if image::format(id) != "v2" {
        return unfit("its ID has the form v1, which does not tell the content");
    }
    let found = content(collection, depth)?;
    let name = named_id(collection).unwrap_or_default();
    if !is_named(&found, id) || !is_named(&found, &name.to_ascii_lowercase()) {
        return unfit(&format!("it holds image {}", found.id));
    }
    if !identity.fits(&found, is_own) {
        return unfit("that it is what the engine calls by this digest cannot be shown");
    }
    Ok(found)
}

/// Returns what the collection holds, whatever its only file is named by.
pub(crate) fn content(
    collection: &collections::Collection,
    depth: keep::Depth,
) -> Result<archives::Image, Refusal> {
    let text = collection.manifest.as_deref().unwrap_or_default();
    let name = named_id(collection).unwrap_or_default();
    let archive = stored(text, &name).map_err(Refusal::Unfit)?;
    keep::examine(&archive, depth).map_err(|error| match error {
        keep::Error::Archive(error) => Refusal::Unfit(failure::archive_words(&error).into()),
        error => Refusal::Unread(error),
    })
}

/// Looks into a collection that is used in any case; none if that fails.
pub(crate) fn look(collection: &collections::Collection) -> Option<archives::Image> {
    let name = named_id(collection)?;
    let archive = stored(collection.manifest.as_deref()?, &name).ok()?;
    let found = keep::examine(&archive, keep::Depth::Config).ok()?;
    is_named(&found, &archive.image).then_some(found)
}

/// Returns the place of the archive that is the only file of this manifest.
pub(crate) fn stored(text: &str, id: &str) -> Result<keep::StoredArchive, String> {
    let extents = extents::of_only_file(text).map_err(|error| error.to_string())?;
    Ok(keep::StoredArchive {
        image: id.to_ascii_lowercase(),
        extents: extents
            .into_iter()
            .map(|extent| keep::Extent {
                block: extent.block,
                start: extent.start,
                length: extent.length,
            })
            .collect(),
    })
}

/// Returns the ID by which the collection's only file is named.
pub(crate) fn named_id(collection: &collections::Collection) -> Option<String> {
    let (path, _) = manifest::only_file(collection.manifest.as_deref()?)?;
    image::id_of_file(&path).map(Into::into)
}

/// Returns the words of an error of Keep, for a message about something that may fail.
pub(crate) fn words(error: &keep::Error) -> String {
    match error {
        keep::Error::Denied(text) | keep::Error::Unauthorized(text) | keep::Error::Other(text) => {
            text.clone()
        }
        keep::Error::Archive(error) => failure::archive_words(error).into(),
        keep::Error::NoServices => "the cluster offers no Keep service".into(),
        keep::Error::TooFewReplicas(shortfall) => shortfall.reasons.join("; "),
    }
}
