//! Which collections may have blocks of an image that is about to be stored.
//!
//! Versions of one repository share most layers, images on one base the lowest, and what one owner
//! builds is often alike. A collection too many costs little: its manifest is read by the host,
//! and nothing is sent or registered. So the newest are taken, with few and short lists.

use std::collections::HashSet;

use crate::capabilities::{collections, links, users};
use crate::image;
use crate::query;
use crate::uuid::{self, Kind};

/// How many collections are looked at.
const MOST: usize = 16;

/// How many repositories are asked for: an archive may give an image many names.
const MOST_REPOSITORIES: usize = 2;

/// What is known of an image before it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits<'a> {
    /// The repositories of the names that it gets.
    pub(crate) repositories: &'a [String],
    /// The digest of its lowest layer, where that is known.
    pub(crate) base: Option<&'a str>,
    /// The project or user who is to own it.
    pub(crate) owner: &'a str,
}

/// Returns the collections, those most likely to have the image's blocks first.
///
/// A list that is not to be had is one collection fewer to look at, and no reason not to upload.
pub(crate) fn find(traits: Traits<'_>) -> Vec<String> {
    let repositories = traits.repositories.iter().take(MOST_REPOSITORIES);
    let of_repositories = repositories
        .flat_map(|repository| named(links::Names::StartingWith(format!("{repository}:")), None));
    let of_base = traits.base.into_iter().flat_map(on_base);
    let of_owner = || named(links::Names::All, Some(traits.owner));
    let mut found = choose(of_repositories.chain(of_base));
    if found.len() < MOST {
        found = choose(found.into_iter().chain(of_owner()));
    }
    found
}

/// Returns the collections of these names and of this owner, the latest named first.
fn named(names: links::Names, owner: Option<&str>) -> Vec<String> {
    let listed = links::list(&links::Query {
        classes: vec![links::Class::RepoTag],
        names,
        heads: None,
        owner: owner.map(Into::into),
        detail: links::Detail::Full,
        newest: Some(MOST as u32),
    });
    let listed = listed.unwrap_or_default();
    listed.into_iter().rev().map(|link| link.head).collect()
}

/// Returns the collections of images with this lowest layer, as earlier uploads noted it.
fn on_base(base: &str) -> Vec<String> {
    let listed = collections::list(&collections::Query {
        which: collections::Which::Property(image::text_property(image::BASE_LAYER, base)),
        owner: None,
        detail: collections::Detail::Identity,
        newest: Some(MOST as u32),
    });
    let listed = listed.unwrap_or_default();
    listed.into_iter().rev().map(|found| found.uuid).collect()
}

/// Returns those of the collections that this owner has, or the user's home project.
pub(crate) fn owned(found: Vec<String>, owner: &str) -> Vec<String> {
    let mut owners = vec![owner.to_owned()];
    owners.extend(users::current().ok().filter(|user| user != owner));
    // A link may lead anywhere.
    let possible: Vec<String> = found
        .iter()
        .filter(|head| uuid::is(head, Kind::Collection))
        .cloned()
        .collect();
    let mut own = HashSet::new();
    if !possible.is_empty() {
        for owner in owners {
            let listed = query::collections(
                collections::Which::Uuids(possible.clone()),
                Some(&owner),
                collections::Detail::Identity,
            );
            own.extend(
                listed
                    .unwrap_or_default()
                    .into_iter()
                    .map(|found| found.uuid),
            );
        }
    }
    found
        .into_iter()
        .filter(|uuid| own.contains(uuid))
        .collect()
}

/// Takes each once, in order, and not too many.
fn choose(candidates: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    candidates
        .filter(|candidate| seen.insert(candidate.clone()))
        .take(MOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::world::{self, World};
    use crate::testing::{PROJECT, USER, repo_tag_link};

    const BASE: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000001";

    fn uuid(number: usize) -> String {
        format!("zzzzz-4zz18-{number:015}")
    }

    fn link(name: &str, collection: usize, owner: &str) -> links::Link {
        links::Link {
            owner: owner.into(),
            uuid: format!("zzzzz-o0j2j-{collection:015}"),
            ..repo_tag_link(
                name,
                &uuid(collection),
                &format!("2026-01-01T00:00:{collection:02}.000000000Z"),
                None,
            )
        }
    }

    fn collection(number: usize, base: &str) -> collections::Collection {
        collections::Collection {
            owner: PROJECT.into(),
            created_at: format!("2026-01-01T00:00:{number:02}.000000000Z"),
            properties: vec![image::text_property(image::BASE_LAYER, base)],
            ..crate::testing::collection(&uuid(number))
        }
    }

    fn found(repositories: &[&str]) -> Vec<String> {
        let repositories: Vec<String> = repositories.iter().map(|text| (*text).into()).collect();
        find(Traits {
            repositories: &repositories,
            base: Some(BASE),
            owner: USER,
        })
    }

    #[test]
    fn the_repository_comes_first_then_the_base_then_the_owner() {
        world::with(|world| {
            *world = World::new();
            world.links = vec![
                link("a:1", 1, PROJECT),
                link("b:1", 2, USER),
                link("a:2", 3, PROJECT),
                link("ab:1", 4, PROJECT),
                link("a:latest", 3, PROJECT),
            ];
            world.collections = vec![
                collection(5, BASE),
                collection(6, "sha256:other"),
                collection(7, BASE),
            ];
        });
        assert_eq!(found(&["a"]), [3, 1, 7, 5, 2].map(uuid));
        assert_eq!(found(&[]), [7, 5, 2].map(uuid));
    }

    #[test]
    fn the_newest_are_taken_and_no_more_than_some() {
        world::with(|world| {
            *world = World::new();
            world.links = (0..40).map(|n| link(&format!("a:{n}"), n, USER)).collect();
        });
        let found = found(&["a"]);
        assert_eq!(found.len(), MOST);
        assert_eq!(found[0], uuid(39));
        world::with(|world| assert_eq!(world.calls, ["links.list"]));
    }

    #[test]
    fn many_names_cost_no_more_requests() {
        world::with(|world| *world = World::new());
        let names = ["a", "b", "c", "d"];
        assert_eq!(found(&names), Vec::<String>::new());
        world::with(|world| assert_eq!(world.calls.len(), MOST_REPOSITORIES + 2));
    }
}
