//! What is done once it is decided: the image is made known, with what the cluster has of it or with what was sent.

use crate::bindings::exports::keepdocker::contract::commands::{
    BlockLayout, Failure, Outcome, Uploaded,
};
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{archives, collections, keep, links, locks, log, projects};
use crate::create::{self, Holder};
use crate::evidence::Identity;
use crate::naming;
use crate::registration::{self, Act, Facts, Place};
use crate::source::Source;
use crate::types::Property;
use crate::{failure, image, manifest, name_check, query};

use super::aim::Upload;
use super::known::{self, Known};
use super::send::{self, Sending};

/// Makes do with what the cluster has of the image, or returns none if it has nothing sound.
///
/// `named` is a collection to look into whether or not a hash link leads to it; `source` is what is
/// known of where the image comes from.
pub(crate) fn reuse(
    upload: &Upload<'_>,
    id: &str,
    identity: Identity<'_>,
    named: Option<&str>,
    source: &Source,
) -> Result<Option<Uploaded>, Failure> {
    let Some(known) = known::ask(upload, id, identity, named)? else {
        return Ok(None);
    };
    let place = match known.is_own {
        true => Place::Own {
            uuid: &known.collection.uuid,
            properties: &known.collection.properties,
        },
        false => Place::Loose {
            manifest: known.collection.manifest.clone().unwrap_or_default(),
            properties: properties_of_copy(&known, source),
        },
    };
    let facts = Facts {
        digest: &known.digest,
        built: known.built.as_deref(),
        place,
        links: &known.links,
    };
    let acts = registration::decide(&upload.aim, facts);
    let is_new = !known.is_own;
    let holder = match is_new {
        // Where the content is, no collection of the project was found.
        true => {
            let content = &known.collection.portable_data_hash;
            let copied = create::make(&upload.aim, &acts, content, &[])?;
            if let Some(image) = &known.image {
                tell_of_copy(upload, &known.collection, image);
            }
            copied
        }
        false => Holder::found(known.collection),
    };
    let created = create::link(&upload.aim, &acts, &holder.collection)?;
    let is_linked = !created.is_empty();
    let mut links = known.links;
    links.extend(created);
    let is_renamed = create::tell_names(&upload.aim, &acts, &holder.collection);
    name_check::warn(
        &upload.aim.names,
        &holder.collection,
        &links,
        upload.formats,
    );
    holder.tell_of_twins(&upload.aim.owner);
    let outcome = if is_new || is_renamed || is_linked {
        Outcome::Registered
    } else {
        Outcome::Present
    };
    Ok(Some(uploaded(
        upload,
        holder.collection,
        known.id,
        known.digest,
        outcome,
    )))
}

/// Registers an archive that is in Keep. `locked` is the ID whose lock is held and, unless
/// the upload is forced, which the cluster does not have.
pub(crate) fn register(
    upload: &Upload<'_>,
    sending: &Sending<'_>,
    mut stored: keep::Stored,
    source: &Source,
    locked: Option<&str>,
) -> Result<Uploaded, Failure> {
    let id = stored.image.id.clone();
    let id = id.as_str();
    if !image::is_digest(id) {
        return Err(ArchiveError::Other(format!("`{id}` is not the digest of a config")).into());
    }
    let _guard = match locked {
        Some(locked) if locked == id => None,
        _ => Some(locks::Guard::acquire(id)?),
    };
    if _guard.is_some()
        && !upload.request.force
        && let Some(uploaded) = reuse(upload, id, Identity::Config, None, source)?
    {
        return Ok(written(uploaded, &stored));
    }

    let digest = naming::of_stored(&stored, upload.request.named_by)?;
    let (holder, acts) = match collect(upload, &digest, &stored, source) {
        Err(Failure::Api(error)) if stored.reused > 0 => match send::refusal(&error) {
            Some(text) => {
                let refusal = send::Doubt::Refused(text.to_owned());
                stored = sending.send_again(&upload.aim, &stored, &refusal)?;
                collect(upload, &digest, &stored, source)?
            }
            None => return Err(error.into()),
        },
        collected => collected?,
    };
    create::link(&upload.aim, &acts, &holder.collection)?;
    create::tell_names(&upload.aim, &acts, &holder.collection);
    warn_of_no_effect(upload, &holder.collection);
    holder.tell_of_twins(&upload.aim.owner);
    let id = stored.image.id.clone();
    let uploaded = uploaded(upload, holder.collection, id, digest, Outcome::Uploaded);
    Ok(written(uploaded, &stored))
}

/// Makes the collection of what was stored, whose file is to be named by this digest, or finds it; with what
/// is still to be done.
fn collect(
    upload: &Upload<'_>,
    digest: &str,
    stored: &keep::Stored,
    source: &Source,
) -> Result<(Holder, Vec<Act>), Failure> {
    let text = manifest::build(&stored.blocks, &image::file_name(digest), stored.size)
        .map_err(|error| keep::Error::Other(error.to_string()))?;
    let content = manifest::portable_data_hash(&text);
    let owner = &upload.aim.owner;
    let before = create::of_content(&content, owner)?;
    let built = image::build_time(&stored.image.config);
    let decide = |place, links: &[links::Link]| {
        let facts = Facts {
            digest,
            built: built.as_deref(),
            place,
            links,
        };
        registration::decide(&upload.aim, facts)
    };
    match before.first() {
        // An earlier run came this far, and no farther.
        Some(unlinked) if !upload.request.force => {
            let links = query::links_to(
                &[links::Class::ImageHash, links::Class::RepoTag],
                links::Names::All,
                Some(vec![unlinked.uuid.clone()]),
                Some(owner),
            )?;
            let own = Place::Own {
                uuid: &unlinked.uuid,
                properties: &unlinked.properties,
            };
            Ok((Holder::found(unlinked.clone()), decide(own, &links)))
        }
        _ => {
            let mut properties = source.properties(&stored.image);
            properties.extend(layers_of(upload, stored));
            let loose = Place::Loose {
                manifest: text,
                properties,
            };
            let acts = decide(loose, &[]);
            Ok((create::make(&upload.aim, &acts, &content, &before)?, acts))
        }
    }
}

/// Returns what the collection tells of its layers, where they have blocks of their own.
fn layers_of(upload: &Upload<'_>, stored: &keep::Stored) -> Vec<Property> {
    match upload.request.block_layout {
        BlockLayout::Layered => {
            let layers = stored.layers.iter();
            image::layer_properties(layers.map(|layer| (layer.diff_id.as_str(), layer.size)))
        }
        BlockLayout::Dense => Vec::new(),
    }
}

/// Returns what a copy of somebody's or the user's collection tells.
///
/// Of what somebody else says of it nothing is taken over. Where the user owns it, nobody need have looked into it,
/// and what it says counts.
fn properties_of_copy(known: &Known, source: &Source) -> Vec<Property> {
    match &known.image {
        Some(image) => {
            let source = Source {
                manifest: source.manifest.clone().or_else(|| image.manifest.clone()),
                reference: source.reference.clone(),
                signature: source.signature.clone(),
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
                image::LAYOUT,
                image::LAYERS,
                image::LAYER_SIZES,
            ];
            let own = known.collection.properties.iter();
            own.filter(|property| kept.contains(&property.key.as_str()))
                .cloned()
                .collect()
        }
    }
}

/// Says whose collection is copied, and how far it was read.
fn tell_of_copy(upload: &Upload<'_>, other: &collections::Collection, image: &archives::Image) {
    // Nobody but those who can write there, as the user can, is to be trusted then.
    let is_shared = projects::get(&other.owner).is_ok_and(|owner| owner.writable);
    let (level, checked) = match upload.request.verify {
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

fn warn_of_no_effect(upload: &Upload<'_>, collection: &collections::Collection) {
    let names = &upload.aim.names;
    if names.is_empty() {
        return;
    }
    let links = query::links(
        &[links::Class::RepoTag],
        links::Names::Exactly(names.clone()),
    );
    match links {
        Ok(links) => name_check::warn(names, collection, &links, upload.formats),
        Err(error) => log::write(
            Level::Warning,
            &format!(
                "cannot tell what the image's names lead to now: {}",
                failure::words(&error)
            ),
        ),
    }
}

/// Returns the result of an upload that wrote no data.
fn uploaded(
    upload: &Upload<'_>,
    collection: collections::Collection,
    image: String,
    registered_as: String,
    outcome: Outcome,
) -> Uploaded {
    Uploaded {
        collection: collection.uuid,
        portable_data_hash: collection.portable_data_hash,
        image,
        registered_as,
        name: upload.aim.names.first().cloned(),
        outcome,
        size: 0,
        sent: 0,
        reused: 0,
        blocks: 0,
        layers: 0,
        layers_read: 0,
    }
}

/// Adds to a result what was written for it.
fn written(uploaded: Uploaded, stored: &keep::Stored) -> Uploaded {
    Uploaded {
        size: stored.size,
        sent: stored.sent,
        reused: stored.reused,
        blocks: number(stored.blocks.len()),
        layers: number(stored.layers.len()),
        layers_read: number(stored.layers.iter().filter(|layer| layer.read).count()),
        ..uploaded
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
