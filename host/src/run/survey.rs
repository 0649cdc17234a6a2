//! The images of a cluster or a project, as far as the token may read them.
//!
//! This is asked for people to look at, with the user's token: the component has no part in it.

use std::collections::HashSet;

use keepdocker_arvados::api::Error;
use keepdocker_arvados::api::collections::{Detail, Query, Which};
use keepdocker_arvados::api::links::{self, Class, Link, Names};
use keepdocker_console::Report;

use super::Surroundings;
use crate::bindings::commands::Failure;
use crate::planner::Facts;

impl Surroundings {
    /// Asks for all links of images, and for the collections that they lead to: with their manifests no more than
    /// `most`, those that were linked last; a project's come first.
    ///
    /// # Errors
    /// If the cluster does not tell, or a policy forbids to ask it.
    pub(crate) async fn survey(&self, project: Option<&str>, most: usize) -> Result<Facts, Report> {
        // A policy may say to whom the token must not go.
        self.policy()?;
        let capabilities = self.capabilities()?;
        let api = capabilities.api.api();
        let report = |error: Error| Report::from(Failure::Api(error.into()));
        let cluster = api.cluster().await.map_err(report)?;
        let query = links::Query {
            classes: vec![Class::ImageHash, Class::RepoTag, Class::Migration],
            names: Names::All,
            heads: None,
            owner: None,
            detail: links::Detail::Full,
            newest: None,
        };
        let mut links = api.list_links(&query).await.map_err(report)?;
        if let Some(project) = project {
            keep_concerning(&mut links, project);
        }
        let heads = heads(&links, project);
        let (first, rest) = heads.split_at(heads.len().min(most));
        let list = async |uuids: &[String], detail| {
            let query = Query {
                which: Which::Uuids(uuids.to_vec()),
                owner: None,
                detail,
                newest: None,
            };
            api.list_collections(&query).await.map_err(report)
        };
        let collections = list(first, Detail::Manifest).await?;
        let others = list(rest, Detail::Identity).await?;
        Ok(Facts {
            formats: cluster.image_formats.clone(),
            links,
            collections,
            others: others.into_iter().map(|other| other.uuid).collect(),
            owner: project.map(str::to_owned),
        })
    }
}

/// Leaves the links that bear on what the links of this project lead to.
fn keep_concerning(links: &mut Vec<Link>, project: &str) {
    let own = links.iter().filter(|link| link.owner == project);
    let known: HashSet<String> = own
        .flat_map(|link| [link.head.clone(), link.name.clone()])
        .collect();
    links.retain(|link| {
        link.class == Class::Migration
            || known.contains(&link.head)
            || (link.class == Class::RepoTag && known.contains(&link.name))
    });
}

/// Returns what the links lead to, each once: a project's first, then what was linked last.
fn heads(links: &[Link], project: Option<&str>) -> Vec<String> {
    let mut seen = HashSet::new();
    let is_own = |link: &&Link| project.is_none_or(|project| link.owner == project);
    let newest = || {
        links
            .iter()
            .rev()
            .filter(|link| link.class != Class::Migration)
    };
    let in_order = newest().filter(is_own).chain(newest());
    in_order
        .filter(|link| seen.insert(&link.head))
        .map(|link| link.head.clone())
        .collect()
}
