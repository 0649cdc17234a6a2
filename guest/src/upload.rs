//! The upload: from what a person asks for to an image that is stored and known.
//!
//! 1. Understand the request, and ask the cluster which formats it runs.
//! 2. Find the image: in the engine's store, else in the cluster, or in the archive given.
//! 3. Refuse a format that the cluster does not run.
//! 4. Take the image's lock, so that of two runs the second finds the first one's result.
//! 5. Use what the cluster has: complete the project's links, or copy a collection.
//! 6. Else make sure that the project can take it.
//! 7. Store the archive, without the blocks that images like it have; only now the image's true ID
//!    is known.
//! 8. Register it: the collection, the hash link, the names.
//! 9. Tell if a name still leads to another image.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, FormatMismatch, Origin, UploadRequest, Uploaded,
};
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{archives, cluster, keep, locks, log};
use crate::job::{Job, Source};
use crate::lookup::{InEngine, Known, Local};
use crate::reference::Reference;
use crate::storage::Storage;
use crate::{choice, image, lookup};
use std::cell::Cell;

/// Does what the request asks for.
pub(crate) fn run(request: &UploadRequest) -> Result<Uploaded, Failure> {
    let reference = match &request.image {
        Some(image) => Some(Reference::with_tag(image, request.tag.as_deref())?),
        None => None,
    };
    let cluster = cluster::get()?;
    if let Some(name) = &request.name {
        image::check_collection_name(name, &cluster.slash_substitute).map_err(Failure::Usage)?;
    }
    match request.origin {
        Origin::Engine => from_engine(request, &cluster, reference),
        Origin::Given => from_given(request, &cluster, reference),
    }
}

fn from_engine(
    request: &UploadRequest,
    cluster: &cluster::Config,
    reference: Option<Reference>,
) -> Result<Uploaded, Failure> {
    let reference = reference.ok_or_else(|| Failure::Usage("no image was named".into()))?;
    let unavailable = match lookup::in_engine(&reference, request.pull)? {
        InEngine::Found(local) => {
            check_format(
                image::format(&local.image.id),
                cluster,
                request.force_image_format,
            )?;
            return upload_local(&Job::new(request, cluster, local.name.as_slice())?, &local);
        }
        InEngine::Absent => None,
        InEngine::Unavailable(error) => Some(error),
    };
    if let Some(known) = lookup::in_cluster(&reference)? {
        if request.force {
            // What only the cluster has cannot be sent again.
            return Err(unavailable.map_or_else(|| not_here(&reference), Failure::Engine));
        }
        let Known {
            image,
            name,
            collection,
        } = known;
        let job = Job::new(request, cluster, name.as_slice())?;
        let _guard = locks::Guard::acquire(&image)?;
        if let Some(uploaded) = job.reuse(&image, collection.as_deref())? {
            return Ok(uploaded);
        }
    }
    Err(match unavailable {
        Some(error) => Failure::Engine(error),
        None => Failure::NoSuchImage(reference.to_string()),
    })
}

/// Makes the failure for an image that was to be sent again and is not in the engine's store.
fn not_here(reference: &Reference) -> Failure {
    Failure::Usage(format!(
        "the cluster has `{reference}`, but the container engine has not, so that it cannot be sent again; leave out `--force` to use what the cluster has"
    ))
}

/// Uploads an image of the engine's store.
fn upload_local(job: &Job, local: &Local) -> Result<Uploaded, Failure> {
    let id = &local.image.id;
    let _guard = locks::Guard::acquire(id)?;
    if !job.request.force {
        if let Some(uploaded) = job.reuse(id, None)? {
            return Ok(uploaded);
        }
        // The engine may call the image by its manifest's digest; an earlier upload noted that.
        for config_digest in lookup::by_manifest_digest(id)? {
            if let Some(uploaded) = job.reuse(&config_digest, None)? {
                return Ok(uploaded);
            }
        }
    }
    let storage = Storage::new(job.request, archives::Selection::Only, |options| {
        store_local(id, options)
    });
    let stored = job.store(&storage, &local.image.diff_ids)?;
    let mut source = Source {
        manifest: stored.image.manifest.clone(),
        reference: local.reference(),
    };
    if stored.image.id != *id {
        source.manifest = Some(id.clone());
    }
    let uploaded = job.register(&storage, stored, &source, Some(id))?;
    forget(id);
    Ok(uploaded)
}

/// Removes what was kept of an image for the case that its upload is cut short.
fn forget(id: &str) {
    if let Err(error) = archives::forget(id) {
        log::write(
            Level::Warning,
            &format!(
                "what the cache holds of `{id}` could not be removed: {}",
                archive_words(&error)
            ),
        );
    }
}

/// Stores the archive of an image of the engine: the one in the cache if it is complete and
/// sound, else a new one.
fn store_local(id: &str, options: &keep::Options) -> Result<keep::Stored, Failure> {
    match archives::Archive::open(&archives::Source::Cache(id.into())) {
        Err(ArchiveError::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
        Ok(cached) => match keep::store(&cached, options) {
            Err(keep::Error::Archive(ArchiveError::Unsound(text))) => {
                log::write(
                    Level::Warning,
                    &format!(
                        "the cached archive of `{id}` is of no use and is saved again: {text}"
                    ),
                );
                archives::forget(id)?;
            }
            stored => return Ok(stored?),
        },
    }
    let archive = archives::Archive::open(&archives::Source::Engine(id.into()))?;
    Ok(keep::store(&archive, options)?)
}

fn from_given(
    request: &UploadRequest,
    cluster: &cluster::Config,
    reference: Option<Reference>,
) -> Result<Uploaded, Failure> {
    let selection = match &request.selection {
        Some(selection) => Some(Reference::parse(selection)?),
        None => None,
    };
    // The config's digest is the ID of every image in an archive, which makes it v2.
    check_format("v2", cluster, request.force_image_format)?;
    let archive = archives::Archive::open(&archives::Source::Given)?;
    let images = archive.images()?;
    let opened = Cell::new(Some(archive));
    let read = |options: &keep::Options| {
        let archive = match opened.take() {
            Some(archive) => archive,
            None => archives::Archive::open(&archives::Source::Given)?,
        };
        Ok(keep::store(&archive, options)?)
    };
    let Some(images) = images else {
        let asked = match &reference {
            Some(Reference::Name(name)) => std::slice::from_ref(name),
            _ => &[],
        };
        let mut job = Job::new(request, cluster, asked)?;
        let selection = choice::streamed(selection.as_ref(), reference.as_ref());
        let storage = Storage::new(request, selection, read);
        let stored = job.store(&storage, &[])?;
        job.name(&choice::names(reference.as_ref(), &stored.image));
        let source = Source::of(&stored.image);
        let uploaded = job.register(&storage, stored, &source, None)?;
        forget(&uploaded.image);
        return Ok(uploaded);
    };
    let image = choice::choose(images, selection.as_ref(), reference.as_ref())?;
    let job = Job::new(request, cluster, &choice::names(reference.as_ref(), &image))?;
    let _guard = locks::Guard::acquire(&image.id)?;
    if !request.force
        && let Some(uploaded) = job.reuse(&image.id, None)?
    {
        return Ok(uploaded);
    }
    let storage = Storage::new(request, archives::Selection::Id(image.id.clone()), read);
    let stored = job.store(&storage, &image.diff_ids)?;
    let uploaded = job.register(&storage, stored, &Source::of(&image), Some(&image.id))?;
    forget(&image.id);
    Ok(uploaded)
}

/// Refuses a format that the cluster does not run, unless that is forced.
fn check_format(format: &str, cluster: &cluster::Config, is_forced: bool) -> Result<(), Failure> {
    let supported = cluster.image_formats.as_deref().unwrap_or_default();
    if supported.iter().any(|supported| supported == format) {
        return Ok(());
    }
    // Scripts look for the words of these messages.
    if supported.is_empty() {
        log::write(
            Level::Warning,
            "server does not specify supported image formats (see docker_image_formats in server config).",
        );
    }
    // The server's configuration says that an empty list switches the check off.
    if supported.is_empty() && cluster.image_formats.is_some() {
        return Ok(());
    }
    if !is_forced {
        return Err(Failure::UnsupportedFormat(FormatMismatch {
            format: format.into(),
            supported: supported.to_vec(),
        }));
    }
    if !supported.is_empty() {
        let quoted: Vec<String> = supported
            .iter()
            .map(|format| format!("'{format}'"))
            .collect();
        log::write(
            Level::Error,
            &format!(
                "image format is '{format}' but server supports only [{}]",
                quoted.join(", ")
            ),
        );
    }
    log::write(Level::Warning, "forcing incompatible image");
    Ok(())
}

fn archive_words(error: &ArchiveError) -> &str {
    match error {
        ArchiveError::Denied(text)
        | ArchiveError::NotFound(text)
        | ArchiveError::Unsound(text)
        | ArchiveError::NoSuchImage(text)
        | ArchiveError::Ambiguous(text)
        | ArchiveError::Unsupported(text)
        | ArchiveError::Other(text) => text,
        ArchiveError::Engine(failure) => &failure.message,
    }
}

#[cfg(test)]
mod tests;
