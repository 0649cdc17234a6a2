//! Making a stored image known: its collection and its links, each exactly once.
//!
//! A create whose answer was lost may have taken effect. Repeating it blindly would make a twin,
//! so what exists afterwards is compared with what existed before, and only what is still
//! missing is created again. The hash link comes before the names: a name that leads to a
//! collection of unknown ID would be of no use to other programs.

use crate::bindings::exports::keepdocker::contract::commands::Failure;
use crate::bindings::keepdocker::contract::api;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{collections, links, log};
use crate::{failure, image};
use std::collections::HashSet;

/// How often a create is tried whose answer keeps getting lost.
const ATTEMPTS: u32 = 3;

/// Creates the collection, or finds it if an attempt without an answer did.
///
/// `before` are the collections of this content that the owner had; `owner` is a project or a
/// user.
pub(crate) fn create_collection(
    new: &collections::NewCollection,
    content: &str,
    owner: &str,
    before: &[collections::Collection],
) -> Result<collections::Collection, Failure> {
    let before: HashSet<&str> = before
        .iter()
        .map(|collection| collection.uuid.as_str())
        .collect();
    let mut attempt = 1;
    loop {
        let lost = match collections::create(new) {
            Err(error @ api::Error::Uncertain(_)) => error,
            answer => return Ok(answer?),
        };
        let now = of_content(content, owner)?;
        if let Some(created) = now
            .into_iter()
            .find(|collection| !before.contains(collection.uuid.as_str()))
        {
            return Ok(created);
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
    new.iter().map(|link| create_link(link, owner)).collect()
}

fn create_link(new: &links::NewLink, owner: &str) -> Result<links::Link, Failure> {
    let mut attempt = 1;
    loop {
        let lost = match links::create(new) {
            Err(error @ api::Error::Uncertain(_)) => error,
            answer => return Ok(answer?),
        };
        let now = links::list(&links::Query {
            classes: vec![new.class],
            names: links::Names::Exactly(vec![new.name.clone()]),
            heads: Some(vec![new.head.clone()]),
            owner: Some(owner.into()),
            detail: links::Detail::Full,
            newest: None,
        })?;
        if let Some(created) = now.into_iter().next() {
            return Ok(created);
        }
        if attempt == ATTEMPTS {
            return Err(lost.into());
        }
        attempt += 1;
    }
}

/// Has the collection tell each of these names, which links to it have, and returns whether it did
/// not before.
///
/// The names that it told keep their places; those that only links tell follow in the order in
/// which the links were made. The image is registered by now, so that a failure is only reported:
/// the next run tries again.
pub(crate) fn tell_names(
    collection: &collections::Collection,
    names: &[String],
    project: Option<&str>,
    owner: &str,
) -> bool {
    // A value that is no names means something to somebody.
    let Some(told) = image::told_names(&collection.properties) else {
        return false;
    };
    if names.iter().all(|name| told.contains(name)) {
        return false;
    }
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
