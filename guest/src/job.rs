//! One upload under way: what it aims at, and what it registers, whatever image it turns out to be.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, Outcome, Reach, UploadRequest, Uploaded,
};
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{
    archives, cluster, collections, keep, links, locks, log, projects, users,
};
use crate::evidence::{self, Identity};
use crate::lookup::Local;
use crate::naming::{self, Digests};
use crate::presence::{Place, Presence};
use crate::reference::{Name, Reference};
use crate::registration::Holder;
use crate::resolution::Formats;
use crate::storage::{self, Storage};
use crate::types::Property;
use crate::{
    catalog, effect, failure, image, manifest, plan, presence, project, query, registration,
    relatives,
};

/// Where a stored image came from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    /// The digest of the manifest, or what an engine uses in its place.
    pub(crate) manifest: Option<String>,
    pub(crate) reference: Option<String>,
}

impl Source {
    /// Returns what an archive says of an image.
    pub(crate) fn of(manifest: Option<&String>, repo_tags: &[String]) -> Self {
        Self {
            manifest: manifest.cloned(),
            reference: repo_tags
                .iter()
                .find(|tag| matches!(Reference::parse(tag), Ok(Reference::Name(_))))
                .cloned(),
        }
    }
}

impl Local {
    /// Tells whether an archive's image is the one that the engine named: by its ID, which is the
    /// digest of the config, or by the manifest that the archive has of it.
    pub(crate) fn is(&self, image: &archives::Image) -> bool {
        image.id == self.image.id || image.manifest.as_ref() == Some(&self.image.id)
    }

    /// Tells whether what the engine itself saved can be the image that it named.
    ///
    /// An engine with a containerd store may name an image by an index that it does not save. It has
    /// that digest among those of the image's names, which no other engine does; then the layers tell.
    pub(crate) fn may_be(&self, image: &archives::Image) -> bool {
        let is_digest = |name: &String| {
            name.split_once('@')
                .is_some_and(|(_, digest)| digest == self.image.id)
        };
        self.image.repo_digests.iter().any(is_digest)
            && !self.image.diff_ids.is_empty()
            && self.image.diff_ids == image.diff_ids
    }

    /// Returns the most exact reference that leads back to the image: by digest if the engine
    /// knows one for the repository.
    pub(crate) fn reference(&self) -> Option<String> {
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
pub(crate) struct Job<'a> {
    pub(crate) request: &'a UploadRequest,
    formats: Formats,
    /// The project, or the user if there is none.
    pub(crate) owner: String,
    /// The names to register, the most important first; none for an upload by image ID.
    names: Vec<String>,
    /// The repositories of these names.
    repositories: Vec<String>,
}

impl<'a> Job<'a> {
    pub(crate) fn new(
        request: &'a UploadRequest,
        cluster: &cluster::Config,
        names: &[Name],
    ) -> Result<Self, Failure> {
        let owner = match &request.project {
            Some(project) => project.clone(),
            None => users::current()?,
        };
        let mut job = Self {
            request,
            formats: Formats::from_config(cluster.image_formats.as_deref()),
            owner,
            names: Vec::new(),
            repositories: Vec::new(),
        };
        job.name(names);
        Ok(job)
    }

    /// Sets the names to register.
    pub(crate) fn name(&mut self, names: &[Name]) {
        self.names = names.iter().map(Name::registered).collect();
        self.repositories = names.iter().map(Name::repository).collect();
        self.repositories.dedup();
    }

    /// Stores an image with this lowest layer, where that is known before it is read.
    ///
    /// That the project cannot take it should not show only after all of its data is sent.
    pub(crate) fn store(
        &self,
        storage: &Storage<'_>,
        base: Option<&str>,
    ) -> Result<keep::Stored, Failure> {
        if let Some(project) = &self.request.project {
            project::check(project)?;
        }
        let traits = relatives::Traits {
            repositories: &self.repositories,
            base,
            owner: &self.owner,
        };
        // Whoever forces an upload wants the data to be sent, perhaps because Keep has lost some.
        let reuse = match self.request.reuse {
            _ if self.request.force => Vec::new(),
            Reach::None => Vec::new(),
            Reach::Own => relatives::owned(relatives::find(traits), &self.owner),
            Reach::Readable => relatives::find(traits),
        };
        let stored = storage.store(reuse)?;
        self.read_back(storage, stored)
    }

    /// Reads back what was not sent, where that is asked for, and sends it after all if it is not what
    /// it should be.
    fn read_back(
        &self,
        storage: &Storage<'_>,
        stored: keep::Stored,
    ) -> Result<keep::Stored, Failure> {
        // Where nothing is sent, as a plan is made, there is nothing to read either.
        let is_in_keep = stored.blocks.iter().all(|block| block.contains("+A"));
        if self.request.verify != keep::Depth::Content || stored.reused == 0 || !is_in_keep {
            return Ok(stored);
        }
        let Some(reason) = unlike(&stored)? else {
            return Ok(stored);
        };
        let again = storage.store_again(&stored, &storage::Doubt::Unlike(reason))?;
        match unlike(&again)? {
            None => Ok(again),
            Some(reason) => Err(ArchiveError::Unsound(format!(
                "what Keep has of image {} is not what was read: {reason}",
                again.image.id
            ))
            .into()),
        }
    }

    /// Makes do with what the cluster has of the image, or returns none if it has nothing sound.
    ///
    /// `named` is a collection to look into whether or not a hash link leads to it; `source` is what is
    /// known of where the image comes from.
    pub(crate) fn reuse(
        &self,
        id: &str,
        identity: Identity<'_>,
        named: Option<&str>,
        source: &Source,
    ) -> Result<Option<Uploaded>, Failure> {
        let search = presence::Search {
            id,
            identity,
            names: &self.names,
            owner: &self.owner,
            named,
            reach: self.request.reuse,
            depth: self.request.verify,
            named_by: self.request.named_by,
            must_look: false,
        };
        let Some((mut found, mut digests)) = self.find(search)? else {
            return Ok(None);
        };
        let (holder, built, is_new) = match found.place {
            Place::Own(collection, image) => {
                if !digests.are_right() {
                    naming::tell_of_misnaming(&collection, &digests);
                }
                if digests.name != id {
                    found.links = presence::links_of(&digests.name, &self.names)?;
                }
                let built = match image {
                    Some(image) => image::build_time(&image.config),
                    None => build_time(&digests.name, &collection, &found.links),
                };
                (Holder::found(collection), built, false)
            }
            Place::Elsewhere(other, mut image) => {
                if image.is_none() && !digests.are_right() {
                    // What it says of itself is no reason to give it another name.
                    image = evidence::look(&other);
                    digests.wanted = digests
                        .wanted
                        .filter(|wanted| image.as_ref().is_some_and(|image| image.id == *wanted));
                }
                let Some(other) = naming::renamed(other, &digests) else {
                    return Ok(None);
                };
                let built = match &image {
                    Some(image) => image::build_time(&image.config),
                    None => build_time(&digests.name, &other, &found.links),
                };
                digests.name = digests.wanted.unwrap_or_default();
                let name = &digests.name;
                let copied = self.copy(name, other, image.as_ref(), source)?;
                (copied, built, true)
            }
            Place::Nowhere => return Ok(None),
        };
        let collection = &holder.collection;
        let properties: Vec<Property> = built
            .map(|built| image::text_property(image::IMAGE_TIMESTAMP, &built))
            .into_iter()
            .collect();
        let missing = plan::missing(
            self.links(&digests.name, &collection.uuid, &properties),
            &found.links,
            &self.owner,
        );
        let mut links = found.links;
        links.extend(registration::create_links(&missing, &self.owner)?);
        let is_renamed = self.tell_names(collection);
        effect::warn(&self.names, collection, &links, self.formats);
        holder.tell_of_twins(&self.owner);
        let outcome = if is_new || is_renamed || !missing.is_empty() {
            Outcome::Registered
        } else {
            Outcome::Present
        };
        Ok(Some(self.uploaded(
            holder.collection,
            &digests.id,
            digests.name,
            outcome,
        )))
    }

    /// Finds out what the cluster has of the image, and by which digest.
    fn find(&self, search: presence::Search<'_>) -> Result<Option<(Presence, Digests)>, Failure> {
        let found = presence::find(search)?;
        let Some(digests) = self.digests(&found.place) else {
            return Ok(None);
        };
        if let Some(wanted) = digests.wanted.as_ref().filter(|_| !digests.are_right()) {
            // The project may have it by the right name, too.
            let other = presence::find(presence::Search {
                id: wanted,
                identity: Identity::Config,
                named: None,
                reach: Reach::None,
                ..search
            })?;
            if let Some(right) = self.digests(&other.place).filter(Digests::are_right) {
                return Ok(Some((other, right)));
            }
        }
        Ok(Some((found, digests)))
    }

    /// Returns the digests of the image that was found somewhere.
    fn digests(&self, place: &Place) -> Option<Digests> {
        let (collection, image) = place.held()?;
        Some(Digests::of(collection, image, self.request.named_by))
    }

    /// Creates a collection of the project with the blocks of another.
    ///
    /// `image` is what was found in the other; of what somebody else says of it nothing is taken over.
    /// Where the user owns the other, there may be none, and what it says counts.
    fn copy(
        &self,
        id: &str,
        other: collections::Collection,
        image: Option<&archives::Image>,
        source: &Source,
    ) -> Result<Holder, Failure> {
        let properties = match image {
            Some(image) => {
                let source = Source {
                    manifest: source.manifest.clone().or_else(|| image.manifest.clone()),
                    reference: source.reference.clone(),
                };
                source.properties(image)
            }
            None => {
                let kept = [
                    image::CONFIG_DIGEST,
                    image::MANIFEST_DIGEST,
                    image::SOURCE_REFERENCE,
                    image::BUILD_TIME,
                    image::BASE_LAYER,
                ];
                let own = other.properties.iter();
                own.filter(|property| kept.contains(&property.key.as_str()))
                    .cloned()
                    .collect()
            }
        };
        let manifest = other.manifest.clone().unwrap_or_default();
        let new = self.collection(id, manifest, properties);
        // `presence` found no collection of this content in the project.
        let content = &other.portable_data_hash;
        let copied = registration::create_collection(&new, content, &self.owner, &[])?;
        if let Some(image) = image {
            self.tell_of_copy(&other, image);
        }
        Ok(copied)
    }

    /// Says whose collection is copied, and how far it was read.
    fn tell_of_copy(&self, other: &collections::Collection, image: &archives::Image) {
        // Nobody but those who can write there, as the user can, is to be trusted then.
        let is_shared = projects::get(&other.owner).is_ok_and(|owner| owner.writable);
        let (level, checked) = match self.request.verify {
            keep::Depth::Config => (
                if is_shared {
                    Level::Info
                } else {
                    Level::Warning
                },
                "its config is that of the image, and its layers were not read (`keepdocker upload --verify` reads them)",
            ),
            keep::Depth::Content => (Level::Info, "all of it was read and verified"),
        };
        log::write(
            level,
            &format!(
                "image {} was copied from collection {} of {}: {checked}",
                image.id, other.uuid, other.owner
            ),
        );
    }

    /// Registers an archive that is in Keep. `locked` is the ID whose lock is held and, unless
    /// the upload is forced, which the cluster does not have.
    pub(crate) fn register(
        &self,
        storage: &Storage<'_>,
        mut stored: keep::Stored,
        source: &Source,
        locked: Option<&str>,
    ) -> Result<Uploaded, Failure> {
        let id = stored.image.id.clone();
        let id = id.as_str();
        if !image::is_digest(id) {
            return Err(
                ArchiveError::Other(format!("`{id}` is not the digest of a config")).into(),
            );
        }
        let _guard = match locked {
            Some(locked) if locked == id => None,
            _ => Some(locks::Guard::acquire(id)?),
        };
        if _guard.is_some()
            && !self.request.force
            && let Some(uploaded) = self.reuse(id, Identity::Config, None, source)?
        {
            return Ok(written(uploaded, &stored));
        }

        let name = naming::of_stored(&stored, self.request.named_by)?;
        let (holder, existing) = match self.collect(&name, &stored, source) {
            Err(Failure::Api(error)) if stored.reused > 0 => match storage::refusal(&error) {
                Some(text) => {
                    let refusal = storage::Doubt::Refused(text.to_owned());
                    stored = storage.store_again(&stored, &refusal)?;
                    self.collect(&name, &stored, source)?
                }
                None => return Err(error.into()),
            },
            collected => collected?,
        };
        let collection = &holder.collection;
        let built: Vec<Property> = image::build_time(&stored.image.config)
            .iter()
            .map(|built| image::text_property(image::IMAGE_TIMESTAMP, built))
            .collect();
        let missing = plan::missing(
            self.links(&name, &collection.uuid, &built),
            &existing,
            &self.owner,
        );
        registration::create_links(&missing, &self.owner)?;
        self.tell_names(collection);
        self.warn_of_no_effect(collection);
        holder.tell_of_twins(&self.owner);
        let uploaded = self.uploaded(holder.collection, &stored.image.id, name, Outcome::Uploaded);
        Ok(written(uploaded, &stored))
    }

    /// Makes the collection of what was stored, whose file is to be named by this digest, or finds it, with
    /// the links to it that exist.
    fn collect(
        &self,
        name: &str,
        stored: &keep::Stored,
        source: &Source,
    ) -> Result<(Holder, Vec<links::Link>), Failure> {
        let text = manifest::build(&stored.blocks, &image::file_name(name), stored.size)
            .map_err(|error| keep::Error::Other(error.to_string()))?;
        let content = manifest::portable_data_hash(&text);
        let before = registration::of_content(&content, &self.owner)?;
        match before.first() {
            // An earlier run came this far, and no farther.
            Some(unlinked) if !self.request.force => {
                let links = query::links_to(
                    &[links::Class::ImageHash, links::Class::RepoTag],
                    links::Names::All,
                    Some(vec![unlinked.uuid.clone()]),
                    Some(&self.owner),
                )?;
                Ok((Holder::found(unlinked.clone()), links))
            }
            _ => {
                let new = self.collection(name, text, source.properties(&stored.image));
                let created =
                    registration::create_collection(&new, &content, &self.owner, &before)?;
                Ok((created, Vec::new()))
            }
        }
    }

    /// Has the collection tell the names that it got, and returns whether it had to.
    fn tell_names(&self, collection: &collections::Collection) -> bool {
        let project = self.request.project.as_deref();
        registration::tell_names(collection, &self.names, project, &self.owner)
    }

    fn warn_of_no_effect(&self, collection: &collections::Collection) {
        if self.names.is_empty() {
            return;
        }
        let names = links::Names::Exactly(self.names.clone());
        let links = query::links(&[links::Class::RepoTag], names);
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
        if first.is_some() {
            properties.push(Property {
                key: image::REPO_TAG.into(),
                value: image::names_value(&self.names),
            });
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
        let owner = self.request.project.as_deref();
        plan::links(id, &self.names, collection, owner, properties)
    }

    /// Returns the result of an upload that wrote no data.
    fn uploaded(
        &self,
        collection: collections::Collection,
        id: &str,
        registered_as: String,
        outcome: Outcome,
    ) -> Uploaded {
        Uploaded {
            collection: collection.uuid,
            portable_data_hash: collection.portable_data_hash,
            image: id.into(),
            registered_as,
            name: self.names.first().cloned(),
            outcome,
            size: 0,
            sent: 0,
            reused: 0,
            blocks: 0,
        }
    }
}

impl Source {
    pub(crate) fn properties(&self, image: &archives::Image) -> Vec<Property> {
        let mut properties = vec![image::text_property(image::CONFIG_DIGEST, &image.id)];
        let built = image::build_time(&image.config);
        let optional = [
            (image::MANIFEST_DIGEST, self.manifest.as_deref()),
            (image::SOURCE_REFERENCE, self.reference.as_deref()),
            (image::BUILD_TIME, built.as_deref()),
            (
                image::BASE_LAYER,
                image.diff_ids.first().map(String::as_str),
            ),
        ];
        properties.extend(
            optional
                .iter()
                .filter_map(|(key, value)| Some(image::text_property(key, (*value)?))),
        );
        properties
    }
}

/// Returns the build time of an image that the project or the user has, for links that may be missing:
/// as the owner's links and the collection tell it, else as its config does.
fn build_time(
    id: &str,
    collection: &collections::Collection,
    links: &[links::Link],
) -> Option<String> {
    let mut own: Vec<&links::Link> = presence::of_image(id, links)
        .into_iter()
        .filter(|link| link.owner == collection.owner)
        .collect();
    catalog::sort(&mut own);
    if let Some(link) = own.first() {
        return image::text_of(&link.properties, image::IMAGE_TIMESTAMP);
    }
    image::text_of(&collection.properties, image::BUILD_TIME).or_else(|| {
        let found = evidence::look(collection)?;
        image::build_time(&found.config)
    })
}

/// Reads a stored archive from Keep, every byte, and says how it differs from what was to be stored.
fn unlike(stored: &keep::Stored) -> Result<Option<String>, Failure> {
    let id = stored.image.id.as_str();
    let text = manifest::build(&stored.blocks, &image::file_name(id), stored.size)
        .map_err(|error| keep::Error::Other(error.to_string()))?;
    let archive = evidence::stored(&text, id).map_err(keep::Error::Other)?;
    match keep::examine(&archive, keep::Depth::Content) {
        Ok(found) if found.id == id => Ok(None),
        Ok(found) => Ok(Some(format!("it holds image {}", found.id))),
        Err(error @ keep::Error::Unauthorized(_)) => Err(error.into()),
        Err(error) => Ok(Some(evidence::words(&error))),
    }
}

/// Adds to a result what was written for it.
fn written(uploaded: Uploaded, stored: &keep::Stored) -> Uploaded {
    Uploaded {
        size: stored.size,
        sent: stored.sent,
        reused: stored.reused,
        blocks: u32::try_from(stored.blocks.len()).unwrap_or(u32::MAX),
        ..uploaded
    }
}
