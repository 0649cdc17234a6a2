//! The upload: from what a person asks for to an image that is stored and known.
//!
//! 1. Understand the request, and ask the cluster which formats it runs.
//! 2. Find the image: in the engine's store, else in the cluster, or in the archive given.
//! 3. Refuse a format that the cluster does not run.
//! 4. Take the image's lock, so that of two runs the second finds the first one's result.
//! 5. Use what the cluster has: complete the project's links, or copy a collection.
//! 6. Else store the archive; only now the image's true ID is known.
//! 7. Register it: the collection, the hash link, the names.
//! 8. Tell if a name still leads to another image.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, FormatMismatch, Origin, Outcome, UploadRequest, Uploaded,
};
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::bindings::keepdocker::contract::log::Level;
use crate::bindings::keepdocker::contract::types::Property;
use crate::capabilities::{archives, cluster, collections, keep, links, locks, log, users};
use crate::lookup::{InEngine, Known, Local};
use crate::presence::Place;
use crate::reference::{Id, Name, Reference};
use crate::resolution::Formats;
use crate::{catalog, effect, failure, image, lookup, manifest, presence, registration};

/// How many names of an archive are registered at most.
const MOST_NAMES: usize = 100;

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
    let stored = store_local(job, id)?;
    let mut source = Source {
        manifest: stored.image.manifest.clone(),
        reference: local.reference(),
    };
    if stored.image.id != *id {
        source.manifest = Some(id.clone());
    }
    let uploaded = job.register(stored, &source, Some(id))?;
    if let Err(error) = archives::forget(id) {
        log::write(
            Level::Warning,
            &format!(
                "the cached archive of `{id}` could not be removed: {}",
                archive_words(&error)
            ),
        );
    }
    Ok(uploaded)
}

/// Stores the archive of an image of the engine: the one in the cache if it is complete and
/// sound, else a new one.
fn store_local(job: &Job, id: &str) -> Result<keep::Stored, Failure> {
    let options = job.options(archives::Selection::Only);
    match archives::Archive::open(&archives::Source::Cache(id.into())) {
        Err(ArchiveError::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
        Ok(cached) => match keep::store(&cached, &options) {
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
    Ok(keep::store(&archive, &options)?)
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
    let Some(images) = archive.images()? else {
        let stored = keep::store(
            &archive,
            &Job::options_of(request, streamed(selection.as_ref(), reference.as_ref())),
        )?;
        let job = Job::new(
            request,
            cluster,
            &given_names(reference.as_ref(), &stored.image),
        )?;
        let source = Source::of(&stored.image);
        return job.register(stored, &source, None);
    };
    let image = choose(images, selection.as_ref(), reference.as_ref())?;
    let job = Job::new(request, cluster, &given_names(reference.as_ref(), &image))?;
    let _guard = locks::Guard::acquire(&image.id)?;
    if !request.force
        && let Some(uploaded) = job.reuse(&image.id, None)?
    {
        return Ok(uploaded);
    }
    let stored = keep::store(
        &archive,
        &job.options(archives::Selection::Id(image.id.clone())),
    )?;
    job.register(stored, &Source::of(&image), Some(&image.id))
}

/// Selects from an archive that can be read only once.
fn streamed(selection: Option<&Reference>, reference: Option<&Reference>) -> archives::Selection {
    let by_id = |id: &Id| archives::Selection::Id(id.full().unwrap_or_else(|| id.to_string()));
    match (selection, reference) {
        (Some(Reference::Name(name)), _) => archives::Selection::Name(name.registered()),
        (Some(Reference::Id(id)), _) | (None, Some(Reference::Id(id))) => by_id(id),
        (None, _) => archives::Selection::Only,
    }
}

/// Chooses the image that is meant: by the selection, else by its name, else the only one.
fn choose(
    mut images: Vec<archives::Image>,
    selection: Option<&Reference>,
    reference: Option<&Reference>,
) -> Result<archives::Image, Failure> {
    images.sort_by(|a, b| a.id.cmp(&b.id));
    images.dedup_by(|a, b| a.id == b.id);
    let held: Vec<String> = images
        .iter()
        .map(|image| match image.repo_tags.first() {
            Some(name) => format!("{name} ({})", image.id),
            None => image.id.clone(),
        })
        .collect();
    let held = held.join(", ");
    let is_meant = |reference: &Reference, image: &archives::Image| match reference {
        Reference::Name(name) => has_name(image, name),
        Reference::Id(id) => {
            id.matches(&image.id)
                || image
                    .manifest
                    .as_deref()
                    .is_some_and(|manifest| id.matches(manifest))
        }
    };
    if let Some(asked) = selection {
        images.retain(|image| is_meant(asked, image));
    } else if let Some(asked) = reference {
        // A name that the archive does not know is a new name for what it holds.
        if matches!(asked, Reference::Id(_)) || images.iter().any(|image| is_meant(asked, image)) {
            images.retain(|image| is_meant(asked, image));
        }
    }
    match images.len() {
        0 => Err(ArchiveError::NoSuchImage(held).into()),
        1 => Ok(images.remove(0)),
        _ => Err(ArchiveError::Ambiguous(held).into()),
    }
}

fn has_name(image: &archives::Image, name: &Name) -> bool {
    image.repo_tags.iter().any(|tag| matches!(Reference::parse(tag), Ok(Reference::Name(own)) if own.registered() == name.registered()))
}

/// Returns the names under which an image of a given archive is registered: the one asked for,
/// else the archive's own.
fn given_names(reference: Option<&Reference>, image: &archives::Image) -> Vec<Name> {
    match reference {
        Some(Reference::Name(name)) => vec![name.clone()],
        Some(Reference::Id(_)) => Vec::new(),
        None => {
            let mut names: Vec<Name> = Vec::new();
            for tag in image.repo_tags.iter().take(MOST_NAMES) {
                match Reference::parse(tag) {
                    Ok(Reference::Name(name)) if names.contains(&name) => {}
                    Ok(Reference::Name(name)) => names.push(name),
                    Ok(Reference::Id(_)) => {}
                    Err(error) => log::write(
                        Level::Warning,
                        &format!("a name that the archive gives the image is left out: {error}"),
                    ),
                }
            }
            names
        }
    }
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

/// Where a stored image came from.
#[derive(Debug, Default)]
struct Source {
    /// The digest of the manifest, or what an engine uses in its place.
    manifest: Option<String>,
    reference: Option<String>,
}

impl Source {
    fn of(image: &archives::Image) -> Self {
        Self {
            manifest: image.manifest.clone(),
            reference: image.repo_tags.first().cloned(),
        }
    }
}

impl Local {
    /// Returns the most exact reference that leads back to the image: by digest if the engine
    /// knows one for the repository.
    fn reference(&self) -> Option<String> {
        let name = self.name.as_ref()?;
        let repository = format!("{}@", name.repository());
        let exact = self
            .image
            .repo_digests
            .iter()
            .find(|digest| digest.starts_with(&repository));
        Some(exact.cloned().unwrap_or_else(|| name.registered()))
    }
}

/// What one upload aims at, whatever image it turns out to be.
#[derive(Debug)]
struct Job<'a> {
    request: &'a UploadRequest,
    formats: Formats,
    /// The project, or the user if there is none.
    owner: String,
    /// The names to register, the most important first; none for an upload by image ID.
    names: Vec<String>,
}

impl<'a> Job<'a> {
    fn new(
        request: &'a UploadRequest,
        cluster: &cluster::Config,
        names: &[Name],
    ) -> Result<Self, Failure> {
        let owner = match &request.project {
            Some(project) => project.clone(),
            None => users::current()?,
        };
        Ok(Self {
            request,
            formats: Formats::from_config(cluster.image_formats.as_deref()),
            owner,
            names: names.iter().map(Name::registered).collect(),
        })
    }

    fn options(&self, selection: archives::Selection) -> keep::Options {
        Self::options_of(self.request, selection)
    }

    fn options_of(request: &UploadRequest, selection: archives::Selection) -> keep::Options {
        keep::Options {
            selection,
            form: request.form,
            block_layout: request.block_layout,
            replicas: request.replicas,
            storage_classes: request.storage_classes.clone(),
        }
    }

    /// Makes do with what the cluster has of the image, or returns none if it has nothing sound.
    ///
    /// `named` is a collection to look into whether or not a hash link leads to it.
    fn reuse(&self, id: &str, named: Option<&str>) -> Result<Option<Uploaded>, Failure> {
        let found = presence::find(id, &self.names, &self.owner, named)?;
        let mut hash_links = presence::of_image(id, &found.links);
        catalog::sort(&mut hash_links);
        let best = hash_links.first().map(|link| link.properties.clone());
        let (collection, is_new) = match found.place {
            Place::Own(collection) => (collection, false),
            Place::Elsewhere(collection) => (self.copy(id, collection)?, true),
            Place::Nowhere => return Ok(None),
        };
        let properties = best.unwrap_or_else(|| {
            let built = image::text_of(&collection.properties, image::BUILD_TIME);
            built
                .map(|built| image::text_property(image::IMAGE_TIMESTAMP, &built))
                .into_iter()
                .collect()
        });
        let missing = registration::missing(
            self.links(id, &collection.uuid, &properties),
            &found.links,
            &self.owner,
        );
        let mut links = found.links;
        links.extend(registration::create_links(&missing, &self.owner)?);
        effect::warn(&self.names, &collection, &links, self.formats);
        let outcome = if is_new || !missing.is_empty() {
            Outcome::Registered
        } else {
            Outcome::Present
        };
        Ok(Some(self.uploaded(collection, id, outcome)))
    }

    /// Creates a collection of the project with the blocks of another.
    fn copy(
        &self,
        id: &str,
        source: collections::Collection,
    ) -> Result<collections::Collection, Failure> {
        let kept = [
            image::CONFIG_DIGEST,
            image::MANIFEST_DIGEST,
            image::SOURCE_REFERENCE,
            image::BUILD_TIME,
        ];
        let properties = source
            .properties
            .iter()
            .filter(|property| kept.contains(&property.key.as_str()));
        let new = self.collection(
            id,
            source.manifest.unwrap_or_default(),
            properties.cloned().collect(),
        );
        // `presence` found no collection of this content in the project.
        registration::create_collection(&new, &source.portable_data_hash, &self.owner, &[])
    }

    /// Registers an archive that is in Keep. `locked` is the ID whose lock is held and, unless
    /// the upload is forced, which the cluster does not have.
    fn register(
        &self,
        stored: keep::Stored,
        source: &Source,
        locked: Option<&str>,
    ) -> Result<Uploaded, Failure> {
        let id = stored.image.id.as_str();
        if !image::is_digest(id) {
            return Err(
                ArchiveError::Other(format!("`{id}` is not the digest of a config")).into(),
            );
        }
        let _guard = match locked {
            Some(locked) if locked == id => None,
            _ => Some(locks::Guard::acquire(id)?),
        };
        let written = |uploaded: Uploaded| Uploaded {
            size: stored.size,
            sent: stored.sent,
            blocks: u32::try_from(stored.blocks.len()).unwrap_or(u32::MAX),
            ..uploaded
        };
        if _guard.is_some()
            && !self.request.force
            && let Some(uploaded) = self.reuse(id, None)?
        {
            return Ok(written(uploaded));
        }

        let text = manifest::build(&stored.blocks, &image::file_name(id), stored.size)
            .map_err(|error| keep::Error::Other(error.to_string()))?;
        let content = manifest::portable_data_hash(&text);
        let built = image::build_time(&stored.image.config);
        let before = registration::of_content(&content, &self.owner)?;
        let (collection, existing) = match before.first() {
            // An earlier run came this far, and no farther.
            Some(unlinked) if !self.request.force => {
                let links = links::list(&links::Query {
                    classes: vec![links::Class::ImageHash, links::Class::RepoTag],
                    names: links::Names::All,
                    heads: Some(vec![unlinked.uuid.clone()]),
                    owner: Some(self.owner.clone()),
                })?;
                (unlinked.clone(), links)
            }
            _ => {
                let new = self.collection(id, text, source.properties(id, built.as_deref()));
                (
                    registration::create_collection(&new, &content, &self.owner, &before)?,
                    Vec::new(),
                )
            }
        };
        let built: Vec<Property> = built
            .iter()
            .map(|built| image::text_property(image::IMAGE_TIMESTAMP, built))
            .collect();
        let missing = registration::missing(
            self.links(id, &collection.uuid, &built),
            &existing,
            &self.owner,
        );
        registration::create_links(&missing, &self.owner)?;
        self.warn_of_no_effect(&collection);
        Ok(written(self.uploaded(collection, id, Outcome::Uploaded)))
    }

    fn warn_of_no_effect(&self, collection: &collections::Collection) {
        if self.names.is_empty() {
            return;
        }
        let links = links::list(&links::Query {
            classes: vec![links::Class::RepoTag],
            names: links::Names::Exactly(self.names.clone()),
            heads: None,
            owner: None,
        });
        match links {
            Ok(links) => effect::warn(&self.names, collection, &links, self.formats),
            Err(error) => log::write(
                Level::Warning,
                &format!(
                    "cannot tell what the image's names lead to now: {}",
                    failure::words(&error)
                ),
            ),
        }
    }

    fn collection(
        &self,
        id: &str,
        manifest: String,
        mut properties: Vec<Property>,
    ) -> collections::NewCollection {
        let first = self.names.first();
        if let Some(name) = first {
            properties.push(image::text_property(image::REPO_TAG, name));
        }
        collections::NewCollection {
            name: match &self.request.name {
                Some(name) => name.clone(),
                None => image::collection_name(first.map(String::as_str), id),
            },
            owner: self.request.project.clone(),
            manifest,
            properties,
            replicas: self.request.replicas,
            storage_classes: self.request.storage_classes.clone(),
        }
    }

    /// Returns the links that the image needs: for its ID, and for each of its names.
    fn links(&self, id: &str, collection: &str, properties: &[Property]) -> Vec<links::NewLink> {
        let link = |class, name: &str| links::NewLink {
            class,
            name: name.into(),
            head: collection.into(),
            owner: self.request.project.clone(),
            properties: properties.to_vec(),
        };
        let mut links = vec![link(links::Class::ImageHash, id)];
        links.extend(
            self.names
                .iter()
                .map(|name| link(links::Class::RepoTag, name)),
        );
        links
    }

    /// Returns the result of an upload that wrote no data.
    fn uploaded(
        &self,
        collection: collections::Collection,
        id: &str,
        outcome: Outcome,
    ) -> Uploaded {
        Uploaded {
            collection: collection.uuid,
            portable_data_hash: collection.portable_data_hash,
            image: id.into(),
            name: self.names.first().cloned(),
            outcome,
            size: 0,
            sent: 0,
            blocks: 0,
        }
    }
}

impl Source {
    fn properties(&self, id: &str, built: Option<&str>) -> Vec<Property> {
        let mut properties = vec![image::text_property(image::CONFIG_DIGEST, id)];
        let optional = [
            (image::MANIFEST_DIGEST, self.manifest.as_deref()),
            (image::SOURCE_REFERENCE, self.reference.as_deref()),
            (image::BUILD_TIME, built),
        ];
        properties.extend(
            optional
                .iter()
                .filter_map(|(key, value)| Some(image::text_property(key, (*value)?))),
        );
        properties
    }
}

#[cfg(test)]
mod tests;
