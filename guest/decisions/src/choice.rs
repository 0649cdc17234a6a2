//! The server's choice when all that matters is at hand: links, collections and their content.

use crate::manifest;
use crate::resolution::{Formats, Term, candidates, migrated};
use crate::types::{Link, LinkClass};

/// A collection with what the server looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content<'a> {
    /// Its identifier.
    pub uuid: &'a str,
    /// The hash of its manifest without signatures.
    pub portable_data_hash: &'a str,
    /// The text of its manifest, with or without signatures.
    pub manifest: &'a str,
}

/// Why a container request gets no image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoChoice {
    /// Nothing matches the text.
    NoSuchImage,
    /// What matches holds no image of a format that the cluster runs.
    UnsupportedFormat,
}

/// Returns the UUIDs of the collections that a container request can get, and never none: the one
/// that it gets, then the others in the server's order.
///
/// A link to a collection that is not among `collections` counts for nothing.
pub fn choose(
    text: &str,
    links: &[Link],
    collections: &[Content<'_>],
    formats: Formats,
) -> Result<Vec<String>, NoChoice> {
    let of_content = |content: &str| {
        collections
            .iter()
            .filter(move |collection| collection.portable_data_hash == content)
            .copied()
            .collect::<Vec<_>>()
    };
    let fits = |collection: &Content<'_>| formats.accept(collection.manifest);
    // The collection itself, or the one to which a migration link leads.
    let fitting = |collection: Content<'_>| {
        if fits(&collection) {
            return Some(collection.uuid.to_owned());
        }
        let target = migrated(links, collection.portable_data_hash)?;
        let migrated = of_content(target).into_iter().next().filter(fits)?;
        Some(migrated.uuid.to_owned())
    };

    match Term::parse(text) {
        Term::Content(content) => {
            // Without a size it is the hash of no collection.
            let found = match manifest::is_portable_data_hash(&content) {
                true => of_content(&content),
                false => Vec::new(),
            };
            let first = found.first().ok_or(NoChoice::NoSuchImage)?;
            let chosen = fitting(*first).ok_or(NoChoice::NoSuchImage)?;
            let others = found.iter().map(|collection| collection.uuid.to_owned());
            let others: Vec<String> = others.filter(|uuid| *uuid != chosen).collect();
            Ok([vec![chosen], others].concat())
        }
        Term::Named(term) => {
            let find = |uuid: &str| {
                collections
                    .iter()
                    .find(|collection| collection.uuid == uuid)
            };
            let readable: Vec<Link> = links
                .iter()
                .filter(|link| link.class != LinkClass::Migration && find(&link.head).is_some())
                .cloned()
                .collect();
            let order = candidates(&term.matching(&readable));
            if order.is_empty() {
                return Err(NoChoice::NoSuchImage);
            }
            let found = order
                .iter()
                .filter_map(|candidate| fitting(*find(&candidate.collection)?));
            let found: Vec<String> = found.collect();
            match found.is_empty() {
                true => Err(NoChoice::UnsupportedFormat),
                false => Ok(found),
            }
        }
    }
}

#[cfg(test)]
mod tests;
