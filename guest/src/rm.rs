//! Images that go to the trash. Their links stay, so that they come back with all of their names.
//!
//! An image goes only with all of the names that lead to it, and only if nobody else has a link to it: whoever wants one
//! name less takes that name away. A name that several builds have does not tell which of them is to go, nor does one
//! that images of several projects have: were the next one to go where the command is repeated, nobody could try again.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, Removed, RemovedImage, RmRequest,
};
use crate::bindings::keepdocker::contract::api;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{collections, containers, links, log, users};
use crate::link_heads::{self, Readable};
use crate::uuid::{self, Kind};
use crate::{failure, project, query, register, resolve, restore, untag};

/// How many names are told that stand in the way.
const MOST_TOLD: usize = 10;

/// Does what the request asks for.
pub(crate) fn run(request: &RmRequest) -> Result<Removed, Failure> {
    let names = asked(&request.names)?;
    let user = users::current()?;
    let project = request.project.as_deref();
    if let Some(project) = project.filter(|project| *project != user) {
        project::check(project)?;
    }
    // All is known before anything is moved.
    let mut images = Vec::new();
    let mut going: Vec<collections::Disposal> = Vec::new();
    for name in &names {
        let found = match uuid::is(name, Kind::Collection) {
            true => find(name)?,
            false => named(name, project, &user, &names)?,
        };
        images.push(RemovedImage {
            name: name.clone(),
            collection: found.as_ref().map(|found| found.collection.clone()),
            until: None,
            leads_to: None,
        });
        let Some(found) = found else { continue };
        if project.is_some() && request.project != found.owner {
            return Err(Failure::Usage(format!(
                "`{name}` leads to {}, which belongs to {}; nothing was removed",
                found.collection,
                found.owner.unwrap_or_default()
            )));
        }
        if going
            .iter()
            .all(|known| known.collection != found.collection)
        {
            going.push(found);
        }
    }
    check_unshared(&going, &names)?;
    check_unused(&going)?;
    for disposal in &mut going {
        // What has no owner is in the user's home project.
        if disposal.owner.as_ref() == Some(&user) {
            disposal.owner = None;
        }
        let until = match collections::trash(disposal) {
            Ok(until) => until,
            Err(error) => {
                tell_of_removed(&images);
                return Err(error.into());
            }
        };
        for image in &mut images {
            if image.collection.as_ref() == Some(&disposal.collection) {
                image.until.clone_from(&until);
            }
        }
    }
    for image in &mut images {
        image.leads_to = leads_to(&image.name);
    }
    Ok(Removed { images })
}

/// Reads what images are asked for by: names, each as it is registered, and UUIDs of collections.
pub(crate) fn asked(texts: &[String]) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for text in texts {
        let name = match uuid::is(text, Kind::Collection) {
            true => vec![text.clone()],
            false => register::asked(std::slice::from_ref(text))?,
        };
        for name in name {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

/// Returns the collection that a container request for the name gets now; none for a UUID.
pub(crate) fn leads_to(name: &str) -> Option<String> {
    match uuid::is(name, Kind::Collection) {
        true => None,
        false => untag::leads_to(name),
    }
}

/// Returns the collection with the name that is asked for as well, or the only one in the project, or where the token may
/// change what is there; without any there, what a container request for the name gets, which the server may let go.
fn named(
    name: &str,
    project: Option<&str>,
    user: &str,
    asked: &[String],
) -> Result<Option<collections::Disposal>, Failure> {
    let exactly = links::Names::Exactly(vec![name.to_owned()]);
    let mut named = query::links_to(&[links::Class::RepoTag], exactly, None, project)?;
    if let Some(link) = named.iter().find(|link| asked.contains(&link.head)) {
        return find(&link.head);
    }
    let readable = Readable::of(&named, None)?;
    named.retain(|link| readable.contains(&link.head));
    let owner = untag::place(&named, name, project, user)?.cloned();
    if owner.is_none() && project.is_none() && !named.is_empty() {
        return find(name);
    }
    named.retain(|link| Some(&link.owner) == owner.as_ref());
    match link_heads::of(&named).as_slice() {
        [] => Ok(None),
        [head] => find(head),
        heads => Err(restore::several(name, heads)),
    }
}

/// Returns the collection that a container request for the name gets, or the one with this UUID; with its owner, be
/// that the user.
pub(crate) fn find(name: &str) -> Result<Option<collections::Disposal>, Failure> {
    let found = if uuid::is(name, Kind::Collection) {
        let which = collections::Which::Uuids(vec![name.to_owned()]);
        query::collections(which, None, collections::Detail::Attributes)?.pop()
    } else {
        match resolve::find(name) {
            Ok(found) if !found.is_by_beginning => Some(found.collection),
            Ok(_) | Err(Failure::NoSuchImage(_)) => None,
            Err(failure) => return Err(failure),
        }
    };
    Ok(found.map(|found| collections::Disposal {
        collection: found.uuid,
        owner: Some(found.owner),
        portable_data_hash: found.portable_data_hash,
    }))
}

/// Fails if one of the collections has another name than these, or a link of another owner.
fn check_unshared(going: &[collections::Disposal], names: &[String]) -> Result<(), Failure> {
    if going.is_empty() {
        return Ok(());
    }
    let heads = going
        .iter()
        .map(|disposal| disposal.collection.clone())
        .collect();
    let classes = [links::Class::ImageHash, links::Class::RepoTag];
    let mut others: Vec<String> = Vec::new();
    for link in query::links_to(&classes, links::Names::All, Some(heads), None)? {
        let is_own = going.iter().any(|known| {
            known.collection == link.head && known.owner.as_ref() == Some(&link.owner)
        });
        // A name that leads elsewhere does so as before.
        let is_lost = || {
            link.class == links::Class::RepoTag
                && !names.contains(&link.name)
                && untag::leads_to(&link.name)
                    .is_none_or(|other| going.iter().any(|known| known.collection == other))
        };
        if !is_own || is_lost() {
            others.push(format!("`{}` of {} ({})", link.name, link.owner, link.head));
        }
    }
    // Migrations lead to a content, whichever collection has it; there are few.
    for link in query::links(&[links::Class::Migration], links::Names::All)? {
        if going
            .iter()
            .any(|known| known.portable_data_hash == link.head)
        {
            others.push(format!("migration link {} ({})", link.uuid, link.head));
        }
    }
    if others.is_empty() {
        return Ok(());
    }
    let count = others.len();
    others.truncate(MOST_TOLD);
    Err(Failure::Usage(format!(
        "nothing was removed, as this leads there too: {}{}; name all names of an image, or take one away: `keepdocker untag NAME --project PROJECT`",
        others.join(", "),
        if count > MOST_TOLD { " and more" } else { "" }
    )))
}

/// Fails if a container that the token may see waits for one of the images, or runs it: it could not begin any more.
fn check_unused(going: &[collections::Disposal]) -> Result<(), Failure> {
    if going.is_empty() {
        return Ok(());
    }
    let contents = going
        .iter()
        .map(|disposal| disposal.portable_data_hash.clone());
    let contents: Vec<String> = contents.collect();
    let used = match containers::used(&contents, None) {
        Ok(used) => used,
        // A policy or a token that withholds the question may allow the removal.
        Err(error @ (api::Error::Denied(_) | api::Error::Forbidden(_))) => {
            let text = format!(
                "whether containers use the image is not known: {}",
                failure::words(&error)
            );
            log::write(Level::Warning, &text);
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    match going
        .iter()
        .find(|disposal| used.contains(&disposal.portable_data_hash))
    {
        None => Ok(()),
        Some(disposal) => Err(Failure::Usage(format!(
            "nothing was removed, as a container that waits or runs uses {}; cancel its request, or wait",
            disposal.collection
        ))),
    }
}

/// Says what a run has moved that does not come to its end.
fn tell_of_removed(images: &[RemovedImage]) {
    for image in images {
        if let (Some(collection), Some(_)) = (&image.collection, &image.until) {
            tell_of_trashed(collection);
        }
    }
}

/// Says that a collection is in the trash by now.
#[inline(never)]
pub(crate) fn tell_of_trashed(collection: &str) {
    log::write(
        Level::Warning,
        &format!("{collection} is in the trash; `keepdocker restore {collection}` undoes that"),
    );
}

#[cfg(test)]
mod tests;
