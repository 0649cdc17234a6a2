//! The upload: from what a person asks for to an image that is stored and known.
//!
//! 1. Understand the request, and ask the cluster which formats it runs.
//! 2. Find the image: in the engine's store, else in the cluster, or in the archive given, or in a registry.
//! 3. Refuse a format that the cluster does not run.
//! 4. Take the image's lock, so that of two runs the second finds the first one's result.
//! 5. Use what the cluster has: complete the project's links, or copy a collection whose archive was
//!    looked into.
//! 6. Else make sure that the project can take it.
//! 7. Store the archive, without the blocks that images like it have; only now the image's true ID
//!    is known, and must be that of the image that the engine named.
//! 8. Register it: the collection, the hash link, the names.
//! 9. Tell if a name still leads to another image.
//!
//! `known` asks what the cluster has, `registration` of the rules decides what has to be done, `send` sends the data and
//! `act` does the rest; `aim` is what all of them work for. Images of no engine are `archived`.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, Form, FormatMismatch, ImageDigest, Origin, UploadRequest, Uploaded,
};
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{archives, cluster, keep, locks, log};
use crate::evidence::Identity;
use crate::lookup::{InEngine, Known, Local};
use crate::reference::{Name, Reference};
use crate::selection::Asked;
use crate::source::Source;
use crate::types::Platform;
use crate::{archive, failure, image, lookup};
use act::{register, reuse};
use aim::Upload;
use send::Sending;

mod act;
mod aim;
mod archived;
mod known;
mod send;

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
    if request.named_by == ImageDigest::Manifest && request.form == Form::Verbatim {
        return Err(Failure::Usage(
            "an archive that is stored as it is cannot be named by the digest of its manifest, which follows only from the canonical form".into(),
        ));
    }
    match request.origin {
        Origin::Engine => from_engine(request, &cluster, reference),
        Origin::Given => archived::given(request, &cluster, reference),
        Origin::Registry => archived::of_registry(request, &cluster, reference),
    }
}

fn from_engine(
    request: &UploadRequest,
    cluster: &cluster::Config,
    reference: Option<Reference>,
) -> Result<Uploaded, Failure> {
    let reference = reference.ok_or_else(|| Failure::Usage("no image was named".into()))?;
    // With a source of its own, the reference is only the name that the image gets.
    let (asked, given_name) = match &request.selection {
        None => (reference, None),
        Some(selection) => (Reference::parse(selection)?, Some(new_name(reference)?)),
    };
    let unavailable = match lookup::in_engine(&asked, request.pull)? {
        InEngine::Found(local) => {
            check_format(
                image::format(&local.image.id),
                cluster,
                request.force_image_format,
            )?;
            let name = given_name.or_else(|| local.name.clone());
            return upload_local(&Upload::new(request, cluster, name.as_slice())?, &local);
        }
        InEngine::Absent => None,
        InEngine::Unavailable(error) => Some(error),
    };
    if given_name.is_some() {
        // The engine was named as the source: what the cluster calls so is something else.
        return Err(
            unavailable.map_or_else(|| Failure::NoSuchImage(asked.to_string()), Failure::Engine)
        );
    }
    let reference = asked;
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
        let upload = Upload::new(request, cluster, name.as_slice())?;
        let _guard = locks::Guard::acquire(&image)?;
        let named = collection.as_deref();
        if let Some(uploaded) = reuse(&upload, &image, Identity::Config, named, &Source::default())?
        {
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

/// Reads the name that an image of another name is to get.
fn new_name(reference: Reference) -> Result<Name, Failure> {
    match reference {
        Reference::Name(name) => Ok(name),
        Reference::Id(id) => Err(Failure::Usage(format!(
            "`{id}` has the form of an image ID, so an image cannot be given that name"
        ))),
    }
}

/// Uploads an image of the engine's store.
fn upload_local(upload: &Upload<'_>, local: &Local) -> Result<Uploaded, Failure> {
    let id = &local.image.id;
    let _guard = locks::Guard::acquire(id)?;
    let mut source = Source {
        manifest: None,
        reference: local.reference(),
        signature: None,
    };
    if !upload.request.force {
        if let Some(uploaded) = reuse(upload, id, Identity::Config, None, &source)? {
            return Ok(uploaded);
        }
        // The engine may call the image by its manifest's digest; an earlier upload noted that.
        let identity = Identity::Manifest {
            digest: id,
            diff_ids: &local.image.diff_ids,
        };
        let noted = Source {
            manifest: Some(id.clone()),
            ..source.clone()
        };
        let mut asked: Vec<String> = Vec::new();
        for (hinted, _) in lookup::manifest_hints(id, Some(&upload.aim.owner))? {
            if asked.contains(&hinted) {
                continue;
            }
            if let Some(uploaded) = reuse(upload, &hinted, identity, None, &noted)? {
                return Ok(uploaded);
            }
            asked.push(hinted);
        }
    }
    let sending = Sending::new(upload.request, None, |options| {
        store_local(local, upload.request.platform.as_ref(), options)
    });
    let base = local.image.diff_ids.first().map(String::as_str);
    let stored = sending.send(upload, base)?;
    source.manifest = if stored.image.id == *id {
        stored.image.manifest.clone()
    } else {
        Some(id.clone())
    };
    let uploaded = register(upload, &sending, stored, &source, Some(id))?;
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
                failure::archive_words(&error)
            ),
        );
    }
}

/// Stores the archive of an image of the engine: the one in the cache if it is complete, sound and
/// that of this image, else a new one.
fn store_local(
    local: &Local,
    platform: Option<&Platform>,
    options: &keep::Options,
) -> Result<keep::Stored, Failure> {
    let id = local.image.id.as_str();
    match archives::Archive::open(&archives::Source::Cache(id.into())) {
        Err(ArchiveError::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
        Ok(cached) => {
            let fault = match archive::store(&cached, &Asked::default(), options) {
                Ok(stored) if local.is(&stored.image) => return Ok(stored),
                Ok(stored) => format!("it holds image {}", stored.image.id),
                Err(Failure::Archive(ArchiveError::Unsound(text))) => text,
                Err(error) => return Err(error),
            };
            log::write(
                Level::Warning,
                &format!("the cached archive of `{id}` is of no use and is saved again: {fault}"),
            );
            archives::forget(id)?;
        }
    }
    let saved = archives::Archive::open(&archives::Source::Engine(id.into()))?;
    let asked = Asked {
        platform,
        ..Asked::default()
    };
    let stored = archive::store(&saved, &asked, options)?;
    if local.is(&stored.image) || local.may_be(&stored.image) {
        return Ok(stored);
    }
    Err(ArchiveError::Unsound(format!(
        "the container engine was asked for image `{id}`, and what it saved holds image {}",
        stored.image.id
    ))
    .into())
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

#[cfg(test)]
mod tests;
