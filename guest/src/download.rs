//! The download: the image that a container request would get, or that has an ID, fetched from Keep.

use crate::bindings::exports::keepdocker::contract::commands::{
    Delivery, DownloadRequest, Downloaded, Failure,
};
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::capabilities::{collections, engine, keep};
use crate::evidence::{self, Identity};
use crate::lookup::{self, Known};
use crate::reference::Reference;
use crate::{found_in_cluster, image, manifest, resolve, selection};
use std::collections::HashSet;

/// Finds the image, and has its archive fetched unless it is to go to the engine and is there.
pub(crate) fn run(request: &DownloadRequest) -> Result<Downloaded, Failure> {
    let (collection, reasons) = find(&request.image)?;
    let unsound = |reason: String| {
        Failure::Archive(ArchiveError::Unsound(format!(
            "collection {}: {reason}",
            collection.uuid
        )))
    };
    let text = collection.manifest.as_deref().unwrap_or_default();
    let id = manifest::only_file(text)
        .and_then(|(path, _)| image::id_of_file(file_name(&path)).map(str::to_owned))
        .ok_or_else(|| unsound("it does not hold exactly one image".into()))?;
    if image::format(&id) != "v2" {
        return Err(Failure::Archive(ArchiveError::Unsupported(format!(
            "image {id} has the format v1, in which the ID does not tell the content, so it cannot be verified; `arv-get {}/` fetches the file as it is",
            collection.uuid
        ))));
    }
    let archive = evidence::stored(text, &id).map_err(unsound)?;
    let present = request.target == keep::Target::Engine && engine_has(&archive);
    let name = request
        .named
        .then(|| selection::name_of_loaded(&request.image));
    let name = name.flatten();
    let fetched =
        keep::fetch(&archive, request.target, present, name).map_err(|error| match error {
            keep::Error::Archive(ArchiveError::Unsound(text)) => unsound(format!(
                "its file is named as image {id} and cannot be that: {text}"
            )),
            error => error.into(),
        })?;
    let mut blocks = HashSet::new();
    if !present {
        blocks.extend(archive.extents.iter().map(|extent| extent.block.as_str()));
    }
    let blocks = u32::try_from(blocks.len()).unwrap_or(u32::MAX);
    Ok(Downloaded {
        collection: collection.uuid,
        portable_data_hash: collection.portable_data_hash,
        image: fetched.image.id,
        outcome: if present {
            Delivery::Present
        } else {
            Delivery::Fetched
        },
        size: fetched.size,
        blocks,
        reasons,
    })
}

/// Tells whether the engine has the image of this archive.
///
/// It calls the image by the digest of its config or, with a containerd store, by that of the manifest
/// which it makes of the archive. What the archive is named or said to be is no proof: it is looked
/// into. Where anything stands in the way, the archive is fetched, and that tells what is wrong.
fn engine_has(archive: &keep::StoredArchive) -> bool {
    // Before anything is read from Keep: without an engine there is no use in it.
    let Ok(mut known) = engine::find(&archive.image) else {
        return false;
    };
    let Ok(image) = keep::examine(archive, keep::Depth::Config) else {
        return false;
    };
    for digest in [&image.id].into_iter().chain(&image.manifest) {
        if *digest != archive.image {
            known.extend(engine::find(digest).unwrap_or_default());
        }
    }
    known.iter().any(|local| {
        let id = image::normalized(&local.id);
        let is_it = id == image.id || image.manifest.as_ref() == Some(&id);
        // An engine that has lost data of an image does not tell its layers.
        is_it && local.diff_ids == image.diff_ids
    })
}

/// Finds the collection that is meant, and says why it is this one.
///
/// A name leads where a container request that has it would lead. An ID means the image with that
/// ID, though the server reads it otherwise.
pub(crate) fn find(text: &str) -> Result<(collections::Collection, Vec<String>), Failure> {
    let reference = Reference::parse(text);
    let Ok(reference @ Reference::Id(_)) = reference else {
        let found = match (resolve::find(text), reference) {
            // The server knows no spellings; a person who types another one means the same image.
            (Err(Failure::NoSuchImage(_)), Ok(Reference::Name(name)))
                if name.registered() != text =>
            {
                resolve::find(&name.registered())?
            }
            (found, _) => found?,
        };
        if found.is_by_beginning {
            // To the server `sha256:1` means any image. Who fetches or registers one wants that one.
            Reference::parse(text)?;
            return Err(Failure::NoSuchImage(text.into()));
        }
        return Ok((found.collection, found.reasons));
    };
    match lookup::in_cluster(&reference)? {
        // The digits turned out to be a name.
        Some(Known { name: Some(_), .. }) => {
            let found = resolve::find(text)?;
            Ok((found.collection, found.reasons))
        }
        Some(Known { image, .. }) => match holder(&image)? {
            Some(collection) => {
                let reason = format!(
                    "`{text}` is the ID of an image; {} holds it.",
                    collection.uuid
                );
                Ok((collection, vec![reason]))
            }
            None => Err(Failure::NoSuchImage(text.into())),
        },
        None => Err(Failure::NoSuchImage(text.into())),
    }
}

/// Returns the collection to fetch the image from: the user's own, else the first of others that holds
/// it.
///
/// Where there is a choice, somebody's lie must not keep the user from what another has, so that each
/// is read before it is taken.
fn holder(image: &str) -> Result<Option<collections::Collection>, Failure> {
    let (own, others) = found_in_cluster::claimants(image)?;
    let count = own.len() + others.len();
    for (claimants, depth) in [(own, keep::Depth::Config), (others, keep::Depth::Content)] {
        for collection in claimants {
            // Of one alone, the fetch itself will tell.
            let is_it = count == 1
                || evidence::image_of(&collection, image, Identity::Config, false, depth)?
                    .is_some();
            if is_it {
                return Ok(Some(collection));
            }
        }
    }
    Ok(None)
}

/// Returns the last part of a path: the server looks at that alone.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests;
