//! An image that is in Keep already, made known: by another name, in another project, or at all.
//!
//! No data is sent. Whatever leads to the collection, it is looked into first, and what was found counts.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, Outcome, RegisterRequest, Registered,
};
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{archives, cluster, collections, keep, links, locks, log, users};
use crate::create::{self, Holder};
use crate::evidence::{self, Refusal};
use crate::naming::{self, Digests};
use crate::reference::Reference;
use crate::registration::{self, Aim, Facts, Place};
use crate::resolution::{self, Formats};
use crate::source::Source;
use crate::types::Property;
use crate::{download, image, manifest, name_check, project, query, uuid};

/// How many names of an archive are told; it may have any number.
const MOST_TOLD: usize = 3;

/// Does what the request asks for.
pub(crate) fn run(request: &RegisterRequest) -> Result<Registered, Failure> {
    let asked = asked(&request.names)?;
    let Meant { source, by } = find(&request.image)?;
    let found = look(&source, &by, request)?;
    let user = users::current()?;
    let is_trusted = source.owner == user || request.project.as_ref() == Some(&source.owner);
    if !is_trusted && request.verify == keep::Depth::Config {
        log::write(
            Level::Warning,
            &format!(
                "image {} is in collection {} of {}: its config is that of the image, and its layers were not read (`--verify` reads them)",
                found.id, source.uuid, source.owner
            ),
        );
    }
    let names = match (&by, asked.is_empty()) {
        (_, false) => asked,
        (By::Name(name), true) => vec![name.clone()],
        (By::Id, true) => Vec::new(),
        (By::Collection, true) if is_trusted => named_by_archive(&found),
        (By::Collection, true) if found.repo_tags.is_empty() => Vec::new(),
        // Whoever wrote it could take any name away with it.
        (By::Collection, true) => {
            log::write(
                Level::Warning,
                &format!(
                    "the names in an archive of somebody else count for nothing ({}): name the image, or it is known by its ID alone",
                    found.repo_tags[..found.repo_tags.len().min(MOST_TOLD)].join(", ")
                ),
            );
            Vec::new()
        }
    };
    let owner = request.project.as_ref().unwrap_or(&source.owner).clone();
    let aim = Aim {
        project: (owner != user).then(|| owner.clone()),
        owner,
        names,
        collection_name: None,
        replicas: source.replicas,
        storage_classes: source.storage_classes.clone(),
    };
    if let Some(project) = &aim.project {
        project::check(project)?;
    }
    let _guard = locks::Guard::acquire(&found.id)?;
    settle(request, source, is_trusted, &found, &aim)
}

/// Has the project know the image, whose source was looked into. What a trusted one says of where the image came
/// from is taken over.
fn settle(
    request: &RegisterRequest,
    source: collections::Collection,
    is_trusted: bool,
    found: &archives::Image,
    aim: &Aim,
) -> Result<Registered, Failure> {
    // What may not be asked is denied before anything is done.
    let formats = Formats::from_config(cluster::get()?.image_formats.as_deref());
    let from = source.uuid.clone();
    let mut digests = Digests::of(&source, Some(found), request.named_by);
    let is_own = source.owner == aim.owner && evidence::is_named(found, &digests.name);
    let copy = match is_own {
        true => {
            if !digests.are_right() {
                naming::tell_of_misnaming(&source, &digests);
            }
            digests.wanted = Some(digests.name.clone());
            source
        }
        false => copy_of(source, &digests)?,
    };
    let digest = digests.wanted.unwrap_or_default();
    let before = match is_own {
        true => vec![copy.clone()],
        false => create::of_content(&copy.portable_data_hash, &aim.owner)?,
    };
    let mut wanted = vec![digest.clone()];
    wanted.extend_from_slice(&aim.names);
    let mut known = query::links(
        &[links::Class::ImageHash, links::Class::RepoTag],
        links::Names::Exactly(wanted),
    )?;
    let built = image::build_time(&found.config);
    let place = match before.first() {
        Some(own) => Place::Own {
            uuid: &own.uuid,
            properties: &own.properties,
        },
        None => Place::Loose {
            manifest: copy.manifest.clone().unwrap_or_default(),
            properties: properties(&copy, found, is_trusted),
        },
    };
    tell_of_former(&known, aim, before.first());
    let acts = registration::decide(
        aim,
        Facts {
            digest: &digest,
            built: built.as_deref(),
            place,
            links: &known,
        },
    );
    let is_there = before.first().cloned().map(Holder::found);
    let is_new = is_there.is_none();
    let holder = match is_there {
        Some(holder) => holder,
        None => create::make(aim, &acts, &copy.portable_data_hash, &[])?,
    };
    let created = create::link(aim, &acts, &holder.collection)?;
    let is_linked = !created.is_empty();
    known.extend(created);
    let is_told = create::tell_names(aim, &acts, &holder.collection);
    name_check::warn(&aim.names, &holder.collection, &known, formats);
    holder.tell_of_twins(&aim.owner);
    Ok(Registered {
        collection: holder.collection.uuid,
        portable_data_hash: holder.collection.portable_data_hash,
        image: found.id.clone(),
        registered_as: digest,
        names: aim.names.clone(),
        outcome: match is_new || is_linked || is_told {
            true => Outcome::Registered,
            false => Outcome::Present,
        },
        source: from,
    })
}

/// Says what else the names have links to, so that they can be given back.
fn tell_of_former(known: &[links::Link], aim: &Aim, own: Option<&collections::Collection>) {
    for name in &aim.names {
        let is_it = |link: &&links::Link| {
            link.class == links::Class::RepoTag && link.name == *name && link.owner == aim.owner
        };
        let named: Vec<&links::Link> = known.iter().filter(is_it).collect();
        let order = resolution::candidates(&named);
        if let Some(first) = order.first()
            && own.is_none_or(|own| own.uuid != first.collection)
        {
            log::write(
                Level::Info,
                &format!("`{name}` had a link to {}, which stays", first.collection),
            );
        }
    }
}

/// How it was said which collection is meant.
enum By {
    /// By a name, which is written as it is registered.
    Name(String),
    /// By the image's ID.
    Id,
    /// By the collection itself.
    Collection,
}

/// The collection that is meant, with its manifest.
struct Meant {
    source: collections::Collection,
    by: By,
}

/// Reads the names that the image is to have.
pub(crate) fn asked(texts: &[String]) -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> = Vec::new();
    for text in texts {
        match Reference::with_tag(text, None)? {
            Reference::Name(name) if name.digest().is_none() && !is_uuid(text) => {
                let name = name.registered();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            _ => {
                return Err(Failure::Usage(format!(
                    "`{text}` is no name for an image; write it like `repository:tag`"
                )));
            }
        }
    }
    Ok(names)
}

/// Tells whether the text is what Arvados calls something by.
fn is_uuid(text: &str) -> bool {
    let kinds = [uuid::Kind::Collection, uuid::Kind::Link];
    uuid::is_owner(text) || kinds.into_iter().any(|kind| uuid::is(text, kind))
}

/// Finds the collection that is meant.
fn find(text: &str) -> Result<Meant, Failure> {
    let which = if uuid::is(text, uuid::Kind::Collection) {
        Some(collections::Which::Uuids(vec![text.to_owned()]))
    } else if manifest::is_portable_data_hash(text) {
        Some(collections::Which::PortableDataHash(text.to_owned()))
    } else {
        None
    };
    if let Some(which) = which {
        let source = query::manifests(which)?.into_iter().next();
        return Ok(Meant {
            source: source.ok_or_else(|| Failure::NoSuchImage(text.into()))?,
            by: By::Collection,
        });
    }
    let (source, reasons) = download::find(text)?;
    for reason in reasons {
        log::write(Level::Debug, &reason);
    }
    Ok(Meant {
        source,
        by: match Reference::with_tag(text, None) {
            Ok(Reference::Name(name)) => By::Name(name.registered()),
            _ => By::Id,
        },
    })
}

/// Looks into the collection, and refuses what holds no image, or another one than its file is named by.
fn look(
    source: &collections::Collection,
    by: &By,
    request: &RegisterRequest,
) -> Result<archives::Image, Failure> {
    let unusable = |reason: &str| {
        Failure::Archive(ArchiveError::Unsound(format!(
            "collection {} of {}: {reason}",
            source.uuid, source.owner
        )))
    };
    if manifest::only_file(source.manifest.as_deref().unwrap_or_default()).is_none() {
        return Err(unusable(
            "it does not hold exactly one file; `keepdocker upload --from docker-archive:FILE` takes an image from one of several",
        ));
    }
    let found = evidence::content(source, request.verify).map_err(|refusal| match refusal {
        Refusal::Unread(error) => error.into(),
        Refusal::Unfit(reason) => unusable(&reason),
    })?;
    let Some(name) = evidence::named_id(source) else {
        return match by {
            By::Collection => Ok(found),
            _ => Err(unusable("its file is not named like an image")),
        };
    };
    if evidence::is_named(&found, &name) {
        return Ok(found);
    }
    let reason = format!(
        "its file is named as image {name}, and holds image {}",
        found.id
    );
    match by {
        // Whoever names the collection wants what is in it.
        By::Collection => log::write(
            Level::Warning,
            &format!("collection {}: {reason}", source.uuid),
        ),
        _ => return Err(unusable(&reason)),
    }
    Ok(found)
}

/// Returns the names that the archive gives the image, as they are registered.
fn named_by_archive(found: &archives::Image) -> Vec<String> {
    asked(&found.repo_tags).unwrap_or_default()
}

/// Gives the file of what is to be copied the name that it should have.
fn copy_of(
    source: collections::Collection,
    digests: &Digests,
) -> Result<collections::Collection, Failure> {
    let unusable = |uuid: &str, why: &str| {
        let text = format!("collection {uuid} cannot be registered: {why}");
        Failure::Archive(ArchiveError::Unsupported(text))
    };
    let uuid = source.uuid.clone();
    if digests.wanted.is_none() {
        return Err(unusable(
            &uuid,
            "its archive is not in canonical form, and only from that form does the digest of its manifest follow; `keepdocker upload --force` stores the image so",
        ));
    }
    naming::renamed(source, digests)
        .ok_or_else(|| unusable(&uuid, "its manifest is not of one file in one stream"))
}

/// Returns what a copy tells, names left out: what was found and, from a trusted source, where the image came from.
fn properties(
    copy: &collections::Collection,
    found: &archives::Image,
    is_trusted: bool,
) -> Vec<Property> {
    let told = image::text_of(&copy.properties, image::SOURCE_REFERENCE);
    let source = Source {
        manifest: found.manifest.clone(),
        reference: told.filter(|_| is_trusted),
        // What it tells of a signature, nobody has checked here.
        signature: None,
    };
    source.properties(found)
}

#[cfg(test)]
mod tests;
