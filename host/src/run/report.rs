//! What a page about images in Keep is made of.

use std::collections::HashMap;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use keepdocker_console::Report;
use serde::Serialize;

use super::Surroundings;
use super::doctor::{Finding, diagnosed};
use crate::api::links::{Class, Link};
use crate::keep::Locator;
use crate::planner::Facts;

/// All that a page tells, under the names that its scripts know.
#[derive(Debug, Serialize)]
pub(crate) struct Overview {
    schema: &'static str,
    cluster: String,
    /// The project that was asked for.
    project: Option<String>,
    /// When this was asked.
    made: String,
    version: &'static str,
    /// The SHA-256 digest of the planner in the page.
    planner: String,
    formats: Option<Vec<String>>,
    links: Vec<ShownLink>,
    collections: Vec<ShownCollection>,
    /// How many more collections there are.
    left: usize,
    /// The names of owners, by UUID.
    owners: HashMap<String, String>,
    findings: Vec<ShownFinding>,
}

/// A link as the planner has it in JavaScript.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownLink {
    uuid: String,
    class: &'static str,
    name: String,
    head: String,
    tail: String,
    owner: String,
    properties: Vec<ShownProperty>,
    created_at: String,
}

#[derive(Debug, Serialize)]
struct ShownProperty {
    key: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct ShownCollection {
    uuid: String,
    owner: String,
    name: String,
    hash: String,
    created: String,
    /// Without signatures, which would give whoever has the page the right to read.
    manifest: String,
}

#[derive(Debug, Serialize)]
struct ShownFinding {
    told: String,
    advice: Option<String>,
    about: Option<super::doctor::About>,
}

impl Surroundings {
    /// Asks what a page tells of a project, or of all that the token may read.
    ///
    /// # Errors
    /// If the cluster does not tell, or a policy forbids to ask it.
    pub(crate) async fn overview(
        &self,
        project: Option<&str>,
        most: usize,
        planner: String,
    ) -> Result<Overview, Report> {
        let facts = self.survey(project, most).await?;
        let findings = diagnosed(&facts).await?;
        let capabilities = self.capabilities()?;
        let owners = facts.collections.iter();
        let owners: Vec<String> = owners.map(|collection| collection.owner.clone()).collect();
        // A token that may not see owners sees their UUIDs.
        let owners = capabilities.api.api().names_of_owners(&owners).await;
        Ok(Overview {
            schema: "keepdocker.report/1",
            cluster: self.host(),
            project: project.map(str::to_owned),
            made: DateTime::<Utc>::from(SystemTime::now())
                .to_rfc3339_opts(SecondsFormat::Secs, true),
            version: env!("CARGO_PKG_VERSION"),
            planner,
            links: facts.links.iter().map(shown_link).collect(),
            collections: shown_collections(&facts),
            left: facts.others.len(),
            owners: owners.unwrap_or_default(),
            findings: findings.into_iter().map(shown_finding).collect(),
            formats: facts.formats,
        })
    }
}

fn shown_link(link: &Link) -> ShownLink {
    let property = |property: &keepdocker_arvados::api::Property| ShownProperty {
        key: property.key.clone(),
        value: property.value.clone(),
    };
    ShownLink {
        uuid: link.uuid.clone(),
        class: match link.class {
            Class::ImageHash => "image-hash",
            Class::RepoTag => "repo-tag",
            Class::Migration => "migration",
        },
        name: link.name.clone(),
        head: link.head.clone(),
        tail: link.tail.clone(),
        owner: link.owner.clone(),
        properties: link.properties.iter().map(property).collect(),
        created_at: link.created_at.clone(),
    }
}

fn shown_collections(facts: &Facts) -> Vec<ShownCollection> {
    let shown = facts.collections.iter().map(|collection| ShownCollection {
        uuid: collection.uuid.clone(),
        owner: collection.owner.clone(),
        name: collection.name.clone(),
        hash: collection.portable_data_hash.clone(),
        created: collection.created_at.clone(),
        manifest: unsigned(collection.manifest.as_deref().unwrap_or_default()),
    });
    shown.collect()
}

/// Returns a manifest without the signatures of its locators.
fn unsigned(manifest: &str) -> String {
    let word = |word: &str| match word.parse::<Locator>() {
        Ok(locator) => locator.without_signature(),
        Err(_) => word.to_owned(),
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = manifest.split('\n').map(line).collect();
    lines.join("\n")
}

fn shown_finding(finding: Finding) -> ShownFinding {
    ShownFinding {
        told: finding.told,
        advice: finding.advice,
        about: finding.about,
    }
}
