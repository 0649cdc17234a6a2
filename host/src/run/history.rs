//! What became of names: who gave them to which image, and when.
//!
//! This is asked for people to look at, with the user's token: the component has no part in it.

use std::collections::{BTreeMap, HashMap};

use keepdocker_arvados::api::Error;
use keepdocker_arvados::api::links::{Class, Detail, Link, Names, Query};
use keepdocker_arvados::api::logs::{LinkEvent, NameLink};
use keepdocker_console::Report;
use keepdocker_decisions::{resolution, types};

use super::Surroundings;
use crate::bindings::commands::Failure;

/// What became of some names.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// What happened, the latest first.
    pub changes: Vec<Change>,
    /// The names of the users and projects, as far as the token may see them.
    pub people: HashMap<String, String>,
    /// Whether older logs were not read.
    pub is_cut: bool,
}

/// What happened to a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// The name.
    pub name: String,
    /// When.
    pub at: String,
    /// Who did it; none where no log tells.
    pub user: Option<String>,
    /// What it led to before, by this link.
    pub from: Option<String>,
    /// What it led to then, by this link.
    pub to: Option<String>,
    /// What the name led to before, by all links of this project that are known.
    pub led_to: Option<String>,
    /// What it led to then, by all of them.
    pub leads_to: Option<String>,
    /// The project whose link it is.
    pub project: String,
    /// The link.
    pub link: String,
}

impl Surroundings {
    /// Asks what became of these names, in the projects where the token sees them, and in one more.
    ///
    /// # Errors
    /// If the cluster does not tell, or a policy forbids to ask it.
    pub(crate) async fn history(
        &self,
        names: &[String],
        project: Option<&str>,
    ) -> Result<History, Report> {
        let report = |error: Error| Report::from(Failure::Api(error.into()));
        // A policy may say to whom the token must not go.
        self.policy()?;
        let capabilities = self.capabilities()?;
        let api = capabilities.api.api();
        let query = Query {
            classes: vec![Class::RepoTag],
            names: Names::Exactly(names.to_vec()),
            heads: None,
            owner: project.map(str::to_owned),
            detail: Detail::Full,
            newest: None,
        };
        let links = api.list_links(&query).await.map_err(report)?;
        // The logs of a project are told to those who can read what is in it.
        let mut owners: Vec<String> = links.iter().map(|link| link.owner.clone()).collect();
        owners.push(match project {
            Some(project) => api.project(project).await.map_err(report)?.uuid,
            None => api.current_user().await.map_err(report)?,
        });
        owners.sort();
        owners.dedup();
        let uuids: Vec<String> = links.iter().map(|link| link.uuid.clone()).collect();
        let (events, is_cut) = api.link_events(&uuids, &owners).await.map_err(report)?;
        let mut changes = told(names, &owners, &links, events);
        changes.reverse();
        let users = changes.iter().filter_map(|change| change.user.clone());
        let asked: Vec<String> = users.chain(owners).collect();
        // A token that may not see people sees their UUIDs.
        let people = api.names_of_owners(&asked).await.unwrap_or_default();
        Ok(History {
            changes,
            people,
            is_cut,
        })
    }
}

/// Returns what may be told of these events, and of links that no log is about, oldest first.
///
/// A log shows more than its reader may see: what is told is what a link in one of these projects was.
fn told(
    names: &[String],
    owners: &[String],
    links: &[Link],
    mut events: Vec<LinkEvent>,
) -> Vec<Change> {
    events.extend(unrecorded(links, &events));
    events.sort_by(|a, b| a.at.cmp(&b.at));
    let mut known = Known::default();
    let mut changes = Vec::new();
    for event in events {
        let readable = |link: &NameLink| owners.contains(&link.owner);
        let before = event.before.filter(readable);
        let after = event.after.filter(readable);
        let (Some(first), Some(last)) = (
            before.as_ref().or(after.as_ref()),
            after.as_ref().or(before.as_ref()),
        ) else {
            continue;
        };
        let (from, to) = (place_of(first), place_of(last));
        let (led_from, led_to) = (known.leads_to(&from), known.leads_to(&to));
        known.set(&event.link, before.as_ref(), after.as_ref());
        let (leads_from, leads_to) = (known.leads_to(&from), known.leads_to(&to));
        // One name less and another more are two changes.
        let parts = match from.0 == to.0 {
            true => vec![(before, after, led_to, leads_to)],
            false => vec![
                (before, None, led_from, leads_from),
                (None, after, led_to, leads_to),
            ],
        };
        for (before, after, led_to, leads_to) in parts {
            let Some(link) = after.as_ref().or(before.as_ref()) else {
                continue;
            };
            let is_same = |other: &NameLink| other.head == link.head && other.owner == link.owner;
            if !names.contains(&link.name)
                || (after.is_some() && before.as_ref().is_some_and(is_same))
            {
                continue;
            }
            changes.push(Change {
                name: link.name.clone(),
                at: event.at.clone(),
                user: Some(event.user.clone()).filter(|user| !user.is_empty()),
                project: link.owner.clone(),
                link: event.link.clone(),
                led_to,
                leads_to,
                from: before.map(|link| link.head),
                to: after.map(|link| link.head),
            });
        }
    }
    changes
}

/// Returns the making of those links of which no log tells it, with nobody who did it.
fn unrecorded(links: &[Link], events: &[LinkEvent]) -> Vec<LinkEvent> {
    let mut first: HashMap<&str, &LinkEvent> = HashMap::new();
    for event in events {
        first.entry(&event.link).or_insert(event);
    }
    let mut made = Vec::new();
    for link in links {
        // What it was at first, the first that is known to have changed tells.
        let former = match first.get(link.uuid.as_str()).map(|event| &event.before) {
            Some(None) => continue,
            Some(former) => former.clone(),
            None => None,
        };
        made.push(LinkEvent {
            link: link.uuid.clone(),
            at: link.created_at.clone(),
            user: String::new(),
            before: None,
            after: Some(former.unwrap_or_else(|| NameLink::from(link))),
        });
    }
    made
}

/// So many links of a name in a project are compared at most; whoever may write there can make any number.
const MOST_COMPARED: usize = 500;

/// A name, and the project whose links give it.
type Place = (String, String);

/// The links that are known to have been there at some moment, by their UUIDs, for each name in each project.
#[derive(Default)]
struct Known(HashMap<Place, BTreeMap<String, NameLink>>);

impl Known {
    /// A link was made, changed or removed.
    fn set(&mut self, uuid: &str, before: Option<&NameLink>, after: Option<&NameLink>) {
        if let Some(links) = before.and_then(|link| self.0.get_mut(&place_of(link))) {
            links.remove(uuid);
        }
        if let Some(link) = after {
            let links = self.0.entry(place_of(link)).or_default();
            links.insert(uuid.to_owned(), link.clone());
        }
    }

    /// Returns what a name led to by the links of a project, in the order that the server has; none if there are too many to tell.
    fn leads_to(&self, place: &Place) -> Option<String> {
        let links = self.0.get(place).filter(|it| it.len() <= MOST_COMPARED)?;
        let links = links
            .iter()
            .map(|(uuid, link)| as_rules_have_it(uuid, link));
        let links: Vec<types::Link> = links.collect();
        let order = resolution::candidates(&links.iter().collect::<Vec<_>>());
        Some(order.into_iter().next()?.collection)
    }
}

fn place_of(link: &NameLink) -> Place {
    (link.name.clone(), link.owner.clone())
}

fn as_rules_have_it(uuid: &str, link: &NameLink) -> types::Link {
    let properties = link.properties.iter().map(|property| types::Property {
        key: property.key.clone(),
        value: property.value.clone(),
    });
    types::Link {
        uuid: uuid.to_owned(),
        class: types::LinkClass::RepoTag,
        name: link.name.clone(),
        head: link.head.clone(),
        tail: String::new(),
        owner: link.owner.clone(),
        properties: properties.collect(),
        created_at: link.created_at.clone(),
    }
}
