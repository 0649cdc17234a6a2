//! Images that go to the trash. Their links stay, so that they come back with all of their names.
//!
//! An image goes only with all of the names that lead to it, and only if nobody else has a link to it: whoever wants one
//! name less takes that name away. A name that several builds have does not tell which of them is to go.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, Removed, RemovedImage, RmRequest,
};
use crate::bindings::keepdocker::contract::api;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{collections, containers, links, log, users};
use crate::uuid::{self, Kind};
use crate::{failure, project, query, register, resolve, restore, untag};

/// How many names are told that stand in the way.
const MOST_TOLD: usize = 10;

/// Does what the request asks for.
pub(crate) fn run(request: &RmRequest) -> Result<Removed, Failure> {
    let names = asked(&request.names)?;
    if let Some(project) = &request.project {
        project::check_form(project)?;
    }
    let user = users::current()?;
    // All is known before anything is moved.
    let mut images = Vec::new();
    let mut going: Vec<collections::Disposal> = Vec::new();
    for name in &names {
        let found = find(name)?;
        images.push(RemovedImage {
            name: name.clone(),
            collection: found.as_ref().map(|found| found.collection.clone()),
            until: None,
            leads_to: None,
        });
        let Some(found) = found else { continue };
        if !uuid::is(name, Kind::Collection) {
            // Were the next build to go where the command is repeated, nobody could try again.
            let mut heads = restore::with_name(name, found.owner.as_deref(), true)?;
            heads.retain(|head| !names.contains(head));
            if heads.len() > 1 {
                return Err(restore::several(name, &heads));
            }
        }
        if request.project.is_some() && request.project != found.owner {
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
mod tests {
    use super::*;

    use crate::testing::world::{self, Fault, World};
    use crate::testing::{PROJECT, USER, hash_link, repo_tag_link};

    const IMAGE: &str = "zzzzz-4zz18-image0000000000";
    const OTHER: &str = "zzzzz-4zz18-other0000000000";
    const STRANGER: &str = "zzzzz-j7d0g-stranger0000000";
    const AT: &str = "2020-01-01T00:00:00.000000000Z";
    const LATER: &str = "2021-01-01T00:00:00.000000000Z";

    fn collection(uuid: &str, owner: &str) -> collections::Collection {
        let block = format!("{}+1000+A0@7fffffff", "a".repeat(32));
        let file = crate::image::file_name(&format!("sha256:{}", "a".repeat(64)));
        let manifest = crate::manifest::build(&[block], &file, 1000).unwrap();
        collections::Collection {
            owner: owner.into(),
            portable_data_hash: crate::manifest::portable_data_hash(&manifest),
            manifest: Some(manifest),
            ..crate::testing::collection(uuid)
        }
    }

    fn tag(name: &str, head: &str, owner: &str, at: &str) -> links::Link {
        links::Link {
            owner: owner.into(),
            ..repo_tag_link(name, head, at, None)
        }
    }

    /// Sets up an image of the user's with two names, and an older one of a project with the first of them.
    fn known(more: &[links::Link]) {
        let id = format!("sha256:{}", "a".repeat(64));
        world::with(|world| {
            *world = World::new();
            world.collections = vec![collection(IMAGE, USER), collection(OTHER, PROJECT)];
            world.links = vec![
                hash_link(&id, IMAGE, LATER, None),
                tag("lab/tool:1", IMAGE, USER, LATER),
                tag("lab/tool:2", IMAGE, USER, LATER),
                tag("lab/tool:1", OTHER, PROJECT, AT),
            ];
            world.links.extend_from_slice(more);
        });
    }

    fn rm(names: &[&str], project: Option<&str>) -> Result<Vec<RemovedImage>, Failure> {
        let request = RmRequest {
            names: names.iter().map(|name| (*name).into()).collect(),
            project: project.map(Into::into),
        };
        run(&request).map(|removed| removed.images)
    }

    fn trash() -> Vec<String> {
        world::with(|world| world.hidden.clone())
    }

    #[test]
    fn an_image_goes_with_all_of_its_names_and_its_links_stay() {
        known(&[]);
        let links = world::with(|world| world.links.len());
        let images = rm(&["lab/tool:1", "lab/tool:2", "lab/none:1"], None).unwrap();
        assert_eq!(images[0].collection.as_deref(), Some(IMAGE));
        assert!(images[0].until.is_some());
        assert_eq!(
            images[0].leads_to.as_deref(),
            Some(OTHER),
            "what is left of the name"
        );
        assert_eq!(images[1].collection.as_deref(), Some(IMAGE));
        assert_eq!((&images[2].collection, &images[2].leads_to), (&None, &None));
        assert_eq!(trash(), [IMAGE]);
        assert_eq!(
            world::with(|world| (world.links.len(), world.writes)),
            (links, 1)
        );

        // Again, nothing of it is written.
        let again = rm(&["lab/tool:2"], None).unwrap();
        assert_eq!(again[0].collection, None);
        let again = rm(&[IMAGE], None).unwrap();
        assert_eq!(again[0].collection, None);
        assert_eq!(world::with(|world| world.writes), 1);
    }

    #[test]
    fn of_several_builds_under_a_name_only_the_one_that_is_named_goes() {
        let older = tag("lab/tool:3", OTHER, USER, AT);
        let newer = tag("lab/tool:3", IMAGE, USER, LATER);
        let set_up = || {
            known(&[older.clone(), newer.clone()]);
            world::with(|world| {
                world.links.retain(|link| link.name == "lab/tool:3");
                world.collections[1].owner = USER.into();
            });
        };
        set_up();
        let Err(Failure::Usage(text)) = rm(&["lab/tool:3"], None) else {
            panic!("two have the name")
        };
        assert!(text.contains(OTHER) && text.contains(IMAGE), "{text}");
        assert!(trash().is_empty());
        // The name leads to the newer one, as before.
        rm(&[OTHER], None).unwrap();
        assert_eq!(trash(), [OTHER]);
        // Nobody is left to take the name.
        set_up();
        let Err(Failure::Usage(text)) = rm(&[IMAGE], None) else {
            panic!("the name leads there")
        };
        assert!(text.contains("lab/tool:3"), "{text}");
        let images = rm(&[IMAGE, "lab/tool:3"], None).unwrap();
        assert_eq!(images[1].leads_to.as_deref(), Some(OTHER));
        assert_eq!(trash(), [IMAGE]);
    }

    #[test]
    fn what_has_another_name_or_another_s_link_stays() {
        let theirs = tag("lab/tool:1", IMAGE, STRANGER, AT);
        let mut known_there = hash_link("sha256:ff", IMAGE, AT, None);
        known_there.owner = STRANGER.into();
        for (names, more, told) in [
            (&["lab/tool:1"][..], vec![], "lab/tool:2"),
            (&[IMAGE], vec![], "lab/tool:1"),
            (&["lab/tool:1", "lab/tool:2"], vec![theirs], STRANGER),
            (&["lab/tool:1", "lab/tool:2"], vec![known_there], STRANGER),
        ] {
            known(&more);
            let Err(Failure::Usage(text)) = rm(names, None) else {
                panic!("{names:?}")
            };
            assert!(
                text.contains(told) && text.contains("nothing was removed"),
                "{text}"
            );
            assert_eq!(world::with(|world| world.writes), 0);
        }
        let many: Vec<_> = (0..30)
            .map(|at| tag(&format!("lab/more:{at}"), IMAGE, USER, AT))
            .collect();
        known(&many);
        let Err(Failure::Usage(text)) = rm(&[IMAGE], None) else {
            panic!("it has many names")
        };
        assert!(text.contains("and more") && text.len() < 1000, "{text}");
    }

    #[test]
    fn only_what_the_project_owns_goes_where_one_is_named() {
        known(&[]);
        let error = rm(&["lab/tool:1", "lab/tool:2"], Some(PROJECT)).unwrap_err();
        assert!(matches!(error, Failure::Usage(_)), "{error:?}");
        for (names, project) in [
            (&["Lab/Tool:1"][..], None),
            (&["zzzzz-j7d0g-000000000000000"], None),
            (&[IMAGE], Some("nonsense")),
        ] {
            let error = rm(names, project).unwrap_err();
            assert!(matches!(error, Failure::Usage(_)), "{names:?}: {error:?}");
        }
        assert_eq!(world::with(|world| world.writes), 0);
        let images = rm(&[OTHER, "lab/tool:1", "lab/tool:2"], None).unwrap();
        assert_eq!(images.len(), 3);
        assert_eq!(trash().len(), 2);
    }

    #[test]
    fn where_one_cannot_go_it_is_told_what_went_before() {
        known(&[]);
        world::with(|world| world.faults = vec![(1, Fault::Fail)]);
        let error = rm(&["lab/tool:1", "lab/tool:2", OTHER], None).unwrap_err();
        assert!(matches!(error, Failure::Api(_)), "{error:?}");
        assert_eq!(trash(), [IMAGE]);
        let said = world::with(|world| world.log.clone());
        let undo = format!("keepdocker restore {IMAGE}");
        assert!(
            said.iter().any(|(_, text)| text.contains(&undo)),
            "{said:?}"
        );
    }

    #[test]
    fn what_a_container_uses_stays_and_where_that_is_not_known_it_is_told() {
        known(&[]);
        let content = collection(OTHER, PROJECT).portable_data_hash;
        // What ran once can be run no more, but nothing waits for it.
        let ended = (content.clone(), Some(LATER.to_owned()));
        world::with(|world| world.used = vec![(content, None)]);
        let error = rm(&[OTHER, "lab/tool:1", "lab/tool:2"], None).unwrap_err();
        assert!(
            matches!(&error, Failure::Usage(text) if text.contains("container")),
            "{error:?}"
        );
        assert_eq!(world::with(|world| world.writes), 0);
        let denied = Some(api::Error::Denied("rule".into()));
        for (used, error) in [(vec![ended], None), (Vec::new(), denied)] {
            known(&[]);
            let is_told = error.is_some();
            world::with(|world| (world.used, world.used_error) = (used, error));
            rm(&["lab/tool:1", "lab/tool:2"], None).unwrap();
            assert_eq!(trash(), [IMAGE]);
            let said = world::with(|world| world.log.clone());
            assert_eq!(
                said.iter().any(|(_, text)| text.contains("is not known")),
                is_told
            );
        }
    }
}
