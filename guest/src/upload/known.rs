//! What is asked before an upload sends anything: what the cluster has of the image already, and whether that will do.

use crate::bindings::exports::keepdocker::contract::commands::{Failure, Reach};
use crate::capabilities::{archives, collections, links};
use crate::evidence::{self, Identity};
use crate::found_in_cluster::{self, Found, Place, Search};
use crate::naming::{self, Digests};
use crate::{catalog, image};

use super::aim::Upload;

/// Something that the cluster has, and that makes sending the image needless.
pub(crate) struct Known {
    /// The collection; one that is to be copied has its file named as it should be by now.
    pub(crate) collection: collections::Collection,
    /// What is in it, where that was looked at.
    pub(crate) image: Option<archives::Image>,
    /// Whether it is the project's own.
    pub(crate) is_own: bool,
    /// The image's ID.
    pub(crate) id: String,
    /// The digest by which the image is registered.
    pub(crate) digest: String,
    /// When the image was built.
    pub(crate) built: Option<String>,
    /// The links that concern the image.
    pub(crate) links: Vec<links::Link>,
}

/// Finds out what the cluster has of the image, or returns none if it has nothing sound.
///
/// `named` is a collection to look into whether or not a hash link leads to it.
pub(crate) fn ask(
    upload: &Upload<'_>,
    id: &str,
    identity: Identity<'_>,
    named: Option<&str>,
) -> Result<Option<Known>, Failure> {
    let search = Search {
        id,
        identity,
        names: &upload.aim.names,
        owner: &upload.aim.owner,
        named,
        reach: upload.request.reuse,
        depth: upload.request.verify,
        named_by: upload.request.named_by,
        must_look: false,
    };
    let Some((mut found, mut digests)) = with_digests(search)? else {
        return Ok(None);
    };
    let (collection, image, is_own) = match found.place {
        Place::Own(collection, image) => {
            if !digests.are_right() {
                naming::tell_of_misnaming(&collection, &digests);
            }
            if digests.name != id {
                found.links = found_in_cluster::links_of(&digests.name, &upload.aim.names)?;
            }
            (collection, image, true)
        }
        Place::Elsewhere(other, mut image) => {
            if image.is_none() && !digests.are_right() {
                // What it says of itself is no reason to give it another name.
                image = evidence::look(&other);
                digests.wanted = digests
                    .wanted
                    .filter(|wanted| image.as_ref().is_some_and(|image| image.id == *wanted));
            }
            match naming::renamed(other, &digests) {
                Some(other) => (other, image, false),
                None => return Ok(None),
            }
        }
        Place::Nowhere => return Ok(None),
    };
    let built = match &image {
        Some(image) => image::build_time(&image.config),
        None => build_time(&digests.name, &collection, &found.links),
    };
    let digest = match is_own {
        true => digests.name,
        false => digests.wanted.unwrap_or_default(),
    };
    Ok(Some(Known {
        collection,
        image,
        is_own,
        id: digests.id,
        digest,
        built,
        links: found.links,
    }))
}

/// Finds out what the cluster has of the image, and by which digest.
fn with_digests(search: Search<'_>) -> Result<Option<(Found, Digests)>, Failure> {
    let digests = |place: &Place| {
        let (collection, image) = place.held()?;
        Some(Digests::of(collection, image, search.named_by))
    };
    let found = found_in_cluster::find(search)?;
    let Some(known) = digests(&found.place) else {
        return Ok(None);
    };
    if let Some(wanted) = known.wanted.as_ref().filter(|_| !known.are_right()) {
        // The project may have it by the right name, too.
        let other = found_in_cluster::find(Search {
            id: wanted,
            identity: Identity::Config,
            named: None,
            reach: Reach::None,
            ..search
        })?;
        if let Some(right) = digests(&other.place).filter(Digests::are_right) {
            return Ok(Some((other, right)));
        }
    }
    Ok(Some((found, known)))
}

/// Returns the build time of an image that the project or the user has, for links that may be missing:
/// as the owner's links and the collection tell it, else as its config does.
fn build_time(
    id: &str,
    collection: &collections::Collection,
    links: &[links::Link],
) -> Option<String> {
    let mut own: Vec<&links::Link> = found_in_cluster::of_image(id, links)
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
