//! The list of images: what the links of the cluster, or of one project, name.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, ImagesRequest, ListedImage,
};
use crate::capabilities::links;
use crate::reference::{Id, Name, Reference};
use crate::{catalog, failure, link_heads, lookup};

const CLASSES: [links::Class; 2] = [links::Class::ImageHash, links::Class::RepoTag];

/// Returns the images that the request asks for, newest first.
pub(crate) fn run(request: &ImagesRequest) -> Result<Vec<ListedImage>, Failure> {
    let project = request.project.as_deref();
    let mut links = match (&request.exact_name, &request.image) {
        (Some(name), _) => named(vec![name.clone()], project)?,
        (None, None) => list(&CLASSES, links::Names::All, None, project)?,
        (None, Some(image)) => match Reference::with_tag(image, request.tag.as_deref())? {
            Reference::Name(name) => of_name(&name, project)?,
            Reference::Id(id) => return of_one(&id, project),
        },
    };
    keep_readable(&mut links, project)?;
    Ok(catalog::rows(&links).into_iter().map(listed).collect())
}

/// Returns the links of a name, or of all tags of a repository.
fn of_name(name: &Name, project: Option<&str>) -> Result<Vec<links::Link>, Failure> {
    let names = name.known_as();
    if !name.is_repository() {
        return named(names, project);
    }
    let mut links = Vec::new();
    for known in names {
        // What has no tag is known by one that it need not have.
        let repository = known.strip_suffix("latest").unwrap_or(&known);
        let mut found = list(
            &CLASSES[1..],
            links::Names::StartingWith(repository.to_owned()),
            None,
            project,
        )?;
        // The colon may also be that of a registry's port.
        found.retain(|link| {
            let tag = link.name.strip_prefix(repository);
            tag.is_some_and(|tag| !tag.contains('/'))
        });
        links.append(&mut found);
    }
    with_ids(links, project)
}

/// Returns the rows of the one image that the ID means.
fn of_one(id: &Id, project: Option<&str>) -> Result<Vec<ListedImage>, Failure> {
    let (mut links, meant) = identified(id, project)?;
    keep_readable(&mut links, project)?;
    if links.is_empty() {
        return Err(Failure::NoSuchImage(id.to_string()));
    }
    let mut images = Vec::new();
    for link in &links {
        if link.class == links::Class::ImageHash && meant.contains(&link.name) {
            lookup::add(&mut images, link.name.clone());
        }
    }
    if images.len() > 1 && id.full().is_none() {
        return Err(failure::ambiguous(id, images));
    }
    Ok(catalog::rows(&links).into_iter().map(listed).collect())
}

/// Leaves the links whose collections can be read.
fn keep_readable(links: &mut Vec<links::Link>, owner: Option<&str>) -> Result<(), Failure> {
    let readable = link_heads::Readable::of(links, owner)?;
    links.retain(|link| readable.contains(&link.head));
    Ok(())
}

/// Returns the links with this name, and the hash links of the collections that they lead to.
fn named(names: Vec<String>, project: Option<&str>) -> Result<Vec<links::Link>, Failure> {
    let names = links::Names::Exactly(names);
    with_ids(list(&CLASSES[1..], names, None, project)?, project)
}

/// Adds the hash links of the collections that links lead to.
fn with_ids(
    mut links: Vec<links::Link>,
    project: Option<&str>,
) -> Result<Vec<links::Link>, Failure> {
    let heads = link_heads::of(&links);
    if !heads.is_empty() {
        links.extend(list(
            &CLASSES[..1],
            links::Names::All,
            Some(heads),
            project,
        )?);
    }
    Ok(links)
}

/// Returns the hash links of the images that the ID can mean, with all names of the collections
/// that they lead to, and by what these images are registered.
fn identified(id: &Id, project: Option<&str>) -> Result<(Vec<links::Link>, Vec<String>), Failure> {
    let mut links = Vec::new();
    for beginning in id.beginnings() {
        let names = links::Names::StartingWith(beginning);
        links.extend(list(&CLASSES[..1], names, None, project)?);
    }
    let mut meant = Vec::new();
    for link in &links {
        if id.matches(&link.name) {
            lookup::add(&mut meant, link.name.clone());
        }
    }
    let known = meant.len();
    lookup::add_by_other_digest(id, &mut meant)?;
    if meant.len() > known {
        let names = links::Names::Exactly(meant.clone());
        links = list(&CLASSES[..1], names, None, project)?;
    }
    let heads = link_heads::of(&links);
    if heads.is_empty() {
        let links = match id.as_name() {
            Some(name) => named(name.known_as(), project)?,
            None => Vec::new(),
        };
        return Ok((links, meant));
    }
    links.extend(list(
        &CLASSES[1..],
        links::Names::All,
        Some(heads),
        project,
    )?);
    Ok((links, meant))
}

fn list(
    classes: &[links::Class],
    names: links::Names,
    heads: Option<Vec<String>>,
    owner: Option<&str>,
) -> Result<Vec<links::Link>, Failure> {
    let query = links::Query {
        classes: classes.to_vec(),
        names,
        heads,
        owner: owner.map(Into::into),
        detail: links::Detail::Brief,
        newest: None,
    };
    Ok(links::list(&query)?)
}

fn listed(row: catalog::Row) -> ListedImage {
    ListedImage {
        repository: row.repository,
        tag: row.tag,
        image: row.image,
        collection: row.collection,
        timestamp: row.timestamp.text(),
    }
}

#[cfg(test)]
mod tests;
