//! The repair: an image that is registered by one of its digests gets registered by the other, from the
//! same blocks.
//!
//! Nothing is taken away: a container that names the former collection by its portable data hash goes
//! on to work. The new collection has the same owner and the same names. For the server both have the
//! same build time, so that the later links win, and the names lead to the new one. The server counts in whole
//! seconds, and of several links to a collection the oldest: a link that is made within the second of the
//! former one leads nowhere, and no later link mends that. So the names get their links only once the
//! server's clock, which what it makes tells, is a second further.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, Outcome, Reach, RepairRequest, Repaired,
};
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::capabilities::{archives, cluster, collections, keep, links, locks, users};
use crate::create::Holder;
use crate::evidence::{self, Identity, Refusal};
use crate::naming::{self, Digests};
use crate::reference::{Name, Reference};
use crate::resolution::{self, Formats};
use crate::source::Source;
use crate::types::Property;
use crate::{
    create, download, found_in_cluster, image, link_heads, name_check, plan, project, query, uuid,
};
use clock::{Clock, is_planned};

const CLASSES: [links::Class; 2] = [links::Class::ImageHash, links::Class::RepoTag];

/// Does what the request asks for.
pub(crate) fn run(request: &RepairRequest) -> Result<Repaired, Failure> {
    let reference = Reference::with_tag(&request.image, request.tag.as_deref())?;
    let cluster = cluster::get()?;
    let mut collection = find(request, &reference)?;
    if let Some(origin) = request.origin {
        return blocks::write_again(request, origin, collection);
    }
    if evidence::named_id(&collection).is_none() {
        return Err(unusable(
            &collection,
            &format!(
                "it does not hold one file that is named like an image; `keepdocker adopt {}` looks for an image in it",
                collection.uuid
            ),
        ));
    }
    let mut found = examined(&collection).map_err(|refusal| match refusal {
        Refusal::Unread(error) => error.into(),
        Refusal::Unfit(reason) => unusable(&collection, &reason),
    })?;
    let mut digests = Digests::of(&collection, Some(&found), request.named_by);
    // What was asked for may be right, and its names lead elsewhere yet.
    if digests.are_right()
        && let Some(rival) = rival(&collection, &found)?
    {
        (collection, found) = rival;
        digests = Digests::of(&collection, Some(&found), request.named_by);
    }
    let user = users::current()?;
    let owner = collection.owner.clone();
    let project = (owner != user).then_some(owner.as_str());
    if let Some(project) = project {
        project::check(project)?;
    }
    let _guard = locks::Guard::acquire(&found.id)?;
    let former = links_to(&collection, None)?;
    let names = names_of(&former, &owner, &reference);
    let clock = Clock::new(&former, &names);
    let holder = match digests.are_right() {
        true => Holder::found(collection.clone()),
        false => renamed(&collection, &found, &digests, project, &names, &clock)?,
    };
    let new = &holder.collection;
    let wanted = digests.wanted.clone().unwrap_or_default();
    let built: Vec<Property> = image::build_time(&found.config)
        .iter()
        .map(|built| image::text_property(image::IMAGE_TIMESTAMP, built))
        .collect();
    let is_same = new.uuid == collection.uuid;
    let links = plan::links(&wanted, &names, &new.uuid, project, &built);
    let is_complete = !link(new, &collection, links, &clock)?;
    if !names.is_empty() {
        let named = links::Names::Exactly(names.clone());
        let named = query::links(&[links::Class::RepoTag], named)?;
        let formats = Formats::from_config(cluster.image_formats.as_deref());
        name_check::warn(&names, new, &named, formats);
    }
    holder.tell_of_twins(&owner);
    let new = holder.collection;
    Ok(Repaired {
        collection: new.uuid,
        portable_data_hash: new.portable_data_hash,
        image: found.id,
        registered_as: wanted,
        names,
        outcome: match is_complete {
            true => Outcome::Present,
            false => Outcome::Registered,
        },
        sent: 0,
        former: (!is_same).then_some(collection.uuid),
        former_links: match is_same {
            true => Vec::new(),
            false => former.into_iter().map(|link| link.uuid).collect(),
        },
    })
}

/// Returns the names that the owner's links have.
///
/// The name that was typed leads to the former collection until all else is done, so that the next run
/// completes what this one does not: it comes last.
fn names_of(former: &[links::Link], owner: &str, reference: &Reference) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for link in former {
        let is_name = link.class == links::Class::RepoTag && link.owner == owner;
        if is_name && !names.contains(&link.name) {
            names.push(link.name.clone());
        }
    }
    if let Reference::Name(name) = reference
        && let Some(asked) = names.iter().position(|known| name.is(known))
    {
        let asked = names.remove(asked);
        names.push(asked);
    }
    names
}

/// Creates those of the links to the collection that are missing, the names' only when the server takes
/// them for later than the former ones; tells whether there were any.
fn link(
    new: &collections::Collection,
    former: &collections::Collection,
    links: Vec<links::NewLink>,
    clock: &Clock,
) -> Result<bool, Failure> {
    let owner = &former.owner;
    let existing = links_to(new, Some(owner))?;
    let hash = links[0].clone();
    let missing = plan::missing(links, &existing, owner);
    let is_name = |link: &links::NewLink| link.class == links::Class::RepoTag;
    let first_name = missing.iter().position(is_name);
    let (hashes, names) = missing.split_at(first_name.unwrap_or(missing.len()));
    let made = create::create_links(hashes, owner)?;
    if !names.is_empty() {
        let is_past = |links: &[links::Link]| {
            let is_past =
                |link: &links::Link| clock.is_past(&link.created_at) || is_planned(&link.uuid);
            links.iter().any(is_past)
        };
        let mut is_late = clock.is_past(&new.created_at)
            || is_planned(&new.uuid)
            || is_past(&existing)
            || is_past(&made);
        if !is_late && made.is_empty() {
            // An earlier run has made all that tells the time. Another such link does no harm.
            is_late = is_past(&create::create_links(&[hash], owner)?);
        }
        if !is_late {
            return Err(too_early(&new.uuid, former));
        }
        create::create_links(names, owner)?;
    }
    Ok(!missing.is_empty())
}

/// Returns the collection that is meant, with its manifest.
fn find(
    request: &RepairRequest,
    reference: &Reference,
) -> Result<collections::Collection, Failure> {
    if uuid::is(&request.image, uuid::Kind::Collection) {
        let uuids = vec![request.image.clone()];
        let mut known = query::manifests(collections::Which::Uuids(uuids))?.into_iter();
        let is_meant = |it: &collections::Collection| {
            request
                .project
                .as_ref()
                .is_none_or(|project| it.owner == *project)
        };
        return known
            .find(is_meant)
            .ok_or_else(|| Failure::NoSuchImage(request.image.clone()));
    }
    let Some(project) = &request.project else {
        let text = match &request.tag {
            Some(tag) => format!("{}:{tag}", request.image),
            None => request.image.clone(),
        };
        return Ok(download::find(&text)?.0);
    };
    project::check_form(project)?;
    let found = match reference {
        Reference::Name(name) => by_name(name, project)?,
        Reference::Id(id) => {
            let place = match id.full() {
                Some(full) => found_in_cluster::find(found_in_cluster::Search {
                    id: &full,
                    identity: Identity::Config,
                    names: &[],
                    owner: project,
                    named: None,
                    reach: Reach::None,
                    depth: keep::Depth::Config,
                    named_by: request.named_by,
                    must_look: true,
                })?,
                None => {
                    return Err(Failure::Usage(format!(
                        "in a project an image is meant by its whole ID or by a name, and `{id}` is neither"
                    )));
                }
            };
            place.place.held().map(|(collection, _)| collection.clone())
        }
    };
    found.ok_or_else(|| Failure::NoSuchImage(reference.to_string()))
}

/// Returns the collection of the project to which its own links with this name lead.
fn by_name(name: &Name, project: &str) -> Result<Option<collections::Collection>, Failure> {
    let names = links::Names::Exactly(name.known_as());
    let named = query::links_to(&[links::Class::RepoTag], names, None, Some(project))?;
    let order = resolution::candidates(&named.iter().collect::<Vec<_>>());
    let uuids = order.into_iter().map(|candidate| candidate.collection);
    let uuids: Vec<String> = uuids.take(MOST_COLLECTIONS).collect();
    if uuids.is_empty() {
        return Ok(None);
    }
    let found = query::collections(
        collections::Which::Uuids(uuids.clone()),
        Some(project),
        collections::Detail::Manifest,
    )?;
    let by_uuid = |uuid: &String| found.iter().find(|collection| collection.uuid == *uuid);
    let mut in_order = uuids.iter().filter_map(by_uuid);
    Ok(in_order
        .find(|collection| evidence::named_id(collection).is_some())
        .cloned())
}

/// How many collections are looked at that have a name.
const MOST_COLLECTIONS: usize = 20;

/// Returns the collection with the same blocks and the right name for the file, making it if the owner has
/// none.
fn renamed(
    former: &collections::Collection,
    found: &archives::Image,
    digests: &Digests,
    project: Option<&str>,
    names: &[String],
    clock: &Clock,
) -> Result<Holder, Failure> {
    if digests.wanted.is_none() {
        return Err(unusable(
            former,
            "its archive is not in canonical form, and only from that form does the digest of its manifest follow; `keepdocker upload --force` stores the image so",
        ));
    }
    let copy = naming::renamed(former.clone(), digests)
        .ok_or_else(|| unusable(former, "its manifest is not of one file in one stream"))?;
    let content = &copy.portable_data_hash;
    let before = create::of_content(content, &former.owner)?;
    if let Some(own) = first_useful(&before, former, names)? {
        return Ok(Holder::found(own.clone()));
    }
    let told = |key| image::text_of(&former.properties, key);
    let source = Source {
        manifest: told(image::MANIFEST_DIGEST).or_else(|| found.manifest.clone()),
        reference: told(image::SOURCE_REFERENCE),
        // What it tells of a signature, nobody has checked here.
        signature: None,
    };
    let mut properties = source.properties(found);
    if !names.is_empty() {
        properties.push(Property {
            key: image::REPO_TAG.into(),
            value: image::names_value(names),
        });
    }
    let short = image::short(digests.wanted.as_deref().unwrap_or_default());
    let new = collections::NewCollection {
        name: crate::pattern::replaced(&former.name, image::short(&digests.name), short),
        owner: project.map(Into::into),
        manifest: copy.manifest.unwrap_or_default(),
        properties,
        replicas: former.replicas,
        storage_classes: former.storage_classes.clone(),
    };
    let holder = create::create_collection(&new, content, &former.owner, &before)?;
    // The links are left to the next run, to which they tell the time.
    let new = &holder.collection;
    if !names.is_empty() && !clock.is_past(&new.created_at) && !is_planned(&new.uuid) {
        return Err(too_early(&new.uuid, former));
    }
    Ok(holder)
}

fn too_early(new: &str, former: &collections::Collection) -> Failure {
    Failure::TooEarly(format!(
        "collection {new} is ready, but its names still lead to {}: their links are of this very second, and the server counts in whole seconds",
        former.uuid
    ))
}

/// Looks into a collection whose file's name is a digest of the image or of nothing.
fn examined(collection: &collections::Collection) -> Result<archives::Image, Refusal> {
    let name = evidence::named_id(collection).unwrap_or_default();
    let depth = keep::Depth::Config;
    evidence::examined(collection, &name, Identity::Config, false, depth)
}

/// Returns the collection with the same owner and the same image under its other digest to which a name
/// leads yet.
fn rival(
    right: &collections::Collection,
    image: &archives::Image,
) -> Result<Option<(collections::Collection, archives::Image)>, Failure> {
    let name = evidence::named_id(right);
    let mut digests = vec![image.id.clone()];
    digests.extend(image.manifest.clone());
    digests.retain(|digest| Some(digest) != name.as_ref());
    let owner = Some(right.owner.as_str());
    let digests = links::Names::Exactly(digests);
    let claims = query::links_to(&[links::Class::ImageHash], digests, None, owner)?;
    let mut heads = link_heads::of(&claims);
    heads.reverse();
    heads.truncate(MOST_COLLECTIONS);
    if heads.is_empty() {
        return Ok(None);
    }
    let mut both = heads.clone();
    both.push(right.uuid.clone());
    let named = query::links_to(&CLASSES[1..], links::Names::All, Some(both), None)?;
    heads.retain(|uuid| {
        named.iter().any(|link| {
            link.head == *uuid
                && link.owner == right.owner
                && beats(&named, &link.name, uuid, &right.uuid) != Some(false)
        })
    });
    if heads.is_empty() {
        return Ok(None);
    }
    for other in query::manifests(collections::Which::Uuids(heads))? {
        if other.owner != right.owner {
            continue;
        }
        match examined(&other) {
            Ok(found) if found.id == image.id && found.manifest == image.manifest => {
                return Ok(Some((other, found)));
            }
            Err(Refusal::Unread(error)) => return Err(error.into()),
            _ => {}
        }
    }
    Ok(None)
}

/// Tells whether the name leads to the former of two collections only because its link is no older; none if
/// the other has no link of this name yet.
fn beats(named: &[links::Link], name: &str, former: &str, own: &str) -> Option<bool> {
    let of_name: Vec<&links::Link> = named.iter().filter(|link| link.name == name).collect();
    let order = resolution::candidates(&of_name);
    let place = |uuid: &str| {
        order
            .iter()
            .position(|candidate| candidate.collection == uuid)
    };
    let own = place(own)?;
    Some(place(former).is_some_and(|former| {
        // A later build wins whatever is linked when.
        former < own && order[former].built == order[own].built
    }))
}

/// Returns the first of these collections to which the names can lead.
///
/// They lead to what was linked last. Where the image was registered one way, then the other, and now back,
/// the first collection is of no use.
fn first_useful<'a>(
    own: &'a [collections::Collection],
    former: &collections::Collection,
    names: &[String],
) -> Result<Option<&'a collections::Collection>, Failure> {
    if own.is_empty() || names.is_empty() {
        return Ok(own.first());
    }
    let named = links::Names::Exactly(names.to_vec());
    let named = query::links(&[links::Class::RepoTag], named)?;
    // What has no such link yet gets one, which is the last then.
    let loses = |own: &collections::Collection, name: &String| {
        beats(&named, name, &former.uuid, &own.uuid) == Some(true)
    };
    Ok(own
        .iter()
        .find(|own| names.iter().all(|name| !loses(own, name))))
}

/// Returns the links that make the collection known; of one owner alone, if one is given.
fn links_to(
    collection: &collections::Collection,
    owner: Option<&str>,
) -> Result<Vec<links::Link>, Failure> {
    let heads = Some(vec![collection.uuid.clone()]);
    Ok(query::links_to(&CLASSES, links::Names::All, heads, owner)?)
}

fn unusable(collection: &collections::Collection, why: &str) -> Failure {
    let text = format!(
        "collection {} cannot be registered by another digest: {why}",
        collection.uuid
    );
    ArchiveError::Unsupported(text).into()
}

mod blocks;
mod clock;
#[cfg(test)]
mod tests;
