//! One upload under way: what it aims at, and what it registers, whatever image it turns out to be.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, Outcome, UploadRequest, Uploaded,
};
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{archives, cluster, collections, keep, links, locks, log, users};
use crate::lookup::Local;
use crate::presence::Place;
use crate::reference::Name;
use crate::resolution::Formats;
use crate::storage::{self, Storage};
use crate::types::Property;
use crate::{
    catalog, effect, failure, image, manifest, plan, presence, project, registration, relatives,
};

/// Where a stored image came from.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// The digest of the manifest, or what an engine uses in its place.
    pub(crate) manifest: Option<String>,
    pub(crate) reference: Option<String>,
}

impl Source {
    pub(crate) fn of(image: &archives::Image) -> Self {
        Self {
            manifest: image.manifest.clone(),
            reference: image.repo_tags.first().cloned(),
        }
    }
}

impl Local {
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
    owner: String,
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

    /// Stores an image whose layers are these, as far as they are known before it is read.
    ///
    /// That the project cannot take it should not show only after all of its data is sent.
    pub(crate) fn store(
        &self,
        storage: &Storage<'_>,
        diff_ids: &[String],
    ) -> Result<keep::Stored, Failure> {
        if let Some(project) = &self.request.project {
            project::check(project)?;
        }
        let reuse = if self.request.reuse {
            relatives::find(relatives::Traits {
                repositories: &self.repositories,
                base: diff_ids.first().map(String::as_str),
                owner: &self.owner,
            })
        } else {
            Vec::new()
        };
        storage.store(reuse)
    }

    /// Makes do with what the cluster has of the image, or returns none if it has nothing sound.
    ///
    /// `named` is a collection to look into whether or not a hash link leads to it.
    pub(crate) fn reuse(&self, id: &str, named: Option<&str>) -> Result<Option<Uploaded>, Failure> {
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
        let missing = plan::missing(
            self.links(id, &collection.uuid, &properties),
            &found.links,
            &self.owner,
        );
        let mut links = found.links;
        links.extend(registration::create_links(&missing, &self.owner)?);
        let is_renamed = self.tell_names(&collection);
        effect::warn(&self.names, &collection, &links, self.formats);
        let outcome = if is_new || is_renamed || !missing.is_empty() {
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
            image::BASE_LAYER,
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
            && let Some(uploaded) = self.reuse(id, None)?
        {
            return Ok(written(uploaded, &stored));
        }

        let (collection, existing) = match self.collect(&stored, source) {
            Err(Failure::Api(error)) if stored.reused > 0 => match storage::refusal(&error) {
                Some(text) => {
                    stored = storage.store_again(&stored, text)?;
                    self.collect(&stored, source)?
                }
                None => return Err(error.into()),
            },
            collected => collected?,
        };
        let built: Vec<Property> = image::build_time(&stored.image.config)
            .iter()
            .map(|built| image::text_property(image::IMAGE_TIMESTAMP, built))
            .collect();
        let missing = plan::missing(
            self.links(id, &collection.uuid, &built),
            &existing,
            &self.owner,
        );
        registration::create_links(&missing, &self.owner)?;
        self.tell_names(&collection);
        self.warn_of_no_effect(&collection);
        let uploaded = self.uploaded(collection, id, Outcome::Uploaded);
        Ok(written(uploaded, &stored))
    }

    /// Makes the collection of what was stored, or finds it, with the links to it that exist.
    fn collect(
        &self,
        stored: &keep::Stored,
        source: &Source,
    ) -> Result<(collections::Collection, Vec<links::Link>), Failure> {
        let id = stored.image.id.as_str();
        let text = manifest::build(&stored.blocks, &image::file_name(id), stored.size)
            .map_err(|error| keep::Error::Other(error.to_string()))?;
        let content = manifest::portable_data_hash(&text);
        let before = registration::of_content(&content, &self.owner)?;
        match before.first() {
            // An earlier run came this far, and no farther.
            Some(unlinked) if !self.request.force => {
                let links = links::list(&links::Query {
                    classes: vec![links::Class::ImageHash, links::Class::RepoTag],
                    names: links::Names::All,
                    heads: Some(vec![unlinked.uuid.clone()]),
                    owner: Some(self.owner.clone()),
                    detail: links::Detail::Full,
                    newest: None,
                })?;
                Ok((unlinked.clone(), links))
            }
            _ => {
                let new = self.collection(id, text, source.properties(&stored.image));
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
        let links = links::list(&links::Query {
            classes: vec![links::Class::RepoTag],
            names: links::Names::Exactly(self.names.clone()),
            heads: None,
            owner: None,
            detail: links::Detail::Full,
            newest: None,
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
            reused: 0,
            blocks: 0,
        }
    }
}

impl Source {
    fn properties(&self, image: &archives::Image) -> Vec<Property> {
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
