//! Names that are taken away from images: their links are removed, and the collections stay.
//!
//! Links have no uniqueness. Several may give one name, in several projects, and whoever may write to a project may
//! remove what others made there. So a name is taken away in one place at a time: in the project that was asked for,
//! or where all links with this name are that the token may change.
//!
//! The UUID of a collection that cannot be read stands for all that leads there: names, and the image's ID. That it cannot be read
//! may also mean that it is not shared, so this is never done to what was not asked for by its UUID.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, UntagRequest, Untagged, UntaggedName,
};
use crate::bindings::keepdocker::contract::api;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{collections, links, log, users};
use crate::{failure, image, project, query, register, resolve, uuid};

/// How many collections are changed of those that runs left which were cut short; anybody who can write there can make more.
const MOST_LEFT: usize = 20;

/// How many owners of one name are asked about.
const MOST_OWNERS: usize = 20;

/// Does what the request asks for.
pub(crate) fn run(request: &UntagRequest) -> Result<Untagged, Failure> {
    let is_place = |text: &&String| uuid::is(text, uuid::Kind::Collection);
    let mut names: Vec<String> = request.names.clone();
    names.retain(|text| !is_place(&text));
    let mut names = register::asked(&names)?;
    let project = request.project.as_deref();
    let user = users::current()?;
    if let Some(project) = project.filter(|project| *project != user) {
        project::check(project)?;
    }
    let count = names.len();
    let mut known = Vec::new();
    if count > 0 {
        let exactly = links::Names::Exactly(names.clone());
        known = query::links(&[links::Class::RepoTag], exactly)?;
    }
    for place in request.names.iter().filter(is_place) {
        if !names.contains(place) {
            names.push(place.clone());
        }
    }
    if let places @ [_, ..] = &names[count..] {
        check_absent(places)?;
        let heads = Some(places.to_vec());
        for link in query::links_to(&BOTH, links::Names::All, heads, None)? {
            if !known.iter().any(|other| other.uuid == link.uuid) {
                known.push(link);
            }
        }
    }
    // All is known before anything is removed.
    let mut told = Vec::new();
    let mut going = Vec::new();
    for name in names {
        let owner = place(&known, &name, project, &user)?;
        let mut named = UntaggedName {
            name,
            removed: Vec::new(),
            left: Vec::new(),
            leads_to: None,
        };
        for link in known.iter().filter(|link| is_meant(link, &named.name)) {
            if owner != Some(&link.owner) {
                named.left.push(link.uuid.clone());
                continue;
            }
            if going
                .iter()
                .any(|other: &&links::Link| other.uuid == link.uuid)
            {
                continue;
            }
            going.push(link);
            if !named.removed.contains(&link.head) {
                named.removed.push(link.head.clone());
            }
        }
        told.push(named);
    }
    for (place, link) in going.iter().enumerate() {
        let removal = links::Removal {
            uuid: link.uuid.clone(),
            class: link.class,
            name: link.name.clone(),
            head: link.head.clone(),
            owner: (link.owner != user).then(|| link.owner.clone()),
        };
        if let Err(error) = links::delete(&removal) {
            tell_of_removed(&going[..place], &told);
            return Err(error.into());
        }
    }
    let owner = project.unwrap_or(&user);
    if let Err(error) = untell(&going, &told[..count], owner, &user) {
        log::write(
            Level::Warning,
            &format!(
                "the names are gone, but a collection tells them still: {}",
                failure::words(&error)
            ),
        );
    }
    for named in &mut told[..count] {
        named.leads_to = leads_to(&named.name);
    }
    Ok(Untagged { names: told })
}

/// What makes an image known.
const BOTH: [links::Class; 2] = [links::Class::ImageHash, links::Class::RepoTag];

/// Tells whether a link has this name, or leads to this collection.
fn is_meant(link: &links::Link, text: &str) -> bool {
    link.name == text || link.head == text
}

/// Refuses collections that are there: their names are to be said.
fn check_absent(places: &[String]) -> Result<(), Failure> {
    let which = collections::Which::Uuids(places.to_vec());
    let there = query::collections(which, None, collections::Detail::Attributes)?;
    match there.first() {
        None => Ok(()),
        Some(collection) => Err(Failure::Usage(format!(
            "{} is there; say which of its names is to go",
            collection.uuid
        ))),
    }
}

/// Returns the one owner whose links with the name, or to the collection, may be changed, if there is one: the project that was asked
/// for, which the caller has checked, or the only one that the token may change.
pub(crate) fn place<'a>(
    known: &'a [links::Link],
    name: &str,
    project: Option<&str>,
    user: &str,
) -> Result<Option<&'a String>, Failure> {
    let mut owners: Vec<&String> = Vec::new();
    let mut asked = Vec::new();
    for link in known.iter().filter(|link| is_meant(link, name)) {
        let owner = &link.owner;
        if project.is_some_and(|project| project != owner) || asked.contains(&owner) {
            continue;
        }
        asked.push(owner);
        let is_own = owner == user;
        if is_own || project.is_some() || project::is_writable(owner)? {
            owners.push(owner);
        }
        if asked.len() > MOST_OWNERS || owners.len() > 1 {
            return Err(Failure::Usage(format!(
                "`{name}` has links in several projects, {} and {owner} among them; name one with `--project`",
                asked[0]
            )));
        }
    }
    Ok(owners.pop())
}

/// Says which names a run has taken away that does not come to its end. Of a collection that is not there no name is told,
/// as others may have written it.
fn tell_of_removed(gone: &[&links::Link], names: &[UntaggedName]) {
    for links::Link { name, head, .. } in gone.iter().copied() {
        if names.iter().any(|named| named.name == *name) {
            log::write(
                Level::Warning,
                &format!(
                    "`{name}` does not lead to {head} any more; `keepdocker tag {head} {name}` undoes that"
                ),
            );
        }
    }
}

/// Has the collections of the links' owners tell the names no more. The names are gone by now, so that a failure
/// is only reported.
///
/// Whoever was cut short before this left collections that tell a name to which no link is left: of the owner's, those are
/// looked for.
fn untell(
    gone: &[&links::Link],
    names: &[UntaggedName],
    owner: &str,
    user: &str,
) -> Result<(), api::Error> {
    let mut telling = Vec::new();
    if !gone.is_empty() {
        let heads = gone.iter().map(|link| link.head.clone()).collect();
        telling = attributes(collections::Which::Uuids(heads), None)?;
    }
    let mut left = Vec::new();
    for UntaggedName { name, removed, .. } in names {
        if removed.is_empty() {
            let which = collections::Which::Property(image::text_property(image::REPO_TAG, name));
            let found = attributes(which, Some(owner))?;
            for collection in found.into_iter().take(MOST_LEFT) {
                left.push((collection.uuid.clone(), name));
                if telling.iter().all(|known| known.uuid != collection.uuid) {
                    telling.push(collection);
                }
            }
        }
    }
    for collection in telling {
        let mut names = image::told_names(&collection.properties).unwrap_or_default();
        let count = names.len();
        for link in gone {
            if link.head == collection.uuid && link.owner == collection.owner {
                names.retain(|name| *name != link.name);
            }
        }
        for (uuid, gone) in &left {
            if *uuid == collection.uuid {
                names.retain(|name| name != *gone);
            }
        }
        if names.len() < count {
            collections::update(&collections::Change {
                owner: (collection.owner != user).then_some(collection.owner),
                collection: collection.uuid,
                repo_tag: image::names_value(&names),
            })?;
        }
    }
    Ok(())
}

fn attributes(
    which: collections::Which,
    owner: Option<&str>,
) -> Result<Vec<collections::Collection>, api::Error> {
    query::collections(which, owner, collections::Detail::Attributes)
}

/// Returns the collection that a container request for the name gets now.
pub(crate) fn leads_to(name: &str) -> Option<String> {
    match resolve::find(name) {
        Ok(found) if !found.is_by_beginning => Some(found.collection.uuid),
        Ok(_) | Err(Failure::NoSuchImage(_) | Failure::UnsupportedFormat(_)) => None,
        Err(_) => {
            log::write(
                Level::Warning,
                &format!("cannot tell what `{name}` leads to now"),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests;
