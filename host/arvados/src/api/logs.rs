//! What logs tell of the links that name images: who made, changed and removed them.
//!
//! A cluster shows a log to everybody who can see its author, whatever it is about. What of it a reader may be told, is
//! for the caller to decide.

use keepdocker_terms::link_class::LinkClass;
use serde::Deserialize;
use serde_json::{Value, json};

use super::filter::{CHUNK, Filter, chunks};
use super::links::Link;
use super::page::Page;
use super::{Api, Error, Property};
use crate::http::Http;

const ACTION: &str = "read the logs";

/// What happened to a link that names an image.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkEvent {
    /// The link's UUID.
    pub link: String,
    /// When it happened, by the server's clock.
    pub at: String,
    /// The user who did it.
    pub user: String,
    /// What the link was before; none if it was made.
    pub before: Option<NameLink>,
    /// What it was then; none if it was removed.
    pub after: Option<NameLink>,
}

/// A link that names an image, at some moment.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct NameLink {
    /// The name.
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    pub name: String,
    /// What it led to.
    #[serde(
        default,
        rename = "head_uuid",
        deserialize_with = "crate::null_as_empty"
    )]
    pub head: String,
    /// Who owned it.
    #[serde(
        default,
        rename = "owner_uuid",
        deserialize_with = "crate::null_as_empty"
    )]
    pub owner: String,
    /// When it was made, by the server's clock.
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    pub created_at: String,
    /// Its properties, in the order of their names.
    #[serde(default, deserialize_with = "super::row::properties")]
    pub properties: Vec<Property>,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    link_class: String,
}

impl From<&Link> for NameLink {
    fn from(link: &Link) -> Self {
        Self {
            name: link.name.clone(),
            head: link.head.clone(),
            owner: link.owner.clone(),
            created_at: link.created_at.clone(),
            properties: link.properties.clone(),
            link_class: link.class.name().to_owned(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct LogRow {
    uuid: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    object_uuid: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    event_at: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    modified_by_user_uuid: String,
    #[serde(default)]
    properties: Value,
}

impl<H: Http> Api<H> {
    /// Returns what happened to these links, and to others that are or were in these projects, oldest first; and
    /// whether there may be more. Of each question no more than the newest thousand events are read.
    ///
    /// # Errors
    /// If the token is not accepted, or the cluster does not answer.
    pub async fn link_events(
        &self,
        links: &[String],
        projects: &[String],
    ) -> Result<(Vec<LinkEvent>, bool), Error> {
        let is_link = format!("{}-o0j2j-", self.cluster().await?.id);
        let mut questions: Vec<Vec<Filter>> = chunks(links)
            .iter()
            .map(|links| vec![Filter::one_of("object_uuid", links)])
            .collect();
        questions.extend(chunks(projects).iter().map(|projects| {
            vec![
                Filter::one_of("object_owner_uuid", projects),
                Filter::starts_with("object_uuid", &is_link),
            ]
        }));
        let mut rows: Vec<LogRow> = Vec::new();
        let mut is_cut = false;
        for mut filters in questions {
            filters.push(Filter::one_of(
                "event_type",
                &["create", "update", "delete"],
            ));
            let filters: Vec<_> = filters.iter().map(|filter| &filter.0).collect();
            let query = [
                ("filters", json!(filters).to_string()),
                ("order", r#"["event_at desc","uuid desc"]"#.to_owned()),
                (
                    "select",
                    r#"["uuid","object_uuid","event_at","modified_by_user_uuid","properties"]"#
                        .to_owned(),
                ),
                ("limit", CHUNK.to_string()),
                ("count", "none".to_owned()),
            ];
            let page: Page<LogRow> = self.read(ACTION, "arvados/v1/logs", &query).await?;
            is_cut |= page.is_full();
            rows.extend(page.items);
        }
        rows.sort_by(|a, b| (&a.event_at, &a.uuid).cmp(&(&b.event_at, &b.uuid)));
        rows.dedup_by(|row, before| row.uuid == before.uuid);
        Ok((rows.into_iter().filter_map(LogRow::event).collect(), is_cut))
    }
}

impl LogRow {
    /// Returns the event, if it is about a link that names an image, and changed something of that.
    ///
    /// Whoever can make logs can write anything into them: what is no link counts as none, and takes no other log with it.
    fn event(mut self) -> Option<LinkEvent> {
        let mut link = |member: &str| {
            let attributes = self.properties.get_mut(member)?.take();
            let link: NameLink = serde_json::from_value(attributes).ok()?;
            Some(link).filter(|link| link.link_class == LinkClass::RepoTag.name())
        };
        let (before, after) = (link("old_attributes"), link("new_attributes"));
        (before != after).then_some(LinkEvent {
            link: self.object_uuid,
            at: self.event_at,
            user: self.modified_by_user_uuid,
            before,
            after,
        })
    }
}
