//! Collections.

use super::real::api::Error;
pub(crate) use super::real::collections::{
    Change, Collection, Detail, Disposal, NewCollection, Query, Revival, Which,
};
use super::{Fault, Late};

pub(crate) fn list(query: &Query) -> Result<Vec<Collection>, Error> {
    super::with(|world| {
        world.ask("collections.list");
        let is_meant = |collection: &&Collection| {
            let is_asked = match &query.which {
                Which::Uuids(uuids) => uuids.contains(&collection.uuid),
                Which::PortableDataHash(content) => *content == collection.portable_data_hash,
                Which::Property(asked) => collection.properties.iter().any(|property| {
                    let is_one = || {
                        asked.key == crate::image::REPO_TAG && property.value.contains(&asked.value)
                    };
                    property.key == asked.key && (property.value == asked.value || is_one())
                }),
                Which::PropertyStartingWith(asked) => {
                    collection.properties.iter().any(|property| {
                        let beginning = asked.value.trim_end_matches('"');
                        property.key == asked.key && property.value.starts_with(beginning)
                    })
                }
            };
            is_asked
                && world.is_visible(&collection.uuid)
                && query
                    .owner
                    .as_ref()
                    .is_none_or(|owner| *owner == collection.owner)
        };
        let mut found: Vec<_> = world.collections.iter().filter(is_meant).cloned().collect();
        let newest = query.newest.map_or(usize::MAX, |newest| newest as usize);
        found.drain(..found.len().saturating_sub(newest));
        Ok(found
            .into_iter()
            .map(|collection| match query.detail {
                Detail::Manifest => collection,
                Detail::Attributes => Collection {
                    manifest: None,
                    ..collection
                },
                Detail::Identity => Collection {
                    owner: String::new(),
                    created_at: collection.created_at,
                    ..crate::testing::collection(&collection.uuid)
                },
            })
            .collect())
    })
}

pub(crate) fn create(new: &NewCollection) -> Result<Collection, Error> {
    super::with(|world| {
        world.calls.push(format!("collections.create {}", new.name));
        let fault = world.fault();
        if fault == Some(Fault::Fail) {
            return Err(Error::Other("the server is down".into()));
        }
        let is_reused = new.manifest.contains(super::keep::REUSED);
        if world.refuses_all || (world.refuses_reused && is_reused) {
            return Err(Error::Forbidden("403".into()));
        }
        let owner = new.owner.clone().unwrap_or(crate::testing::USER.into());
        let is_taken = world
            .collections
            .iter()
            .any(|other| other.owner == owner && other.name == new.name);
        let uuid = format!(
            "zzzzz-4zz18-{:015}",
            world.collections.len() + world.late.len()
        );
        let collection = Collection {
            name: if is_taken {
                format!("{} ({})", new.name, &uuid[12..])
            } else {
                new.name.clone()
            },
            owner,
            portable_data_hash: crate::manifest::portable_data_hash(&new.manifest),
            created_at: world.tick(),
            properties: new.properties.clone(),
            replicas: new.replicas,
            storage_classes: new.storage_classes.clone(),
            manifest: Some(new.manifest.clone()),
            ..crate::testing::collection(&uuid)
        };
        match fault {
            Some(Fault::LoseRequest) => {}
            Some(Fault::Late(questions)) => {
                let late = Late::Collection(collection.clone());
                world.late.push((questions, late));
            }
            _ => world.collections.push(collection.clone()),
        }
        match fault {
            None => Ok(collection),
            Some(_) => Err(Error::Uncertain("no answer".into())),
        }
    })
}

pub(crate) fn update(change: &Change) -> Result<(), Error> {
    super::with(|world| {
        world
            .calls
            .push(format!("collections.update {}", change.collection));
        let fault = world.fault();
        if fault == Some(Fault::Fail) || world.refuses_updates {
            return Err(Error::Forbidden("403".into()));
        }
        let owner = change.owner.as_deref().unwrap_or(crate::testing::USER);
        let collection = world
            .collections
            .iter_mut()
            .find(|collection| collection.uuid == change.collection && collection.owner == owner)
            .ok_or_else(|| Error::NotFound("404".into()))?;
        if fault != Some(Fault::LoseRequest) {
            let properties = &mut collection.properties;
            properties.retain(|property| property.key != crate::image::REPO_TAG);
            properties.push(crate::types::Property {
                key: crate::image::REPO_TAG.into(),
                value: change.repo_tag.clone(),
            });
        }
        match fault {
            None => Ok(()),
            Some(_) => Err(Error::Unreachable("no answer".into())),
        }
    })
}

pub(crate) fn trash(disposal: &Disposal) -> Result<Option<String>, Error> {
    super::with(|world| {
        let uuid = &disposal.collection;
        world.calls.push(format!("collections.trash {uuid}"));
        let fault = world.fault();
        if fault == Some(Fault::Fail) {
            return Err(Error::Forbidden("403".into()));
        }
        let owner = disposal.owner.as_deref().unwrap_or(crate::testing::USER);
        let known = world.collections.iter().find(|known| known.uuid == *uuid);
        let is_it = known.is_some_and(|known| {
            known.owner == owner && known.portable_data_hash == disposal.portable_data_hash
        });
        if !is_it {
            return Err(Error::Rejected("another collection".into()));
        }
        if fault != Some(Fault::LoseRequest) && world.is_visible(uuid) {
            world.hidden.push(uuid.clone());
        }
        match fault {
            None => Ok(Some("2026-01-15T00:00:00.000000000Z".into())),
            Some(_) => Err(Error::Unreachable("no answer".into())),
        }
    })
}

pub(crate) fn untrash(revival: &Revival) -> Result<(), Error> {
    super::with(|world| {
        let uuid = &revival.collection;
        world.calls.push(format!("collections.untrash {uuid}"));
        let fault = world.fault();
        if fault == Some(Fault::Fail) {
            return Err(Error::Forbidden("403".into()));
        }
        let owner = revival.owner.as_deref().unwrap_or(crate::testing::USER);
        let mut known = world.collections.iter();
        let known = known.find(|known| known.uuid == *uuid);
        match known.ok_or_else(|| Error::NotFound("404".into()))? {
            known if known.owner != owner => Err(Error::Rejected("another's".into())),
            _ if fault == Some(Fault::LoseRequest) => Err(Error::Unreachable("no answer".into())),
            _ => {
                world.hidden.retain(|hidden| hidden != uuid);
                Ok(())
            }
        }
    })
}
