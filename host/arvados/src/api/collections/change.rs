//! Changing collections that are there.

use keepdocker_terms::property::REPO_TAG;
use keepdocker_terms::uuid::{Kind, is, is_of_cluster};
use keepdocker_wording::harmless::one_line;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::super::property::{object, value};
use super::super::{Api, Error};
use super::{CollectionRow, PATH};
use crate::http::Http;

/// What a collection is to say of the names of its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The collection.
    pub collection: String,
    /// The project that owns it; none for the home project of the user.
    pub owner: Option<String>,
    /// The new value of its property `docker-image-repo-tag`, as JSON text.
    pub repo_tag: String,
}

impl<H: Http> Api<H> {
    /// Changes what a collection says of the names of its image, and nothing else of it.
    ///
    /// The server takes properties as a whole, so that those of others are read before.
    ///
    /// # Errors
    /// If another owns the collection, or the server refuses.
    pub async fn update_collection(&self, change: &Change) -> Result<(), Error> {
        const ACTION: &str = "change the properties of the collection";
        #[derive(Serialize)]
        struct Body {
            collection: Attributes,
        }
        #[derive(Serialize)]
        struct Attributes {
            properties: Map<String, Value>,
        }
        let uuid = change.collection.as_str();
        let path = self.path_of(ACTION, uuid).await?;
        let owner = self.owner(change.owner.as_deref()).await?;
        let select = r#"["uuid","owner_uuid","properties"]"#.to_owned();
        let row: CollectionRow = self.read(ACTION, &path, &[("select", select)]).await?;
        if row.uuid != uuid || row.owner_uuid != owner {
            return Err(Error::NotOwned {
                action: ACTION,
                collection: change.collection.clone(),
            });
        }
        let mut properties: Map<String, Value> = object(&row.properties);
        properties.insert(REPO_TAG.to_owned(), value(&change.repo_tag));
        let body = Body {
            collection: Attributes { properties },
        };
        let _: IgnoredAny = self.update(ACTION, &path, &body).await?;
        Ok(())
    }

    /// Returns the path of a collection of this cluster.
    ///
    /// The server would look for anything, and in other clusters too.
    async fn path_of(&self, action: &'static str, uuid: &str) -> Result<String, Error> {
        match is(uuid, Kind::Collection) && is_of_cluster(uuid, &self.cluster().await?.id) {
            true => Ok(format!("{PATH}/{uuid}")),
            false => Err(Error::NoCollection {
                action,
                head: one_line(uuid, 80),
            }),
        }
    }
}
