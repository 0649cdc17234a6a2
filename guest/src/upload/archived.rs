//! Uploads of what comes as an archive: one that the user names, or an image of a registry.

use super::act::{register, reuse};
use super::aim::Upload;
use super::send::Sending;
use super::{check_format, forget, new_name};
use crate::archive;
use crate::bindings::exports::keepdocker::contract::commands::{Failure, UploadRequest, Uploaded};
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{archives, cluster, keep, locks, log, registry};
use crate::evidence::Identity;
use crate::reference::Reference;
use crate::selection::{self, Asked};
use crate::source::Source;
use crate::types;
use std::cell::Cell;

/// Uploads an image of the archive that the user named.
pub(super) fn given(
    request: &UploadRequest,
    cluster: &cluster::Config,
    reference: Option<Reference>,
) -> Result<Uploaded, Failure> {
    let asked = Asked {
        called: request.selection.as_deref(),
        platform: request.platform.as_ref(),
        reference: reference.as_ref(),
        ..Asked::default()
    };
    // The config's digest is the ID of every image in an archive, which makes it v2.
    check_format("v2", cluster, request.force_image_format)?;
    let open = || archives::Archive::open(&archives::Source::Given);
    upload(request, cluster, &asked, None, &open)
}

/// Uploads an image of a registry. What is asked there is asked by the digest of the image's manifest, once the name
/// is resolved.
pub(super) fn of_registry(
    request: &UploadRequest,
    cluster: &cluster::Config,
    reference: Option<Reference>,
) -> Result<Uploaded, Failure> {
    let text = request.selection.as_deref().unwrap_or_default();
    let source = new_name(Reference::parse(text)?)?;
    let name = match reference {
        Some(reference) => new_name(reference)?,
        None => source.clone().tagged_or_pinned(),
    };
    // The config's digest is the ID of every image in a registry, which makes it v2.
    check_format("v2", cluster, request.force_image_format)?;
    let resolved = registry::resolve(text)?;
    let candidates = resolved.candidates;
    let manifest = selection::of_registry(
        candidates
            .iter()
            .map(|it| (it.manifest.clone(), it.platform.clone())),
        request.platform.as_ref(),
    )?;
    let chosen = candidates.into_iter().find(|it| it.manifest == manifest);
    let name = Reference::Name(name);
    let asked = Asked {
        called: None,
        platform: request.platform.as_ref(),
        reference: Some(&name),
        of_registry: true,
    };
    let origin = Origin {
        reference: format!("{}@{}", source.repository(), resolved.digest),
        platform: chosen.map(|it| it.platform),
    };
    let open = || registry::fetch(text, &manifest);
    upload(request, cluster, &asked, Some(&origin), &open)
}

/// What a registry said of an image before it was fetched.
struct Origin {
    /// The most exact reference that leads back to it.
    reference: String,
    /// The platform.
    platform: Option<types::Platform>,
}

/// Uploads an image of what `open` opens.
fn upload(
    request: &UploadRequest,
    cluster: &cluster::Config,
    asked: &Asked<'_>,
    origin: Option<&Origin>,
    open: &dyn Fn() -> Result<archives::Archive, ArchiveError>,
) -> Result<Uploaded, Failure> {
    let reference = asked.reference;
    let given = open()?;
    let archives::Listing { images, signatures } = archive::listing(&given, asked)?;
    let signature = signatures.into_iter().next();
    let source = |manifest: Option<&String>, repo_tags: &[String]| {
        let mut source = Source::of(manifest, repo_tags);
        let known = origin.map(|origin| origin.reference.clone());
        source.reference = known.or(source.reference);
        source.signature.clone_from(&signature);
        source
    };
    let opened = Cell::new(Some(given));
    let read = |options: &keep::Options| {
        let given = match opened.take() {
            Some(given) => given,
            None => open()?,
        };
        archive::store(&given, asked, options)
    };
    let Some(images) = images else {
        let named = match reference {
            Some(Reference::Name(name)) => std::slice::from_ref(name),
            _ => &[],
        };
        let mut upload = Upload::new(request, cluster, named)?;
        let sending = Sending::new(request, None, read);
        let stored = sending.send(&upload, None)?;
        upload.name(&archive::names(reference, &stored.image.repo_tags));
        let source = source(stored.image.manifest.as_ref(), &stored.image.repo_tags);
        let uploaded = register(&upload, &sending, stored, &source, None)?;
        forget(&uploaded.image);
        return Ok(uploaded);
    };
    let image = selection::choose(&images, asked)?;
    let said = origin.and_then(|origin| origin.platform.as_ref());
    if let Some(text) = said.and_then(|said| selection::contradiction(said, &image.platform)) {
        log::write(Level::Warning, &text);
    }
    let names = archive::names(reference, &image.repo_tags);
    let upload = Upload::new(request, cluster, &names)?;
    let _guard = locks::Guard::acquire(&image.id)?;
    let known = source(image.manifest.as_ref(), &image.repo_tags);
    if !request.force
        && let Some(uploaded) = reuse(&upload, &image.id, Identity::Config, None, &known)?
    {
        return Ok(uploaded);
    }
    let sending = Sending::new(request, Some(archive::chosen(image)), read);
    let stored = sending.send(&upload, image.base_layer.as_deref())?;
    if stored.image.id != image.id {
        return Err(ArchiveError::Unsound(format!(
            "it held image {} when it was opened, and holds image {} now",
            image.id, stored.image.id
        ))
        .into());
    }
    // Only the whole archive tells the digest that a manifest of it has.
    let source = source(stored.image.manifest.as_ref(), &stored.image.repo_tags);
    let uploaded = register(&upload, &sending, stored, &source, Some(&image.id))?;
    forget(&image.id);
    Ok(uploaded)
}
