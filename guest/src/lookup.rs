//! Which image is meant: in the engine's store, and among those that the cluster has.
//!
//! The engine is asked for the whole reference and answers by its own rules. The cluster is
//! asked for exact names, or for image IDs that begin with the digits given: never by a pattern,
//! so that an ID which is nowhere cannot turn into another image. Every verb that takes an ID asks here.

use crate::bindings::exports::keepdocker::contract::commands::{Failure, Pull};
use crate::capabilities::{archives, collections, engine, keep, links};
use crate::evidence::{self, Identity};
use crate::reference::{Id, Name, Reference};
use crate::{failure, image, link_heads, query, resolution, sorting};

/// How many collections are looked into at most to learn an ID that no link tells.
const MOST_COLLECTIONS: usize = 20;

/// How many images are named to whoever gave the beginning of several IDs.
const MOST_TOLD: usize = 50;

/// How many collections are looked into at most that say they hold the image of a manifest.
const MOST_HINTS: usize = 8;

/// An image in the engine's store, and the name by which it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Local {
    pub(crate) image: engine::LocalImage,
    /// None if it was asked for by its ID.
    pub(crate) name: Option<Name>,
}

/// What the engine knows of the reference.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum InEngine {
    Found(Box<Local>),
    Absent,
    /// There is no engine to ask; the image may still be in the cluster.
    Unavailable(engine::Error),
}

/// An image that the cluster knows, and the name by which it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    pub(crate) image: String,
    pub(crate) name: Option<Name>,
    /// The collection to which the name leads; none if the image was asked for by its ID.
    pub(crate) collection: Option<String>,
}

impl Known {
    fn by_id(image: String) -> Self {
        Self {
            image,
            name: None,
            collection: None,
        }
    }
}

/// Finds the image in the engine's store, after pulling it where that is asked.
pub(crate) fn in_engine(reference: &Reference, pull: Pull) -> Result<InEngine, Failure> {
    let asked = match reference {
        Reference::Name(name) => name.local(),
        Reference::Id(id) => vec![id.to_string()],
    };
    if pull == Pull::Always {
        if let Reference::Id(id) = reference {
            return Err(Failure::Usage(format!(
                "an image cannot be pulled by its ID `{id}`; give a name"
            )));
        }
        engine::pull(&asked[0])?;
    }
    let mut found = match find(&asked) {
        Err(error @ engine::Error::Unavailable(_)) => return Ok(InEngine::Unavailable(error)),
        found => found?,
    };
    if found.is_empty() && pull == Pull::Missing && matches!(reference, Reference::Name(_)) {
        engine::pull(&asked[0])?;
        found = find(&asked)?;
    }
    for local in &mut found {
        local.id = image::normalized(&local.id);
    }
    sorting::sort_by_key(&mut found, |local| local.id.clone());
    found.dedup_by(|a, b| a.id == b.id);
    match found.len() {
        0 => Ok(InEngine::Absent),
        1 => {
            let local = found.remove(0);
            let name = match reference {
                Reference::Name(name) => Some(name.clone()),
                Reference::Id(id) if id.matches(&local.id) || is_digest_of(id, &local) => None,
                // The engine read the digits as a name. Anything else is not what was asked for.
                Reference::Id(id) => {
                    let name = id
                        .as_name()
                        .filter(|name| local.repo_tags.iter().any(|tag| name.is(tag)));
                    if name.is_none() {
                        return Ok(InEngine::Absent);
                    }
                    name
                }
            };
            Ok(InEngine::Found(Box::new(Local { image: local, name })))
        }
        _ => Err(failure::ambiguous(
            reference,
            found.into_iter().map(|local| local.id).collect(),
        )),
    }
}

/// Tells whether the engine knows the image by this digest too, as that of a manifest or an index.
fn is_digest_of(id: &Id, local: &engine::LocalImage) -> bool {
    let digests = local
        .repo_digests
        .iter()
        .filter_map(|name| name.split_once('@'));
    id.full()
        .is_some_and(|full| digests.into_iter().any(|(_, digest)| digest == full))
}

/// Returns what the engine has under the first of the names that it knows.
fn find(names: &[String]) -> Result<Vec<engine::LocalImage>, engine::Error> {
    for name in names {
        let found = engine::find(name)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
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

/// Finds the image among those that the cluster has.
pub(crate) fn in_cluster(reference: &Reference) -> Result<Option<Known>, Failure> {
    let id = match reference {
        Reference::Name(name) => return by_name(name),
        Reference::Id(id) => id,
    };
    let mut images = Vec::new();
    for beginning in id.beginnings() {
        let names = links::Names::StartingWith(beginning);
        for link in readable(query::links(&[links::Class::ImageHash], names)?)? {
            if id.matches(&link.name) {
                add(&mut images, link.name);
            }
        }
    }
    // All digits of one form are an exact match, whatever else begins alike.
    if let Some(full) = id.full().filter(|full| images.contains(full)) {
        return Ok(Some(Known::by_id(full)));
    }
    add_by_other_digest(id, &mut images)?;
    match images.len() {
        0 => match id.as_name() {
            Some(name) => by_name(&name),
            None => Ok(None),
        },
        1 => Ok(images.pop().map(Known::by_id)),
        _ => Err(failure::ambiguous(reference, images)),
    }
}

/// Returns the collections that say they hold the image whose manifest has this digest, with the digest
/// that each has for a name: those of `owner` first.
///
/// An engine with a containerd store knows an image by its manifest's digest; the image's own ID shows
/// only in the archive. An earlier upload may have noted both. So may anybody else: these are hints.
pub(crate) fn manifest_hints(
    digest: &str,
    owner: Option<&str>,
) -> Result<Vec<(String, collections::Collection)>, Failure> {
    hints(image::MANIFEST_DIGEST, digest, owner)
}

/// Returns the collections with this digest in this property, as `manifest_hints` does.
fn hints(
    key: &str,
    digest: &str,
    owner: Option<&str>,
) -> Result<Vec<(String, collections::Collection)>, Failure> {
    let property = image::text_property(key, digest);
    let noted = query::manifests(collections::Which::Property(property))?;
    let mut hints = Vec::new();
    let mut of_others = Vec::new();
    for collection in noted {
        let Some(id) = evidence::named_id(&collection).filter(|id| image::is_digest(id)) else {
            continue;
        };
        if owner == Some(collection.owner.as_str()) {
            hints.push((id, collection));
        } else {
            of_others.push((id, collection));
        }
    }
    hints.append(&mut of_others);
    hints.truncate(MOST_HINTS);
    Ok(hints)
}

/// Adds an image to those that an ID can mean, in their order and each once.
///
/// Whoever can make links can make any number of them; so many are not told of.
pub(crate) fn add(images: &mut Vec<String>, image: String) {
    if let Err(place) = images.binary_search(&image)
        && images.len() < MOST_TOLD
    {
        images.insert(place, image);
    }
}

/// Adds by what those images are registered whose other digest begins with these digits.
pub(crate) fn add_by_other_digest(id: &Id, images: &mut Vec<String>) -> Result<(), Failure> {
    let mut digests = Vec::new();
    match id.full() {
        Some(full) if images.is_empty() => digests.push(full),
        Some(_) => {}
        None => {
            for key in [image::CONFIG_DIGEST, image::MANIFEST_DIGEST] {
                // The first is that of a digest.
                let property = image::text_property(key, &id.beginnings()[0]);
                let which = collections::Which::PropertyStartingWith(property);
                for noted in query::collections(which, None, collections::Detail::Attributes)? {
                    match image::text_of(&noted.properties, key) {
                        Some(digest) if id.matches(&digest) => add(&mut digests, digest),
                        _ => {}
                    }
                }
            }
        }
    }
    if digests.len() > MOST_HINTS {
        return Err(failure::ambiguous(id, digests));
    }
    for digest in digests {
        if !images.contains(&digest)
            && let Some(image) = by_noted_digest(&digest)?
        {
            add(images, image);
        }
    }
    Ok(())
}

/// Returns by what the image is registered whose config or manifest has this digest, as far as that can
/// be shown without an engine that has it.
///
/// All collections that are shown to hold it hold the same image. One that has a link is preferred: that of
/// a run which was cut short has none.
fn by_noted_digest(digest: &str) -> Result<Option<String>, Failure> {
    let mut unlinked = None;
    for key in [image::MANIFEST_DIGEST, image::CONFIG_DIGEST] {
        for (name, collection) in hints(key, digest, None)? {
            if unlinked.as_ref() == Some(&name) {
                continue;
            }
            let depth = keep::Depth::Config;
            let Some(found) =
                evidence::image_of(&collection, digest, Identity::Config, false, depth)?
            else {
                continue;
            };
            let mut names = vec![name, found.id];
            names.extend(found.manifest);
            let by_digest = links::Names::Exactly(names.clone());
            let linked = query::links(&[links::Class::ImageHash], by_digest)?;
            if let Some(link) = readable(linked)?.pop() {
                return Ok(Some(link.name));
            }
            unlinked = names.into_iter().next();
        }
    }
    Ok(unlinked)
}

/// Finds the image that a container request would get for this name, whatever its format.
fn by_name(name: &Name) -> Result<Option<Known>, Failure> {
    let names = links::Names::Exactly(name.known_as());
    let named = query::links(&[links::Class::RepoTag], names)?;
    let order = resolution::candidates(&named.iter().collect::<Vec<_>>());
    let considered: Vec<String> = order
        .iter()
        .take(MOST_COLLECTIONS)
        .map(|candidate| candidate.collection.clone())
        .collect();
    // As a rule the first can be read, so that the others need not be asked for.
    let (first, others) = considered.split_at(considered.len().min(1));
    for some in [first, others] {
        if some.is_empty() {
            continue;
        }
        let found = query::manifests(collections::Which::Uuids(some.to_vec()))?;
        for uuid in some {
            let collection = found.iter().find(|collection| collection.uuid == *uuid);
            // What a hash link tells of the collection is somebody's word; a container request gets
            // what its file is named.
            if let Some(image) = collection.and_then(evidence::named_id) {
                return Ok(Some(Known {
                    image,
                    name: Some(name.clone()),
                    collection: Some(uuid.clone()),
                }));
            }
        }
    }
    Ok(None)
}

/// Returns those links whose collection can be read.
fn readable(mut links: Vec<links::Link>) -> Result<Vec<links::Link>, Failure> {
    let readable = link_heads::Readable::of(&links, None)?;
    links.retain(|link| readable.contains(&link.head));
    Ok(links)
}
