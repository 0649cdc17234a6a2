//! Making a stored image known: its collection and its links, each exactly once.
//!
//! A create whose answer was lost may have taken effect. Repeating it blindly would make a twin,
//! so what exists afterwards is compared with what existed before, and only what is still
//! missing is created again. The hash link comes before the names: a name that leads to a
//! collection of unknown ID would be of no use to other programs.

use crate::bindings::exports::keepdocker::contract::commands::Failure;
use crate::bindings::keepdocker::contract::api;
use crate::capabilities::{collections, links};
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
