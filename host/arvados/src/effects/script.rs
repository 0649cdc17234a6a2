//! What stands between the component's writes and the cluster while a plan is made or followed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use keepdocker_terms::uuid::{self, Kind};

use super::deviation::Deviation;
use super::step::Step;
use crate::api::collections::{Collection, NewCollection, Query as CollectionQuery, Which};
use crate::api::links::{self, Link, Names, NewLink, Query as LinkQuery};

/// Notes the writes of one run, and says whether they are to be done.
#[derive(Debug)]
pub struct Script {
    /// The steps to follow; none where nothing is done.
    planned: Option<Vec<Step>>,
    notes: Mutex<Notes>,
}

/// What happened so far.
#[derive(Debug, Default)]
struct Notes {
    steps: Vec<Step>,
    /// What the component believes to have created.
    collections: Vec<Collection>,
    links: Vec<Link>,
    /// The UUIDs of created collections, in the order of their steps.
    created: Vec<String>,
    deviation: Option<Deviation>,
}

impl Script {
    /// Makes a script under which nothing is written.
    #[must_use]
    pub fn rehearsal() -> Self {
        Self {
            planned: None,
            notes: Mutex::default(),
        }
    }

    /// Makes a script under which these steps are done, one after the other, and no others.
    #[must_use]
    pub fn following(steps: Vec<Step>) -> Self {
        Self {
            planned: Some(steps),
            notes: Mutex::default(),
        }
    }

    /// Tells whether nothing is written.
    #[must_use]
    pub(crate) fn is_rehearsal(&self) -> bool {
        self.planned.is_none()
    }

    /// Notes a step and tells whether it is to be done.
    ///
    /// # Errors
    /// If the plan has another step in this place; then it must not be done, nor any after it.
    pub fn take(&self, step: Step) -> Result<bool, Deviation> {
        let mut notes = self.notes();
        if let Some(earlier) = &notes.deviation {
            return Err(earlier.clone());
        }
        if let Some(planned) = &self.planned {
            let next = planned.get(notes.steps.len());
            if next != Some(&step) {
                let deviation = Deviation {
                    asked: step.to_string(),
                    planned: next.map_or("nothing more".to_owned(), ToString::to_string),
                };
                notes.deviation = Some(deviation.clone());
                return Err(deviation);
            }
        }
        notes.steps.push(step);
        Ok(self.planned.is_some())
    }

    /// Returns the steps so far.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        self.notes().steps.clone()
    }

    /// Returns where the run left the plan, if it did.
    #[must_use]
    pub fn deviation(&self) -> Option<Deviation> {
        self.notes().deviation.clone()
    }

    /// Returns what the steps call a collection: the same name in every run, whatever the cluster
    /// called it.
    #[must_use]
    pub fn name_of(&self, uuid: &str) -> String {
        let notes = self.notes();
        match notes.created.iter().position(|created| created == uuid) {
            Some(index) => uuid::planned(
                uuid.get(..5).unwrap_or("zzzzz"),
                Kind::Collection,
                index + 1,
            ),
            None => uuid.to_owned(),
        }
    }

    /// Notes which UUID the cluster gave to the collection of the last step.
    pub fn created(&self, uuid: &str) {
        self.notes().created.push(uuid.to_owned());
    }

    /// Makes up the collection that the cluster would have created.
    #[must_use]
    pub(crate) fn invent_collection(
        &self,
        new: &NewCollection,
        cluster: &str,
        owner: &str,
    ) -> Collection {
        let mut notes = self.notes();
        let uuid = uuid::planned(cluster, Kind::Collection, notes.created.len() + 1);
        let collection = Collection::made_up(uuid, owner.to_owned(), now(), new);
        notes.created.push(collection.uuid.clone());
        notes.collections.push(collection.clone());
        collection
    }

    /// Notes that the component believes to have brought a collection back from the trash.
    pub(crate) fn brought_back(&self, collection: Collection) {
        self.notes().collections.push(collection);
    }

    /// Makes up the link that the cluster would have created.
    #[must_use]
    pub(crate) fn invent_link(&self, new: &NewLink, cluster: &str, owner: &str) -> Link {
        let mut notes = self.notes();
        let link = Link {
            uuid: uuid::planned(cluster, Kind::Link, notes.links.len() + 1),
            class: new.class,
            name: new.name.clone(),
            head: new.head.clone(),
            tail: String::new(),
            owner: owner.to_owned(),
            properties: new.properties.clone(),
            created_at: now(),
        };
        notes.links.push(link.clone());
        link
    }

    /// Tells whether the component believes to have removed something.
    pub(crate) fn has_removed(&self) -> bool {
        self.is_rehearsal() && self.notes().removed().next().is_some()
    }

    /// Adds the links that were made up, as far as the query asks for them; they are the youngest. Leaves out those
    /// that are believed to be removed, where they can be told.
    pub(crate) fn add_links(&self, query: &LinkQuery, links: &mut Vec<Link>) {
        let matches = |link: &&Link| {
            query.classes.contains(&link.class)
                && match &query.names {
                    Names::All => true,
                    Names::Exactly(names) => names.contains(&link.name),
                    Names::StartingWith(start) => link.name.starts_with(start),
                }
                && query
                    .heads
                    .as_ref()
                    .is_none_or(|heads| heads.contains(&link.head))
                && query
                    .owner
                    .as_ref()
                    .is_none_or(|owner| *owner == link.owner)
        };
        let notes = self.notes();
        links.extend(notes.links.iter().filter(matches).cloned());
        if self.is_rehearsal() {
            links.retain(|link| !notes.has_removed(&link.uuid));
        }
        if query.detail == links::Detail::Brief {
            links.iter_mut().for_each(Link::shorten);
        }
        keep_newest(links, query.newest);
    }

    /// Adds the collections that were made up, as far as the query asks for them, and leaves out those that are
    /// believed to be removed.
    pub(crate) fn add_collections(
        &self,
        query: &CollectionQuery,
        collections: &mut Vec<Collection>,
    ) {
        let matches = |collection: &&Collection| {
            (match &query.which {
                Which::Uuids(uuids) => uuids.contains(&collection.uuid),
                Which::PortableDataHash(hash) => collection.portable_data_hash == *hash,
                Which::Property(_) => query.which.has(collection),
                Which::PropertyStartingWith(_) => query.which.begins(collection),
            }) && query
                .owner
                .as_ref()
                .is_none_or(|owner| *owner == collection.owner)
        };
        let notes = self.notes();
        if self.is_rehearsal() {
            collections.retain(|collection| !notes.has_removed(&collection.uuid));
        }
        let found = notes.collections.iter().filter(matches).cloned();
        collections.extend(found.map(|collection| collection.in_detail(query.detail)));
        keep_newest(collections, query.newest);
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        // Notes are whole after every step, so a panic elsewhere does no harm.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notes {
    /// Returns the UUIDs of what the steps remove.
    fn removed(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(Step::removes)
    }

    fn has_removed(&self, uuid: &str) -> bool {
        self.removed().any(|removed| removed == uuid)
    }
}

/// Leaves as many as were asked for, those created last.
fn keep_newest<T>(objects: &mut Vec<T>, newest: Option<u32>) {
    let most = newest.map_or(usize::MAX, |newest| newest as usize);
    objects.drain(..objects.len().saturating_sub(most));
}

fn now() -> String {
    chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now())
        .to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::collections::Detail;

    fn pull(name: &str) -> Step {
        Step::Pull { name: name.into() }
    }

    #[test]
    fn a_rehearsal_does_nothing_and_notes_everything() {
        let script = Script::rehearsal();
        assert_eq!(script.take(pull("a")), Ok(false));
        assert_eq!(script.steps(), [pull("a")]);
    }

    #[test]
    fn what_is_not_planned_is_not_done_and_ends_it() {
        let script = Script::following(vec![pull("a"), pull("b")]);
        assert_eq!(script.take(pull("a")), Ok(true));
        let deviation = script.take(pull("c")).unwrap_err();
        assert!(deviation.planned.contains("pull b"), "{deviation}");
        // Not even what was planned comes after that.
        assert_eq!(script.take(pull("b")), Err(deviation.clone()));
        assert_eq!(script.deviation(), Some(deviation));

        let short = Script::following(vec![]);
        let deviation = short.take(pull("a")).unwrap_err();
        assert_eq!(deviation.planned, "nothing more");
    }

    #[test]
    fn collections_have_the_same_name_in_every_run() {
        let rehearsal = Script::rehearsal();
        let new = NewCollection {
            name: "n".into(),
            owner: None,
            manifest: String::new(),
            properties: Vec::new(),
            replicas: None,
            storage_classes: Vec::new(),
        };
        let invented = rehearsal.invent_collection(&new, "zzzzz", "zzzzz-tpzed-000000000000000");
        let following = Script::following(Vec::new());
        following.created("zzzzz-4zz18-aaaaaaaaaaaaaaa");
        assert_eq!(
            following.name_of("zzzzz-4zz18-aaaaaaaaaaaaaaa"),
            rehearsal.name_of(&invented.uuid)
        );
        assert_eq!(following.name_of("zzzzz-4zz18-b"), "zzzzz-4zz18-b");

        let query = |which, newest| CollectionQuery {
            which,
            owner: None,
            newest,
            detail: Detail::Attributes,
        };
        for (which, found) in [
            (Which::Uuids(vec![invented.uuid.clone()]), 1),
            (Which::Uuids(vec!["other".into()]), 0),
            (
                Which::PortableDataHash(invented.portable_data_hash.clone()),
                1,
            ),
        ] {
            let mut collections = Vec::new();
            rehearsal.add_collections(&query(which, None), &mut collections);
            assert_eq!(collections.len(), found);
        }

        // It has no more to tell than the cluster would have.
        for (detail, name, has_manifest) in [
            (Detail::Identity, "", false),
            (Detail::Attributes, "n", false),
            (Detail::Manifest, "n", true),
        ] {
            let mut collections = Vec::new();
            let asked = CollectionQuery {
                detail,
                ..query(Which::Uuids(vec![invented.uuid.clone()]), None)
            };
            rehearsal.add_collections(&asked, &mut collections);
            assert_eq!(collections[0].name, name);
            assert_eq!(collections[0].manifest.is_some(), has_manifest);
            assert_eq!(collections[0].uuid, invented.uuid);
        }

        // What is made up is younger than what the cluster has, so of all it is the newest.
        let mut collections = vec![Collection {
            uuid: "zzzzz-4zz18-older0000000000".into(),
            ..invented.clone()
        }];
        let by_hash = Which::PortableDataHash(invented.portable_data_hash.clone());
        rehearsal.add_collections(&query(by_hash, Some(1)), &mut collections);
        let uuids: Vec<_> = collections.iter().map(|found| &found.uuid).collect();
        assert_eq!(uuids, [&invented.uuid]);
    }
}
