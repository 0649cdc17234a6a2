//! The questions about links and collections that most commands ask: all that match, in full.

use crate::bindings::keepdocker::contract::api;
use crate::capabilities::{collections, links};

/// Returns the links of these classes and names.
pub(crate) fn links(
    classes: &[links::Class],
    names: links::Names,
) -> Result<Vec<links::Link>, api::Error> {
    links_to(classes, names, None, None)
}

/// Returns the links of these classes and names that lead to these heads and have this owner, where
/// that is asked.
#[inline(never)]
pub(crate) fn links_to(
    classes: &[links::Class],
    names: links::Names,
    heads: Option<Vec<String>>,
    owner: Option<&str>,
) -> Result<Vec<links::Link>, api::Error> {
    links::list(&links::Query {
        classes: classes.to_vec(),
        names,
        heads,
        owner: owner.map(Into::into),
        detail: links::Detail::Full,
        newest: None,
    })
}

/// Returns these collections; of one owner alone, if one is given.
#[inline(never)]
pub(crate) fn collections(
    which: collections::Which,
    owner: Option<&str>,
    detail: collections::Detail,
) -> Result<Vec<collections::Collection>, api::Error> {
    collections::list(&collections::Query {
        which,
        owner: owner.map(Into::into),
        detail,
        newest: None,
    })
}

/// Returns these collections with their manifests.
pub(crate) fn manifests(
    which: collections::Which,
) -> Result<Vec<collections::Collection>, api::Error> {
    collections(which, None, collections::Detail::Manifest)
}
