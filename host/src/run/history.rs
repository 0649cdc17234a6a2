//! What became of names: who gave them to which image, and when.
//!
//! This is asked for people to look at, with the user's token: the component has no part in it.

use std::collections::HashMap;

use keepdocker_arvados::api::Error;
use keepdocker_arvados::api::links::{Class, Detail, Link, Names, Query};
use keepdocker_arvados::api::logs::{LinkEvent, NameLink};
use keepdocker_console::Report;

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
        changes.sort_by(|a, b| b.at.cmp(&a.at));
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

/// Returns what may be told of these events, and of links that no log is about.
///
/// A log shows more than its reader may see: what is told is what a link in one of these projects was.
fn told(
    names: &[String],
    owners: &[String],
    links: &[Link],
    events: Vec<LinkEvent>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for event in events {
        let readable = |link: &NameLink| owners.contains(&link.owner);
        let before = event.before.filter(readable);
        let after = event.after.filter(readable);
        // One name less and another more are two changes.
        let is_same =
            before.as_ref().map(|link| &link.name) == after.as_ref().map(|link| &link.name);
        let pairs = match is_same {
            true => vec![(before, after)],
            false => vec![(before, None), (None, after)],
        };
        for (before, after) in pairs {
            let Some(known) = after.as_ref().or(before.as_ref()) else {
                continue;
            };
            if !names.contains(&known.name) || before == after {
                continue;
            }
            changes.push(Change {
                name: known.name.clone(),
                at: event.at.clone(),
                user: Some(event.user.clone()),
                project: known.owner.clone(),
                link: event.link.clone(),
                from: before.map(|link| link.head),
                to: after.map(|link| link.head),
            });
        }
    }
    for link in links {
        let is_made = |change: &Change| change.link == link.uuid && change.from.is_none();
        if !changes.iter().any(is_made) {
            changes.push(Change {
                name: link.name.clone(),
                at: link.created_at.clone(),
                user: None,
                from: None,
                to: Some(link.head.clone()),
                project: link.owner.clone(),
                link: link.uuid.clone(),
            });
        }
    }
    changes
}
