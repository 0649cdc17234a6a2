//! Blocks that Keep has lost, written again from a source that has the same image.
//!
//! A block is named by its bytes. So the image is stored as it was before: what Keep still has of the collection is not
//! sent, and the rest is. The portable data hash of what comes out tells whether these are the blocks that were lost.
//! The collection itself is never changed.

use crate::archive;
use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, Origin, Outcome, RepairRequest, Repaired,
};
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::capabilities::{archives, collections, keep, locks, registry};
use crate::lookup::{self, InEngine};
use crate::reference::Reference;
use crate::selection::{self, Asked};
use crate::{commands, evidence, extents, image, manifest};

/// How many bytes a block has that is cut at no layer.
const WHOLE: u32 = 64 << 20;

/// Writes the blocks again that the collection lacks.
pub(super) fn write_again(
    request: &RepairRequest,
    origin: Origin,
    collection: collections::Collection,
) -> Result<Repaired, Failure> {
    let text = collection.manifest.clone().unwrap_or_default();
    let named = evidence::named_id(&collection)
        .ok_or_else(|| unusable(&collection, "its file is not named like an image"))?;
    // What the collection tells is a hint; which blocks come out is the proof.
    let id = image::text_of(&collection.properties, image::CONFIG_DIGEST);
    let id = id
        .filter(|id| image::is_digest(id))
        .unwrap_or_else(|| named.clone());
    let held = Reference::parse(&id)?;
    let _guard = locks::Guard::acquire(&id)?;
    let asked = Asked {
        // Of the engine and of a registry one image alone is asked for.
        called: request
            .selection
            .as_deref()
            .filter(|_| origin == Origin::Given),
        platform: request.platform.as_ref(),
        reference: Some(&held),
        of_registry: origin == Origin::Registry,
    };
    let mut sent = 0;
    for (form, block_layout) in forms(&text) {
        let archive = match open(request, origin, &held) {
            Err(Failure::Archive(ArchiveError::NotFound(_))) if sent > 0 => break,
            opened => opened?,
        };
        let options = keep::Options {
            image: None,
            form: *form,
            block_layout: *block_layout,
            replicas: collection.replicas,
            storage_classes: collection.storage_classes.clone(),
            reuse: vec![collection.uuid.clone()],
            resume: false,
            destination: None,
        };
        let stored = archive::store(&archive, &asked, &options)?;
        sent += stored.sent;
        let built = manifest::build(&stored.blocks, &image::file_name(&named), stored.size)
            .map_err(|error| keep::Error::Other(error.to_string()))?;
        if manifest::portable_data_hash(&built) != collection.portable_data_hash {
            continue;
        }
        return Ok(Repaired {
            collection: collection.uuid,
            portable_data_hash: collection.portable_data_hash,
            image: stored.image.id,
            registered_as: named,
            names: Vec::new(),
            outcome: match sent {
                0 => Outcome::Present,
                _ => Outcome::Uploaded,
            },
            sent,
            former: None,
            former_links: Vec::new(),
        });
    }
    Err(unusable(
        &collection,
        "what comes from the source has other blocks than it, so that not all that are lost came back; `keepdocker upload --force` stores the image beside it",
    ))
}

fn unusable(collection: &collections::Collection, why: &str) -> Failure {
    let text = format!(
        "the blocks of collection {} cannot be written again: {why}",
        collection.uuid
    );
    ArchiveError::Unsupported(text).into()
}

/// Returns the forms in which the blocks of this manifest may have been made.
fn forms(text: &str) -> &'static [(commands::Form, commands::BlockLayout)] {
    use commands::{BlockLayout, Form};
    let blocks = extents::of_only_file(text).unwrap_or_default();
    let before_last = blocks.len().saturating_sub(1);
    match blocks[..before_last]
        .iter()
        .all(|block| block.length == WHOLE)
    {
        true => &[
            (Form::Canonical, BlockLayout::Dense),
            (Form::Verbatim, BlockLayout::Dense),
        ],
        false => &[
            (Form::Canonical, BlockLayout::Layered),
            (Form::Verbatim, BlockLayout::Layered),
        ],
    }
}

/// Opens the source.
fn open(
    request: &RepairRequest,
    origin: Origin,
    held: &Reference,
) -> Result<archives::Archive, Failure> {
    let selection = request.selection.as_deref();
    Ok(match origin {
        Origin::Given => archives::Archive::open(&archives::Source::Given)?,
        Origin::Engine => {
            let asked = selection.map(Reference::parse).transpose()?;
            match lookup::in_engine(asked.as_ref().unwrap_or(held), commands::Pull::Never)? {
                InEngine::Found(local) => {
                    archives::Archive::open(&archives::Source::Engine(local.image.id))?
                }
                InEngine::Absent => return Err(Failure::NoSuchImage(held.to_string())),
                InEngine::Unavailable(error) => return Err(Failure::Engine(error)),
            }
        }
        Origin::Registry => {
            let text = selection.unwrap_or_default();
            let candidates = registry::resolve(text)?.candidates.into_iter();
            let candidates = candidates.map(|it| (it.manifest, it.platform));
            let manifest = selection::of_registry(candidates, request.platform.as_ref())?;
            registry::fetch(text, &manifest)?
        }
    })
}

#[cfg(test)]
mod tests;
