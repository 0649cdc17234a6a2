//! Images and projects that others may read, change or manage, or no more.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, Share, ShareRequest, Shared,
};
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{log, permissions, users};
use crate::uuid::{self, Kind};
use crate::{project, rm};

/// Does what the request asks for.
pub(crate) fn run(request: &ShareRequest) -> Result<Shared, Failure> {
    let user = users::current()?;
    // All is known before anything is shared.
    let mut shares = Vec::new();
    let mut add = |name: &str, object: &str, content: Option<String>, owner: &str| {
        for holder in &request.holders {
            shares.push(Share {
                name: name.into(),
                object: object.into(),
                portable_data_hash: content.clone(),
                owner: owner.into(),
                holder: holder.clone(),
                before: None,
                level: request.level,
            });
        }
    };
    if let Some(project) = &request.project {
        project::check_form(project)?;
        if request.names.is_empty() {
            if !uuid::is(project, Kind::Group) {
                return Err(Failure::Usage(
                    "a home project cannot be shared; copy the images to a project".into(),
                ));
            }
            add(project, project, None, project);
        }
    }
    for name in rm::asked(&request.names)? {
        let Some(found) = rm::find(&name)? else {
            return Err(Failure::NoSuchImage(name));
        };
        let owner = found.owner.unwrap_or_default();
        if request
            .project
            .as_ref()
            .is_some_and(|project| *project != owner)
        {
            return Err(Failure::Usage(format!(
                "`{name}` leads to {}, which belongs to {owner}; nothing was shared",
                found.collection
            )));
        }
        let content = Some(found.portable_data_hash);
        add(&name, &found.collection, content, &owner);
    }
    for place in 0..shares.len() {
        let share = &mut shares[place];
        let wanted = permissions::Permission {
            object: share.object.clone(),
            owner: Some(share.owner.clone()).filter(|owner| *owner != user),
            holder: share.holder.clone(),
            level: share.level,
        };
        match permissions::set(&wanted) {
            Ok(before) => share.before = before,
            Err(error) => {
                for done in &shares[..place] {
                    let text = format!("{} is done for {}", done.object, done.holder);
                    log::write(Level::Warning, &text);
                }
                return Err(error.into());
            }
        }
    }
    Ok(Shared { shares })
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::bindings::keepdocker::contract::permissions::Level as May;
    use crate::testing::world::{self, Fault, World};
    use crate::testing::{PROJECT, USER, hash_link, image_in, repo_tag_link};

    const IMAGE: &str = "zzzzz-4zz18-image0000000000";
    const BOB: &str = "zzzzz-tpzed-bob000000000000";
    const ALL: &str = "zzzzz-j7d0g-fffffffffffffff";
    const AT: &str = "2020-01-01T00:00:00.000000000Z";

    fn known() {
        let id = format!("sha256:{}", "a".repeat(64));
        world::with(|world| {
            *world = World::new();
            world.collections = vec![image_in(IMAGE, PROJECT)];
            world.links = vec![
                hash_link(&id, IMAGE, AT, None),
                repo_tag_link("lab/tool:1", IMAGE, AT, None),
            ];
        });
    }

    fn share(
        names: &[&str],
        project: Option<&str>,
        level: Option<May>,
    ) -> Result<Vec<Share>, Failure> {
        let request = ShareRequest {
            names: names.iter().map(|name| (*name).into()).collect(),
            project: project.map(Into::into),
            holders: vec![BOB.into(), ALL.into()],
            level,
        };
        run(&request).map(|shared| shared.shares)
    }

    fn given() -> Vec<(String, String, May)> {
        world::with(|world| world.permissions.clone())
    }

    #[test]
    fn an_image_is_shared_once_changed_and_taken_back() {
        known();
        let shares = share(&["lab/tool:1"], None, Some(May::Read)).unwrap();
        assert_eq!(shares.len(), 2);
        assert_eq!((shares[0].before, shares[0].level), (None, Some(May::Read)));
        assert_eq!((&*shares[0].owner, &*shares[0].object), (PROJECT, IMAGE));
        assert!(shares[0].portable_data_hash.is_some());
        let again = share(&[IMAGE], None, Some(May::Read)).unwrap();
        assert_eq!(again[1].before, Some(May::Read));
        assert_eq!(world::with(|world| world.writes), 2);
        let lowered = share(&[IMAGE], Some(PROJECT), Some(May::Manage)).unwrap();
        assert_eq!(lowered[0].before, Some(May::Read));
        assert_eq!(given().len(), 2);
        let taken = share(&["lab/tool:1"], None, None).unwrap();
        assert_eq!((taken[0].before, taken[0].level), (Some(May::Manage), None));
        assert!(given().is_empty());
    }

    #[test]
    fn without_a_name_it_is_the_project_that_is_shared() {
        known();
        let shares = share(&[], Some(PROJECT), Some(May::Write)).unwrap();
        assert_eq!((&*shares[0].object, &*shares[0].owner), (PROJECT, PROJECT));
        assert_eq!(shares[0].portable_data_hash, None);
        let called = format!("permissions.set {PROJECT} Some(\"{PROJECT}\")");
        assert!(world::with(|world| world.calls.contains(&called)));
    }

    #[test]
    fn what_is_absent_or_another_s_is_not_shared_and_what_went_before_is_told() {
        known();
        let error = share(&["lab/tool:1", "lab/none:1"], None, None).unwrap_err();
        assert_eq!(error, Failure::NoSuchImage("lab/none:1".into()));
        for (names, project) in [
            (&["lab/tool:1"][..], USER),
            (&["lab/tool:1"], "nonsense"),
            (&[], USER),
        ] {
            let error = share(names, Some(project), Some(May::Read)).unwrap_err();
            assert!(matches!(error, Failure::Usage(_)), "{error:?}");
        }
        assert!(given().is_empty());
        world::with(|world| world.faults = vec![(1, Fault::Fail)]);
        let error = share(&["lab/tool:1"], None, Some(May::Read)).unwrap_err();
        assert!(matches!(error, Failure::Api(_)), "{error:?}");
        let said = world::with(|world| world.log.clone());
        assert!(said.iter().any(|(_, text)| text.contains(BOB)), "{said:?}");
    }
}
