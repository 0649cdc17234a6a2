//! Making a stored image known: its collection and its links, each exactly once.
//!
//! A create whose answer was lost may have taken effect, or do so later. Repeating it blindly would
//! make a twin, so what exists afterwards is compared with what existed before, several times, and
//! only what is still missing is created again. Should a twin turn up all the same, the user is told.
//! The hash link comes before the names: a name that leads to a collection of unknown ID would be of
//! no use to other programs.

use crate::bindings::exports::keepdocker::contract::commands::Failure;
use crate::bindings::keepdocker::contract::api;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{collections, links, log};
use crate::registration::{Act, Aim};
use crate::{failure, image, query};
use std::collections::HashSet;

/// How often a create is tried whose answer keeps getting lost.
const ATTEMPTS: u32 = 3;

/// How often a create without an answer is looked for before it is tried again. The host has each
/// of these looks wait, longer than the one before.
const LOOKS: u32 = 3;

/// A collection of an image, and whether it may have a twin.
#[derive(Debug)]
pub(crate) struct Holder {
    pub(crate) collection: collections::Collection,
    /// How many of this content there were before, where its creation was repeated.
    repeated: Option<usize>,
}

impl Holder {
    /// Makes the holder of a collection that was there.
    pub(crate) fn found(collection: collections::Collection) -> Self {
        Self {
            collection,
            repeated: None,
        }
    }

    /// Warns of the collections that an earlier request made after all.
    ///
    /// The image is registered by now, so that a failure to look is none of the run.
    pub(crate) fn tell_of_twins(&self, owner: &str) {
        let Some(before) = self.repeated else { return };
        let ours = &self.collection.uuid;
        let now = of_content(&self.collection.portable_data_hash, owner).unwrap_or_default();
        // The oldest come first.
        for twin in now.iter().skip(before) {
            if twin.uuid != *ours {
                log::write(
                    Level::Warning,
                    &format!(
                        "the cluster has made a collection of this image twice, since the answer to the first request was lost: {ours}, which the image's names lead to, and {}, which you can move to the trash",
                        twin.uuid
                    ),
                );
            }
        }
    }
}

/// Creates the collection, or finds it if an attempt without an answer did.
///
/// `before` are the collections of this content that the owner had; `owner` is a project or a
/// user.
pub(crate) fn create_collection(
    new: &collections::NewCollection,
    content: &str,
    owner: &str,
    before: &[collections::Collection],
) -> Result<Holder, Failure> {
    let is_new = |collection: &collections::Collection| {
        before.iter().all(|other| other.uuid != collection.uuid)
    };
    let (collection, is_repeated) = settle(&|| collections::create(new), &|| {
        Ok(of_content(content, owner)?.into_iter().find(is_new))
    })?;
    Ok(Holder {
        collection,
        repeated: is_repeated.then_some(before.len()),
    })
}

/// Creates something, or finds it if an attempt without an answer did; tells whether the attempt
/// was repeated.
fn settle<T>(
    create: &dyn Fn() -> Result<T, api::Error>,
    look: &dyn Fn() -> Result<Option<T>, Failure>,
) -> Result<(T, bool), Failure> {
    let mut attempt = 1;
    loop {
        let lost = match create() {
            Err(error @ api::Error::Uncertain(_)) => error,
            answer => return Ok((answer?, attempt > 1)),
        };
        for _ in 0..LOOKS {
            if let Some(found) = look()? {
                return Ok((found, attempt > 1));
            }
        }
        if attempt == ATTEMPTS {
            return Err(lost.into());
        }
        attempt += 1;
    }
}

/// Returns the collections of this portable data hash that the project or user owns.
pub(crate) fn of_content(
    content: &str,
    owner: &str,
) -> Result<Vec<collections::Collection>, Failure> {
    Ok(collections::list(&collections::Query {
        which: collections::Which::PortableDataHash(content.into()),
        owner: Some(owner.into()),
        detail: collections::Detail::Attributes,
        newest: None,
    })?)
}

/// Creates the links, none of which exists, and returns them.
pub(crate) fn create_links(
    new: &[links::NewLink],
    owner: &str,
) -> Result<Vec<links::Link>, Failure> {
    let mut created = Vec::new();
    let mut repeated = Vec::new();
    for link in new {
        let (made, is_repeated) = settle(&|| links::create(link), &|| {
            Ok(same(link, owner)?.into_iter().next())
        })?;
        if is_repeated {
            repeated.push(link);
        }
        created.push(made);
    }
    // As late as can be: what was repeated may turn up yet.
    for link in repeated {
        if same(link, owner).is_ok_and(|links| links.len() > 1) {
            log::write(
                Level::Warning,
                &format!(
                    "the cluster has made the link from `{}` to {} twice, since the answer to the first request was lost; it does no harm",
                    link.name, link.head
                ),
            );
        }
    }
    Ok(created)
}

/// Returns the links of the owner that say the same.
fn same(link: &links::NewLink, owner: &str) -> Result<Vec<links::Link>, api::Error> {
    query::links_to(
        &[link.class],
        links::Names::Exactly(vec![link.name.clone()]),
        Some(vec![link.head.clone()]),
        Some(owner),
    )
}

/// Creates the collection that is to be created. `before` are those of this content that the owner has.
pub(crate) fn make(
    aim: &Aim,
    acts: &[Act],
    content: &str,
    before: &[collections::Collection],
) -> Result<Holder, Failure> {
    let new = acts.iter().find_map(|act| match act {
        Act::Create(new) => Some(new),
        _ => None,
    });
    let new = new.cloned().unwrap_or_default();
    let new = collections::NewCollection {
        name: new.name,
        owner: aim.project.clone(),
        manifest: new.manifest,
        properties: new.properties,
        replicas: aim.replicas,
        storage_classes: aim.storage_classes.clone(),
    };
    create_collection(&new, content, &aim.owner, before)
}

/// Creates the links that are to be created.
pub(crate) fn link(
    aim: &Aim,
    acts: &[Act],
    collection: &collections::Collection,
) -> Result<Vec<links::Link>, Failure> {
    let new = acts.iter().filter_map(|act| match act {
        Act::Link {
            class,
            name,
            properties,
        } => Some(links::NewLink {
            class: *class,
            name: name.clone(),
            head: collection.uuid.clone(),
            owner: aim.project.clone(),
            properties: properties.clone(),
        }),
        _ => None,
    });
    create_links(&new.collect::<Vec<_>>(), &aim.owner)
}

/// Has the collection tell the names that it got, if it is to, and returns whether it did.
///
/// The names that it told keep their places; those that only links tell follow in the order in
/// which the links were made. The image is registered by now, so that a failure is only reported:
/// the next run tries again.
pub(crate) fn tell_names(aim: &Aim, acts: &[Act], collection: &collections::Collection) -> bool {
    if !acts.contains(&Act::TellNames) {
        return false;
    }
    let owner = &aim.owner;
    let project = aim.project.as_deref();
    let told = image::told_names(&collection.properties).unwrap_or_default();
    let changed = all_names(told, &collection.uuid, owner).and_then(|names| {
        collections::update(&collections::Change {
            collection: collection.uuid.clone(),
            owner: project.map(Into::into),
            repo_tag: image::names_value(&names),
        })
    });
    if let Err(error) = &changed {
        log::write(
            Level::Warning,
            &format!(
                "the image has its names, but collection {} does not tell them all: {}",
                collection.uuid,
                failure::words(error)
            ),
        );
    }
    changed.is_ok()
}

/// Returns the names that the collection tells, and those that links of its owner add to them.
///
/// Anybody who can write there can make any number of links, so that each name is looked up once.
fn all_names(
    mut names: Vec<String>,
    collection: &str,
    owner: &str,
) -> Result<Vec<String>, api::Error> {
    let links = links::list(&links::Query {
        classes: vec![links::Class::RepoTag],
        names: links::Names::All,
        heads: Some(vec![collection.into()]),
        owner: Some(owner.into()),
        detail: links::Detail::Full,
        newest: None,
    })?;
    let mut seen: HashSet<String> = names.iter().cloned().collect();
    names.extend(
        links
            .into_iter()
            .map(|link| link.name)
            .filter(|name| seen.insert(name.clone())),
    );
    Ok(names)
}
