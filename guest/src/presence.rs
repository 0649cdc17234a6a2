//! What the cluster has of an image already, and what follows for the project.
//!
//! A hash link claims that a collection holds an image. The claim is believed only after a look
//! at the collection's content: one file, at the top, named by the image's ID. A link to a
//! collection that is in the trash, that cannot be read, or that holds something else counts
//! for nothing.
//!
//! An upload that was cut short leaves a collection without links. It is found again by the
//! digest in its properties, or by its content, so that the next run completes it.

use crate::bindings::exports::keepdocker::contract::commands::Failure;
use crate::capabilities::{collections, links};
use crate::{catalog, heads, image, manifest};

/// How many collections of others are looked into at a time to find a sound one.
const COLLECTIONS_AT_A_TIME: usize = 20;

/// The links and collections that concern one image.
#[derive(Debug)]
pub(crate) struct Presence {
    /// All links with the image's ID or one of the wanted names, oldest first.
    pub(crate) links: Vec<links::Link>,
    pub(crate) place: Place,
}

/// The best collection of the image for the project.
#[derive(Debug, PartialEq)]
pub(crate) enum Place {
    /// The project owns this one.
    Own(collections::Collection),
    /// Only others own such a collection; this one can be copied without its data.
    Elsewhere(collections::Collection),
    Nowhere,
}

/// Finds out what the cluster has of the image, and with which links.
///
/// `named` is a collection to look into besides those that hash links name: one may have lost
/// its hash link, or never had one.
pub(crate) fn find(
    id: &str,
    names: &[String],
    owner: &str,
    named: Option<&str>,
) -> Result<Presence, Failure> {
    let mut wanted = vec![id.to_owned()];
    wanted.extend_from_slice(names);
    let links = links::list(&links::Query {
        classes: vec![links::Class::ImageHash, links::Class::RepoTag],
        names: links::Names::Exactly(wanted),
        heads: None,
        owner: None,
        detail: links::Detail::Full,
        newest: None,
    })?;
    let place = place(id, names, owner, named, &links)?;
    Ok(Presence { links, place })
}

fn place(
    id: &str,
    names: &[String],
    owner: &str,
    named: Option<&str>,
    links: &[links::Link],
) -> Result<Place, Failure> {
    let mut hash_links = of_image(id, links);
    catalog::sort(&mut hash_links);
    let hash_links: Vec<links::Link> = hash_links.into_iter().cloned().collect();
    let mut heads = heads::of(&hash_links);
    if let Some(named) = named.filter(|named| !heads.iter().any(|head| head == named)) {
        heads.push(named.into());
    }

    if !heads.is_empty() {
        let own = list(
            collections::Which::Uuids(heads.clone()),
            Some(owner),
            collections::Detail::Manifest,
        )?;
        let linked = |collection: &collections::Collection| {
            links
                .iter()
                .filter(|link| {
                    link.head == collection.uuid
                        && link.owner == owner
                        && names.contains(&link.name)
                })
                .count()
        };
        let position = |collection: &collections::Collection| {
            heads.iter().position(|head| *head == collection.uuid)
        };
        // Where the names are already, nothing needs to be written.
        let best = own
            .into_iter()
            .filter(|collection| is_sound(collection, id))
            .min_by_key(|collection| (std::cmp::Reverse(linked(collection)), position(collection)));
        if let Some(collection) = best {
            return Ok(Place::Own(collection));
        }
    }

    let property = image::text_property(image::CONFIG_DIGEST, id);
    let unlinked = list(
        collections::Which::Property(property),
        Some(owner),
        collections::Detail::Manifest,
    )?;
    if let Some(collection) = unlinked
        .into_iter()
        .find(|collection| is_sound(collection, id))
    {
        return Ok(Place::Own(collection));
    }

    for some in heads.chunks(COLLECTIONS_AT_A_TIME) {
        let mut found = list(
            collections::Which::Uuids(some.to_vec()),
            None,
            collections::Detail::Manifest,
        )?;
        found.retain(|collection| is_sound(collection, id));
        found.sort_by_key(|collection| some.iter().position(|head| *head == collection.uuid));
        if let Some(collection) = found.into_iter().next() {
            let copies = list(
                collections::Which::PortableDataHash(collection.portable_data_hash.clone()),
                Some(owner),
                collections::Detail::Attributes,
            )?;
            return Ok(match copies.into_iter().next() {
                Some(copy) => Place::Own(copy),
                None => Place::Elsewhere(collection),
            });
        }
    }
    Ok(Place::Nowhere)
}

/// Returns the hash links with exactly this ID.
pub(crate) fn of_image<'a>(id: &str, links: &'a [links::Link]) -> Vec<&'a links::Link> {
    links
        .iter()
        .filter(|link| link.class == links::Class::ImageHash && link.name == id)
        .collect()
}

/// Tells whether the collection holds the image's file and nothing besides.
fn is_sound(collection: &collections::Collection, id: &str) -> bool {
    let file = collection.manifest.as_deref().and_then(manifest::only_file);
    file.is_some_and(|(path, size)| path == image::file_name(id) && size > 0)
}

fn list(
    which: collections::Which,
    owner: Option<&str>,
    detail: collections::Detail,
) -> Result<Vec<collections::Collection>, Failure> {
    let query = collections::Query {
        which,
        owner: owner.map(Into::into),
        detail,
        newest: None,
    };
    Ok(collections::list(&query)?)
}
