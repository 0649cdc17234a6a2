//! Links.

use super::real::api::Error;
pub(crate) use super::real::links::{Class, Detail, Link, Names, NewLink, Query, Removal};
use super::{Fault, Late};

pub(crate) fn list(query: &Query) -> Result<Vec<Link>, Error> {
    super::with(|world| {
        world.ask("links.list");
        let is_meant = |link: &&Link| {
            let is_named = match &query.names {
                Names::All => true,
                Names::Exactly(names) => names.contains(&link.name),
                Names::StartingWith(beginning) => link.name.starts_with(beginning.as_str()),
            };
            is_named
                && query.classes.contains(&link.class)
                && query
                    .heads
                    .as_ref()
                    .is_none_or(|heads| heads.contains(&link.head))
                && query
                    .owner
                    .as_ref()
                    .is_none_or(|owner| *owner == link.owner)
        };
        let mut links: Vec<Link> = world.links.iter().filter(is_meant).cloned().collect();
        links.sort_by(|a, b| (&a.created_at, &a.uuid).cmp(&(&b.created_at, &b.uuid)));
        let newest = query.newest.map_or(usize::MAX, |newest| newest as usize);
        links.drain(..links.len().saturating_sub(newest));
        if query.detail == Detail::Brief {
            for link in &mut links {
                (link.uuid, link.tail, link.owner) = Default::default();
            }
        }
        Ok(links)
    })
}

pub(crate) fn create(new: &NewLink) -> Result<Link, Error> {
    super::with(|world| {
        world.calls.push(format!("links.create {}", new.name));
        let fault = world.fault();
        if fault == Some(Fault::Fail) {
            return Err(Error::Other("the server is down".into()));
        }
        let link = Link {
            uuid: format!("zzzzz-o0j2j-{:015}", world.links.len() + world.late.len()),
            class: new.class,
            name: new.name.clone(),
            head: new.head.clone(),
            tail: String::new(),
            owner: new.owner.clone().unwrap_or(crate::testing::USER.into()),
            properties: new.properties.clone(),
            created_at: world.tick(),
        };
        match fault {
            Some(Fault::LoseRequest) => {}
            Some(Fault::Late(questions)) => {
                world.late.push((questions, Late::Link(link.clone())));
            }
            _ => world.links.push(link.clone()),
        }
        match fault {
            None => Ok(link),
            Some(_) => Err(Error::Uncertain("no answer".into())),
        }
    })
}

pub(crate) fn delete(link: &Removal) -> Result<(), Error> {
    super::with(|world| {
        world.calls.push(format!("links.delete {}", link.name));
        let fault = world.fault();
        if fault == Some(Fault::Fail) {
            return Err(Error::Forbidden("403".into()));
        }
        let owner = link.owner.as_deref().unwrap_or(crate::testing::USER);
        let found = world.links.iter().position(|known| known.uuid == link.uuid);
        if let Some(at) = found {
            let known = &world.links[at];
            if (known.class, &*known.name, &*known.head, &*known.owner)
                != (link.class, &*link.name, &*link.head, owner)
            {
                return Err(Error::Rejected("another link".into()));
            }
            if fault != Some(Fault::LoseRequest) {
                world.links.remove(at);
            }
        }
        match fault {
            None => Ok(()),
            Some(_) => Err(Error::Unreachable("no answer".into())),
        }
    })
}
