//! Images that come back from the trash, with all of their names: the links to them are there still.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, RestoreRequest, Restored, RestoredImage,
};
use crate::bindings::keepdocker::contract::api;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{collections, links, log, users};
use crate::link_heads::{self, Readable};
use crate::uuid::{self, Kind};
use crate::{project, query, rm};
use collections::Revival;

/// Does what the request asks for.
pub(crate) fn run(request: &RestoreRequest) -> Result<Restored, Failure> {
    let names = rm::asked(&request.names)?;
    let project = request.project.as_deref();
    let user = users::current()?;
    if let Some(project) = project.filter(|project| *project != user) {
        project::check(project)?;
    }
    // All is known before anything is brought back.
    let mut images = Vec::new();
    let mut coming = Vec::new();
    for name in names {
        let found = find(&name, project, &user)?;
        images.push(RestoredImage {
            name,
            collection: found.as_ref().map(|found| found.collection.clone()),
            leads_to: None,
        });
        coming.extend(found);
    }
    for (place, revival) in coming.iter().enumerate() {
        if let Err(error) = collections::untrash(revival) {
            for Revival { collection, .. } in &coming[..place] {
                log::write(Level::Warning, &format!("{collection} is back"));
            }
            return Err(match error {
                api::Error::NotFound(_) => Failure::NoSuchImage(revival.collection.clone()),
                error => error.into(),
            });
        }
    }
    for image in &mut images {
        image.leads_to = rm::leads_to(&image.name);
    }
    Ok(Restored { images })
}

/// Returns the collection that has the name, or is called so, and cannot be read as it may be in the trash, with who
/// owns it by what the links to it say.
fn find(name: &str, project: Option<&str>, user: &str) -> Result<Option<Revival>, Failure> {
    let classes = [links::Class::ImageHash, links::Class::RepoTag];
    let head = if uuid::is(name, Kind::Collection) {
        let which = collections::Which::Uuids(vec![name.to_owned()]);
        if !query::collections(which, None, collections::Detail::Identity)?.is_empty() {
            return Ok(None);
        }
        name.to_owned()
    } else {
        let mut heads = in_trash(name, project)?;
        if heads.len() > 1 {
            return Err(several(name, &heads));
        }
        match heads.pop() {
            Some(head) => head,
            None => return Ok(None),
        }
    };
    let heads = Some(vec![head.clone()]);
    let links = query::links_to(&classes, links::Names::All, heads, project)?;
    let made = links.iter().find(|link| link.class == classes[0]);
    let said = made.or(links.first()).map(|link| link.owner.as_str());
    let owner = project.or(said).filter(|owner| *owner != user);
    Ok(Some(Revival {
        collection: head,
        owner: owner.map(Into::into),
    }))
}

/// Returns the collections with this name that cannot be read.
fn in_trash(name: &str, owner: Option<&str>) -> Result<Vec<String>, Failure> {
    let names = links::Names::Exactly(vec![name.to_owned()]);
    let named = query::links_to(&[links::Class::RepoTag], names, None, owner)?;
    let readable = Readable::of(&named, None)?;
    let mut heads = link_heads::of(&named);
    heads.retain(|head| !readable.contains(head));
    Ok(heads)
}

/// Refuses a name that several collections have.
pub(crate) fn several(name: &str, heads: &[String]) -> Failure {
    Failure::Usage(format!(
        "`{name}` is the name of several; name one: {}",
        heads.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::testing::world::{self, Fault, World};
    use crate::testing::{PROJECT, USER, hash_link, image_in, repo_tag_link};

    const IMAGE: &str = "zzzzz-4zz18-image0000000000";
    const OTHER: &str = "zzzzz-4zz18-other0000000000";
    const AT: &str = "2020-01-01T00:00:00.000000000Z";

    fn of(owner: &str, link: links::Link) -> links::Link {
        links::Link {
            owner: owner.into(),
            ..link
        }
    }

    /// Sets up an image of a project in the trash, which has a name.
    fn known(hidden: &[&str]) {
        let id = format!("sha256:{}", "a".repeat(64));
        world::with(|world| {
            *world = World::new();
            world.collections = vec![image_in(IMAGE, PROJECT), image_in(OTHER, USER)];
            world.links = vec![
                of(USER, repo_tag_link("lab/tool:1", IMAGE, AT, None)),
                of(PROJECT, hash_link(&id, IMAGE, AT, None)),
            ];
            world.hidden = hidden.iter().map(|uuid| (*uuid).into()).collect();
        });
    }

    fn restore(names: &[&str], project: Option<&str>) -> Result<Vec<RestoredImage>, Failure> {
        let request = RestoreRequest {
            names: names.iter().map(|name| (*name).into()).collect(),
            project: project.map(Into::into),
        };
        run(&request).map(|restored| restored.images)
    }

    fn trash() -> Vec<String> {
        world::with(|world| world.hidden.clone())
    }

    #[test]
    fn an_image_comes_back_by_its_name_or_its_uuid_and_stays_then() {
        for asked in ["lab/tool:1", IMAGE] {
            known(&[IMAGE]);
            let images = restore(&[asked, "lab/none:1"], None).unwrap();
            assert_eq!(images[0].collection.as_deref(), Some(IMAGE));
            let leads_to = (asked != IMAGE).then_some(IMAGE);
            assert_eq!(images[0].leads_to.as_deref(), leads_to);
            assert_eq!(images[1].collection, None);
            assert_eq!(trash(), [""; 0]);
            let again = restore(&[asked], None).unwrap();
            assert_eq!(again[0].collection, None);
            assert_eq!(again[0].leads_to.as_deref(), leads_to);
            assert_eq!(world::with(|world| world.writes), 1);
        }
        // What no link leads to is looked for in the user's home project.
        known(&[OTHER]);
        let images = restore(&[OTHER], None).unwrap();
        assert_eq!(images[0].collection.as_deref(), Some(OTHER));
        known(&[IMAGE]);
        restore(&["lab/tool:1"], Some(USER)).unwrap_err();
        restore(&[IMAGE], Some(PROJECT)).unwrap();
    }

    #[test]
    fn of_several_none_comes_back_before_one_is_named() {
        known(&[IMAGE, OTHER]);
        world::with(|world| {
            let second = of(USER, repo_tag_link("lab/tool:1", OTHER, AT, None));
            world.links.push(second);
        });
        let error = restore(&["lab/tool:1"], None).unwrap_err();
        let Failure::Usage(text) = &error else {
            panic!("{error:?}")
        };
        assert!(text.contains(IMAGE) && text.contains(OTHER), "{text}");
        assert_eq!(world::with(|world| world.writes), 0);
        restore(&[OTHER], None).unwrap();
        assert_eq!(trash(), [IMAGE]);
    }

    #[test]
    fn what_is_gone_or_malformed_is_refused() {
        known(&[]);
        let error = restore(&["zzzzz-4zz18-gone00000000000"], None).unwrap_err();
        assert!(matches!(error, Failure::NoSuchImage(_)), "{error:?}");
        let error = restore(&["lab/none:1"], Some("zzzzz-j7d0g-nowhere00000000")).unwrap_err();
        assert!(matches!(error, Failure::UnusableProject(_)), "{error:?}");
        for names in [&["Lab/Tool:1"][..], &[PROJECT]] {
            let error = restore(names, None).unwrap_err();
            assert!(matches!(error, Failure::Usage(_)), "{error:?}");
        }
        known(&[IMAGE]);
        world::with(|world| world.faults = vec![(0, Fault::Fail)]);
        let error = restore(&[IMAGE], None).unwrap_err();
        assert!(matches!(error, Failure::Api(_)), "{error:?}");
        assert_eq!(trash(), [IMAGE]);
        // What came back before is told.
        known(&[IMAGE]);
        let error = restore(&[IMAGE, "zzzzz-4zz18-gone00000000000"], None).unwrap_err();
        assert!(matches!(error, Failure::NoSuchImage(_)), "{error:?}");
        let said = world::with(|world| world.log.clone());
        let is_told = |text: &str| text.contains(IMAGE) && text.contains("is back");
        assert!(said.iter().any(|(_, text)| is_told(text)), "{said:?}");
    }
}
