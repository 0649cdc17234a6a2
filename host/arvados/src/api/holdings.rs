//! What a listing tells of the collections that it names: how large they are, whose, and what they say of their images.
//!
//! The answers are for people to look at; nothing is decided by them.

use std::collections::HashMap;

use keepdocker_terms::uuid::{self, Kind};
use serde::Deserialize;

use super::filter::{Filter, chunks};
use super::page::{self, Page, Pages};
use super::projects::OwnerRow;
use super::row::Row;
use super::{Api, Error, Property};
use crate::http::Http;

/// A collection, as people tell collections apart.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Holding {
    /// Its identifier.
    pub uuid: String,
    /// The project or user that owns it.
    #[serde(
        default,
        rename = "owner_uuid",
        deserialize_with = "crate::null_as_empty"
    )]
    pub owner: String,
    /// The bytes of its files; none where the server does not say.
    #[serde(default, rename = "file_size_total")]
    pub size: Option<u64>,
    /// What it tells of its image, in the order of the names.
    #[serde(default, deserialize_with = "super::row::properties")]
    pub properties: Vec<Property>,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    created_at: String,
}

impl Row for Holding {
    fn uuid(&self) -> &str {
        &self.uuid
    }

    fn created_at(&self) -> &str {
        &self.created_at
    }
}

/// A list of rows of one kind with these UUIDs.
struct UuidPages<'a, H> {
    api: &'a Api<H>,
    action: &'static str,
    path: &'static str,
    filters: Vec<Filter>,
    /// What to ask for of each; empty for all.
    select: &'static [&'static str],
}

impl<T, H: Http> Pages<T> for UuidPages<'_, H>
where
    T: for<'de> Deserialize<'de> + Row + Send,
{
    async fn fetch(&self, which: page::Which<'_>) -> Result<Page<T>, Error> {
        let mut query = page::query(which, &self.filters, self.select);
        if self.select.is_empty() {
            query.retain(|(name, _)| *name != "select");
        }
        self.api.read(self.action, self.path, &query).await
    }
}

impl<H: Http> Api<H> {
    /// Returns what there is to tell of these collections, each once, in as few requests as the server allows.
    ///
    /// # Errors
    /// If the token is not accepted, or the cluster does not answer.
    pub async fn holdings(&self, uuids: &[String]) -> Result<Vec<Holding>, Error> {
        const SELECT: [&str; 5] = [
            "uuid",
            "created_at",
            "owner_uuid",
            "file_size_total",
            "properties",
        ];
        self.with_uuids("list collections", "arvados/v1/collections", uuids, &SELECT)
            .await
    }

    /// Returns the names of these projects and users by their UUIDs, as far as the token may see them. A name is
    /// printable and of bounded length.
    ///
    /// # Errors
    /// If the token is not accepted, or the cluster does not answer.
    pub async fn names_of_owners(
        &self,
        uuids: &[String],
    ) -> Result<HashMap<String, String>, Error> {
        let of = |kind: Kind| -> Vec<String> {
            let uuids = uuids.iter().filter(|text| uuid::is(text, kind));
            uuids.cloned().collect()
        };
        // Nothing is selected: of others a server tells parts of the name, and refuses the columns of the rest.
        let mut rows: Vec<OwnerRow> = self
            .with_uuids("list projects", "arvados/v1/groups", &of(Kind::Group), &[])
            .await?;
        rows.extend(
            self.with_uuids("list users", "arvados/v1/users", &of(Kind::User), &[])
                .await?,
        );
        let named = rows.iter().map(|row| (row.uuid.clone(), row.told_name()));
        Ok(named.filter(|(_, name)| !name.is_empty()).collect())
    }

    async fn with_uuids<T>(
        &self,
        action: &'static str,
        path: &'static str,
        uuids: &[String],
        select: &'static [&'static str],
    ) -> Result<Vec<T>, Error>
    where
        T: for<'de> Deserialize<'de> + Row + Send,
    {
        let lists = chunks(uuids).into_iter().map(|uuids| {
            let most = uuids.len();
            let pages = UuidPages {
                api: self,
                action,
                path,
                filters: vec![Filter::one_of("uuid", &uuids)],
                select,
            };
            (pages, Some(most))
        });
        page::all(action, lists.collect(), None).await
    }
}
