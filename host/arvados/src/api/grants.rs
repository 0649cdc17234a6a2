//! What permission links say of objects, for people to look at: nothing is decided by it.

use serde::Deserialize;

use super::filter::{Filter, chunks};
use super::page::{self, Page, Pages};
use super::permissions::Level;
use super::row::Row;
use super::{Api, Error};
use crate::http::Http;

const ACTION: &str = "list permissions";

/// What somebody may do with an object, by a link that the token sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The collection or project.
    pub object: String,
    /// The user or group who has it.
    pub holder: String,
    /// What that one may do.
    pub level: Level,
}

#[derive(Debug, Deserialize)]
struct GrantRow {
    uuid: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    created_at: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    name: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    head_uuid: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    tail_uuid: String,
}

impl Row for GrantRow {
    fn uuid(&self) -> &str {
        &self.uuid
    }

    fn created_at(&self) -> &str {
        &self.created_at
    }
}

struct GrantPages<'a, H> {
    api: &'a Api<H>,
    filters: Vec<Filter>,
}

impl<H: Http> Pages<GrantRow> for GrantPages<'_, H> {
    async fn fetch(&self, which: page::Which<'_>) -> Result<Page<GrantRow>, Error> {
        const SELECT: [&str; 5] = ["uuid", "created_at", "name", "head_uuid", "tail_uuid"];
        let query = page::query(which, &self.filters, &SELECT);
        self.api.read(ACTION, "arvados/v1/links", &query).await
    }
}

impl<H: Http> Api<H> {
    /// Returns what links give on these very objects, oldest first, as far as the token may see such links: a server
    /// shows them to those who manage the object or have the permission.
    ///
    /// # Errors
    /// If the token is not accepted, or the cluster does not answer.
    pub async fn grants(&self, objects: &[String]) -> Result<Vec<Grant>, Error> {
        let lists = chunks(objects).into_iter().map(|objects| {
            let filters = vec![
                Filter::equals("link_class", "permission"),
                Filter::one_of("head_uuid", &objects),
            ];
            (GrantPages { api: self, filters }, None)
        });
        let rows = page::all(ACTION, lists.collect(), None).await?;
        let grants = rows.into_iter().filter_map(|row| {
            // A login is no level.
            let level = Level::named(&row.name)?;
            Some(Grant {
                object: row.head_uuid,
                holder: row.tail_uuid,
                level,
            })
        });
        Ok(grants.collect())
    }
}
