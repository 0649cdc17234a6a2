//! The collections that hold images.

mod change;

use keepdocker_terms::locator::portable_data_hash;
use keepdocker_terms::property::REPO_TAG;
use keepdocker_terms::uuid::{Kind, is, is_of_cluster};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::filter::{self, Filter};
use super::page::{self, Page, Pages};
use super::property::{object, value};
use super::row::{self, Row};
use super::{Api, Error, Property};
use crate::http::Http;

pub(in crate::api) use change::holds_image;
pub use change::{Change, Disposal, Revival};

const PATH: &str = "arvados/v1/collections";

/// What is known of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Its identifier.
    pub uuid: String,
    /// The user or project that owns it.
    pub owner: String,
    /// Empty if the collection has no name.
    pub name: String,
    /// The hash of its manifest without signatures: equal content, equal hash.
    pub portable_data_hash: String,
    /// When it was created, by the server's clock.
    pub created_at: String,
    /// Its properties, in the order of their names.
    pub properties: Vec<Property>,
    /// How many replicas of its blocks are to be kept; none for the cluster's default.
    pub replicas: Option<u32>,
    /// The storage classes that its blocks are to be in; empty for the cluster's default.
    pub storage_classes: Vec<String>,
    /// The bytes of its files; none where the server does not say.
    pub size: Option<u64>,
    /// The manifest with its locators signed for this token, where the query asked for it.
    pub manifest: Option<String>,
}

/// Which collections a query matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those with one of these UUIDs.
    Uuids(Vec<String>),
    /// Those with this portable data hash.
    PortableDataHash(String),
    /// Those with this value of a property; of `docker-image-repo-tag`, alone or as one of a list.
    Property(Property),
    /// Those where the value of a property is a text that begins with this one, letter by letter. The server
    /// has no index for such a question.
    PropertyStartingWith(Property),
}

/// How much to say of each collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Whether it is there: its UUID and the time of its creation. All else is empty.
    Identity,
    /// All but the manifest.
    Attributes,
    /// All, the manifest included, which is large.
    Manifest,
}

/// Which collections to list, and how much of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Which ones.
    pub which: Which,
    /// Only collections whose owner is this user or project.
    pub owner: Option<String>,
    /// How much to say of each.
    pub detail: Detail,
    /// At most so many, those created last; none for all that match.
    pub newest: Option<u32>,
}

/// A collection to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCollection {
    /// The name to use; the server adds to it if the owner has one of that name.
    pub name: String,
    /// The project to own the collection; none for the home project of the user.
    pub owner: Option<String>,
    /// The manifest's text; every locator must bear a signature for this token.
    pub manifest: String,
    /// Its properties, in no particular order.
    pub properties: Vec<Property>,
    /// How many replicas of its blocks to keep; none for the cluster's default.
    pub replicas: Option<u32>,
    /// The storage classes to keep its blocks in; empty for the cluster's default.
    pub storage_classes: Vec<String>,
}

/// A collection as the server lists it.
#[derive(Debug, Deserialize)]
struct CollectionRow {
    uuid: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    owner_uuid: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    name: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    portable_data_hash: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    created_at: String,
    #[serde(default, deserialize_with = "row::properties")]
    properties: Vec<Property>,
    #[serde(default)]
    replication_desired: Option<u32>,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    storage_classes_desired: Vec<String>,
    #[serde(default)]
    file_size_total: Option<u64>,
    #[serde(default)]
    manifest_text: Option<String>,
}

impl Row for CollectionRow {
    fn uuid(&self) -> &str {
        &self.uuid
    }

    fn created_at(&self) -> &str {
        &self.created_at
    }
}

impl CollectionRow {
    fn into_collection(self, with_manifest: bool) -> Collection {
        Collection {
            uuid: self.uuid,
            owner: self.owner_uuid,
            name: self.name,
            portable_data_hash: self.portable_data_hash,
            created_at: self.created_at,
            properties: self.properties,
            replicas: self.replication_desired,
            storage_classes: self.storage_classes_desired,
            size: self.file_size_total,
            // Unless it was selected, the server shows an empty text: that is not the manifest.
            manifest: self.manifest_text.filter(|_| with_manifest),
        }
    }
}

/// A list of collections under one set of filters.
struct CollectionPages<'a, H> {
    api: &'a Api<H>,
    filters: Vec<Filter>,
    detail: Detail,
}

impl<H: Http> Pages<CollectionRow> for CollectionPages<'_, H> {
    async fn fetch(&self, which: page::Which<'_>) -> Result<Page<CollectionRow>, Error> {
        const SELECT: [&str; 10] = [
            "uuid",
            "created_at",
            "owner_uuid",
            "name",
            "portable_data_hash",
            "properties",
            "replication_desired",
            "storage_classes_desired",
            "file_size_total",
            "manifest_text",
        ];
        let select = match self.detail {
            Detail::Identity => &SELECT[..2],
            Detail::Attributes => &SELECT[..9],
            Detail::Manifest => &SELECT[..],
        };
        let query = page::query(which, &self.filters, select);
        self.api.read("list collections", PATH, &query).await
    }
}

impl<H: Http> Api<H> {
    /// Returns the collections that exist, that are not in the trash, and that the token may
    /// read, oldest first; or the newest of them.
    ///
    /// UUIDs of other clusters, or of other things, match nothing.
    ///
    /// # Errors
    /// If the token is not accepted, or the cluster does not answer.
    pub async fn list_collections(&self, query: &Query) -> Result<Vec<Collection>, Error> {
        // This is how a collection is looked for whose creation was not answered.
        if matches!(query.which, Which::PortableDataHash(_)) {
            self.settle().await;
        }
        let lists = self
            .filter_sets(query)
            .await?
            .into_iter()
            .map(|(filters, most)| {
                let pages = CollectionPages {
                    api: self,
                    filters,
                    detail: match (query.detail, &query.which) {
                        // It takes the property to tell whether it begins so.
                        (Detail::Identity, Which::PropertyStartingWith(_)) => Detail::Attributes,
                        (detail, _) => detail,
                    },
                };
                (pages, most)
            })
            .collect();
        let rows: Vec<CollectionRow> = page::all("list collections", lists, query.newest).await?;
        Ok(rows
            .into_iter()
            .map(|row| row.into_collection(query.detail == Detail::Manifest))
            // The server compares prefixes by patterns, and may take letters for wildcards.
            .filter(|collection| query.which.begins(collection))
            .map(|collection| collection.in_detail(query.detail))
            .collect())
    }

    /// Creates a collection. If the owner has one of that name, the server adds to the name.
    ///
    /// # Errors
    /// If the server refuses, or whether it did it is unknown.
    pub async fn create_collection(&self, new: &NewCollection) -> Result<Collection, Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            collection: Attributes<'a>,
            ensure_unique_name: bool,
        }
        #[derive(Serialize)]
        struct Attributes<'a> {
            name: &'a str,
            manifest_text: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            owner_uuid: Option<&'a str>,
            #[serde(skip_serializing_if = "Map::is_empty")]
            properties: Map<String, Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            replication_desired: Option<u32>,
            #[serde(skip_serializing_if = "<[String]>::is_empty")]
            storage_classes_desired: &'a [String],
        }
        let body = Body {
            collection: Attributes {
                name: &new.name,
                manifest_text: &new.manifest,
                owner_uuid: new.owner.as_deref(),
                properties: object(&new.properties),
                replication_desired: new.replicas,
                storage_classes_desired: &new.storage_classes,
            },
            ensure_unique_name: true,
        };
        let row: CollectionRow = self.create("create the collection", PATH, &body).await?;
        Ok(row.into_collection(true))
    }

    /// Returns the filters of each list to read, with the number of rows it can have at most
    /// where that is known.
    async fn filter_sets(&self, query: &Query) -> Result<Vec<(Vec<Filter>, Option<usize>)>, Error> {
        let owner: Vec<Filter> = query
            .owner
            .iter()
            .map(|owner| Filter::equals("owner_uuid", owner.as_str()))
            .collect();
        let with_owner = |filter: Filter| {
            let mut filters = vec![filter];
            filters.extend(owner.iter().cloned());
            filters
        };
        Ok(match &query.which {
            Which::Uuids(uuids) if uuids.is_empty() => Vec::new(),
            Which::Uuids(uuids) => {
                let local = local_collections(uuids, &self.cluster().await?.id);
                filter::chunks(&local)
                    .iter()
                    .map(|chunk| {
                        let filters = with_owner(Filter::one_of("uuid", chunk));
                        (filters, Some(chunk.len()))
                    })
                    .collect()
            }
            Which::PortableDataHash(hash) => vec![(
                with_owner(Filter::equals("portable_data_hash", hash.as_str())),
                None,
            )],
            Which::Property(property) => {
                let attribute = format!("properties.{}", property.key);
                let value = value(&property.value);
                let filter = match property.key == REPO_TAG {
                    // The names of an image are one text, or a list of texts.
                    true => Filter::contains(&attribute, value),
                    false => Filter::equals(&attribute, value),
                };
                vec![(with_owner(filter), None)]
            }
            Which::PropertyStartingWith(property) => match value(&property.value) {
                Value::String(beginning) => vec![(
                    with_owner(Filter::starts_with(
                        &format!("properties.{}", property.key),
                        &beginning,
                    )),
                    None,
                )],
                // Nothing but a text begins with something.
                _ => Vec::new(),
            },
        })
    }
}

impl Which {
    /// Tells whether the collection has the value of a property that is asked for, if one is.
    pub(crate) fn has(&self, collection: &Collection) -> bool {
        let Self::Property(asked) = self else {
            return true;
        };
        let wanted = value(&asked.value);
        collection
            .properties
            .iter()
            .filter(|property| property.key == asked.key)
            .any(|property| match value(&property.value) {
                Value::Array(values) if asked.key == REPO_TAG => values.contains(&wanted),
                value => value == wanted,
            })
    }

    /// Tells whether a property of the collection begins as is asked, if that is asked.
    pub(crate) fn begins(&self, collection: &Collection) -> bool {
        let Self::PropertyStartingWith(asked) = self else {
            return true;
        };
        let Value::String(beginning) = value(&asked.value) else {
            return false;
        };
        collection.properties.iter().any(|property| {
            property.key == asked.key
                && matches!(value(&property.value), Value::String(text) if text.starts_with(&beginning))
        })
    }
}

impl Collection {
    /// Makes up what the cluster would make of a new collection.
    pub(crate) fn made_up(
        uuid: String,
        owner: String,
        created_at: String,
        new: &NewCollection,
    ) -> Self {
        Self {
            uuid,
            owner,
            name: new.name.clone(),
            portable_data_hash: portable_data_hash(&new.manifest),
            created_at,
            properties: new.properties.clone(),
            replicas: new.replicas,
            storage_classes: new.storage_classes.clone(),
            size: None,
            manifest: Some(new.manifest.clone()),
        }
    }

    /// Leaves what was asked for: a plan must not know more than the run that follows it.
    pub(crate) fn in_detail(self, detail: Detail) -> Self {
        match detail {
            Detail::Manifest => self,
            Detail::Attributes => Self {
                manifest: None,
                ..self
            },
            Detail::Identity => Self {
                uuid: self.uuid,
                owner: String::new(),
                name: String::new(),
                portable_data_hash: String::new(),
                created_at: self.created_at,
                properties: Vec::new(),
                replicas: None,
                storage_classes: Vec::new(),
                size: None,
                manifest: None,
            },
        }
    }
}

/// Keeps the UUIDs of collections of this cluster.
///
/// The controller takes one UUID of another cluster for a reason to ask that cluster, and then
/// refuses the query for its order and limit.
fn local_collections(uuids: &[String], cluster: &str) -> Vec<String> {
    uuids
        .iter()
        .filter(|uuid| is(uuid, Kind::Collection) && is_of_cluster(uuid, cluster))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests;
