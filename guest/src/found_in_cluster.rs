//! What the cluster has of an image already, and what follows for the project.
//!
//! A hash link claims that a collection holds an image. It tells where to look: a link to a collection
//! that is in the trash, that cannot be read, or that holds something else than one file at the top,
//! named by the image's ID, counts for nothing. What the project or the user owns is then taken as it
//! is, unless the ID itself is a guess; what somebody else owns, only after a look inside (see
//! `evidence`).
//!
//! An upload that was cut short leaves a collection without links. It is found again by the
//! digest in its properties, or by its content, so that the next run completes it. So is an image that
//! is registered by the digest of its manifest, once it was looked into.

use crate::bindings::exports::keepdocker::contract::commands::{Failure, ImageDigest, Reach};
use crate::capabilities::{archives, collections, keep, links, users};
use crate::evidence::{self, Identity};
use crate::{catalog, image, link_heads, manifest, query};
use std::collections::HashSet;

/// How many collections of others are asked for at a time to find a sound one.
const COLLECTIONS_AT_A_TIME: usize = 20;

/// How many contents are read to find the image. Anybody can make any number of links.
const MOST_LOOKED_INTO: usize = 8;

/// How many collections that are said to hold an image are asked for, to fetch it.
const MOST_CLAIMANTS: usize = 100;

/// The links and collections that concern one image.
#[derive(Debug)]
pub(crate) struct Found {
    /// All links with the image's ID or one of the wanted names, oldest first.
    pub(crate) links: Vec<links::Link>,
    pub(crate) place: Place,
}

/// The best collection of the image for the project.
#[derive(Debug)]
pub(crate) enum Place {
    /// The project owns this one; with what is in it, where that was looked at.
    Own(collections::Collection, Option<archives::Image>),
    /// The project owns none; this one can be copied without its data. With what is in it, unless the
    /// user owns it, too.
    Elsewhere(collections::Collection, Option<archives::Image>),
    Nowhere,
}

/// What is looked for, and how far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    /// The image's ID, or what is taken for it; see `identity`.
    pub(crate) id: &'a str,
    pub(crate) identity: Identity<'a>,
    /// The names that it is to have.
    pub(crate) names: &'a [String],
    /// The project or user who is to have it.
    pub(crate) owner: &'a str,
    /// A collection to look into besides those that hash links name: one may have lost its hash link,
    /// or never had one.
    pub(crate) named: Option<&'a str>,
    pub(crate) reach: Reach,
    pub(crate) depth: keep::Depth,
    /// By which of its digests it is to be registered.
    pub(crate) named_by: ImageDigest,
    /// Whether the run is of no use if the policy withholds a look into collections.
    pub(crate) must_look: bool,
}

/// Finds out what the cluster has of the image, and with which links.
pub(crate) fn find(search: Search<'_>) -> Result<Found, Failure> {
    let links = links_of(search.id, search.names)?;
    let place = search.place(&links)?;
    Ok(Found { links, place })
}

/// Returns all links with one of these names, of which the first is a digest of the image.
pub(crate) fn links_of(id: &str, names: &[String]) -> Result<Vec<links::Link>, Failure> {
    let mut wanted = vec![id.to_owned()];
    wanted.extend_from_slice(names);
    Ok(query::links(
        &[links::Class::ImageHash, links::Class::RepoTag],
        links::Names::Exactly(wanted),
    )?)
}

impl Place {
    /// Returns the collection, and what is in it where that was looked at.
    pub(crate) fn held(&self) -> Option<(&collections::Collection, Option<&archives::Image>)> {
        match self {
            Self::Own(collection, image) | Self::Elsewhere(collection, image) => {
                Some((collection, image.as_ref()))
            }
            Self::Nowhere => None,
        }
    }
}

impl Search<'_> {
    fn place(self, links: &[links::Link]) -> Result<Place, Failure> {
        let mut heads = heads_of_image(self.id, links);
        if let Some(named) = self
            .named
            .filter(|named| !heads.iter().any(|head| head == named))
        {
            heads.push(named.into());
        }
        match self.own(&heads, links)? {
            Some(place) => Ok(place),
            None => self.elsewhere(&heads),
        }
    }

    /// Looks among what the project owns: where links lead, then what only a property tells.
    fn own(self, heads: &[String], links: &[links::Link]) -> Result<Option<Place>, Failure> {
        let mut own = holders(heads, Some(self.owner), self.id)?;
        let linked = |collection: &collections::Collection| {
            links
                .iter()
                .filter(|link| {
                    link.head == collection.uuid
                        && link.owner == self.owner
                        && self.names.contains(&link.name)
                })
                .count()
        };
        // Where the names are already, nothing needs to be written.
        let mut best = 0;
        for place in 1..own.len() {
            if linked(&own[place]) > linked(&own[best]) {
                best = place;
            }
        }
        if best > 0 {
            let collection = own.remove(best);
            own.insert(0, collection);
        }
        if let Some(place) = self.first_sound(own)? {
            return Ok(Some(place));
        }
        let unlinked = self.noted(Some(self.owner))?;
        self.first_sound(unlinked)
    }

    /// Returns the first of these, which the project owns, that holds the image.
    fn first_sound(self, own: Vec<collections::Collection>) -> Result<Option<Place>, Failure> {
        let mut looked_at = 0;
        for collection in own {
            if self.is_known() && is_sound(&collection, Some(self.id)) {
                return Ok(Some(Place::Own(collection, None)));
            }
            if !is_sound(&collection, None) || looked_at == MOST_LOOKED_INTO {
                continue;
            }
            looked_at += 1;
            let found = self.look_into(&collection, true)?;
            if found.is_some() {
                return Ok(Some(Place::Own(collection, found)));
            }
        }
        Ok(None)
    }

    /// Returns what the collection holds if that is the image.
    fn look_into(
        self,
        collection: &collections::Collection,
        is_own: bool,
    ) -> Result<Option<archives::Image>, Failure> {
        match evidence::image_of(collection, self.id, self.identity, is_own, self.depth) {
            // The data can be sent instead.
            Err(Failure::Keep(keep::Error::Denied(reason))) if !self.must_look => {
                evidence::tell_of_refusal(collection, self.id, &reason);
                Ok(None)
            }
            answer => answer,
        }
    }

    /// Tells whether what the project or the user owns under the image's ID need not be looked into.
    fn is_known(self) -> bool {
        matches!(self.identity, Identity::Config)
            && self.depth == keep::Depth::Config
            && self.named_by == ImageDigest::Config
    }

    /// Looks among what others own, as far as that may be used.
    fn elsewhere(self, heads: &[String]) -> Result<Place, Failure> {
        let by_manifest = self.named_by == ImageDigest::Manifest;
        if self.reach == Reach::None || (heads.is_empty() && !by_manifest) {
            return Ok(Place::Nowhere);
        }
        let user = users::current()?;
        let home = match self.reach {
            Reach::Own => Some(user.as_str()),
            _ => None,
        };
        let mut looked_at = HashSet::new();
        for some in heads.chunks(COLLECTIONS_AT_A_TIME) {
            for collection in holders(some, home, self.id)? {
                if let Some(place) = self.copy_of(collection, &user, &mut looked_at)? {
                    return Ok(place);
                }
            }
        }
        if by_manifest {
            // Which digest that is nobody can tell yet; only the config's is noted.
            for collection in self.noted(home)? {
                if let Some(place) = self.copy_of(collection, &user, &mut looked_at)? {
                    return Ok(place);
                }
            }
        }
        Ok(Place::Nowhere)
    }

    /// Returns the collections that say they hold the image; of one owner alone, if one is given.
    fn noted(self, owner: Option<&str>) -> Result<Vec<collections::Collection>, Failure> {
        let property = image::text_property(image::CONFIG_DIGEST, self.id);
        let which = collections::Which::Property(property);
        Ok(query::collections(
            which,
            owner,
            collections::Detail::Manifest,
        )?)
    }

    /// Returns what the collection is good for, or none if it does not hold the image; nowhere once too
    /// many were looked into.
    fn copy_of(
        self,
        collection: collections::Collection,
        user: &str,
        looked_at: &mut HashSet<String>,
    ) -> Result<Option<Place>, Failure> {
        if !is_sound(&collection, None) || !looked_at.insert(collection.portable_data_hash.clone())
        {
            return Ok(None);
        }
        if looked_at.len() > MOST_LOOKED_INTO {
            return Ok(Some(Place::Nowhere));
        }
        let is_own = collection.owner == user;
        let mut image = None;
        if !(is_own && self.is_known()) {
            image = self.look_into(&collection, is_own)?;
            if image.is_none() {
                return Ok(None);
            }
        }
        let copies = query::collections(
            collections::Which::PortableDataHash(collection.portable_data_hash.clone()),
            Some(self.owner),
            collections::Detail::Attributes,
        )?;
        Ok(Some(match copies.into_iter().next() {
            Some(mut copy) => {
                copy.manifest = collection.manifest;
                Place::Own(copy, image)
            }
            None => Place::Elsewhere(collection, image),
        }))
    }
}

/// Returns the collections that hash links with exactly this ID lead to and whose file is named by it:
/// the user's own, and those of others, the best first.
pub(crate) fn claimants(
    id: &str,
) -> Result<(Vec<collections::Collection>, Vec<collections::Collection>), Failure> {
    let links = query::links(
        &[links::Class::ImageHash],
        links::Names::Exactly(vec![id.to_owned()]),
    )?;
    let heads = heads_of_image(id, &links);
    let user = users::current()?;
    // Of others there may be any number, and each may lie.
    let own = holders(&heads, Some(&user), id)?;
    let mut others = holders(&heads[..heads.len().min(MOST_CLAIMANTS)], None, id)?;
    others.retain(|other| other.owner != user);
    Ok((own, others))
}

/// Returns the collections to which the image's hash links lead, the best first.
fn heads_of_image(id: &str, links: &[links::Link]) -> Vec<String> {
    let mut hash_links = of_image(id, links);
    catalog::sort(&mut hash_links);
    let hash_links: Vec<links::Link> = hash_links.into_iter().cloned().collect();
    link_heads::of(&hash_links)
}

/// Returns those of the collections whose only file is named by the image's ID, in the given order.
fn holders(
    uuids: &[String],
    owner: Option<&str>,
    id: &str,
) -> Result<Vec<collections::Collection>, Failure> {
    if uuids.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = query::collections(
        collections::Which::Uuids(uuids.to_vec()),
        owner,
        collections::Detail::Manifest,
    )?;
    found.retain(|collection| is_sound(collection, Some(id)));
    // A sort of their own would make up a hundredth of the component.
    let mut ordered = Vec::with_capacity(found.len());
    for uuid in uuids {
        if let Some(place) = found.iter().position(|collection| collection.uuid == *uuid) {
            ordered.push(found.swap_remove(place));
        }
    }
    Ok(ordered)
}

/// Returns the hash links with exactly this ID.
pub(crate) fn of_image<'a>(id: &str, links: &'a [links::Link]) -> Vec<&'a links::Link> {
    links
        .iter()
        .filter(|link| link.class == links::Class::ImageHash && link.name == id)
        .collect()
}

/// Tells whether the collection holds one file and nothing besides, which is named by this digest, or
/// like any image if none is given.
fn is_sound(collection: &collections::Collection, id: Option<&str>) -> bool {
    let file = collection.manifest.as_deref().and_then(manifest::only_file);
    file.is_some_and(|(path, size)| {
        let name = image::id_of_file(&path);
        size > 0 && name.is_some_and(|name| id.is_none_or(|id| name == id))
    })
}
