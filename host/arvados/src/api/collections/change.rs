//! Changing collections that are there, and moving them to the trash.

use keepdocker_terms::image_id::id_of_file;
use keepdocker_terms::property::REPO_TAG;
use keepdocker_terms::uuid::{Kind, is, is_of_cluster};
use keepdocker_wording::harmless::one_line;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::property::{object, value};
use super::super::{Api, Error};
use super::{Collection, CollectionRow, PATH};
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

/// A collection that is to go to the trash, as it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disposal {
    /// The collection.
    pub collection: String,
    /// The project that owns it; none for the home project of the user.
    pub owner: Option<String>,
    /// The hash of its content.
    pub portable_data_hash: String,
}

/// A collection that is to come back from the trash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revival {
    /// The collection.
    pub collection: String,
    /// The project that owns it; none for the home project of the user.
    pub owner: Option<String>,
}

/// A collection that may be in the trash.
#[derive(Debug, Deserialize)]
struct Trashable {
    uuid: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    owner_uuid: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    portable_data_hash: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    manifest_text: String,
    is_trashed: bool,
    /// When the server removes it for good.
    delete_at: Option<String>,
}

/// What is done to bring a collection back.
const REVIVE: &str = "bring the collection back from the trash";

/// Returns what to ask for to be told of what is in the trash, too.
fn with_trash() -> (&'static str, String) {
    ("include_trash", "true".to_owned())
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
                owner: one_line(&row.owner_uuid, 80),
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

    /// Moves a collection to the trash, if it is what it is believed to be and holds an image. Returns when the server
    /// removes it for good, where it tells.
    ///
    /// What is in the trash already stays there, and what is gone counts as moved.
    ///
    /// # Errors
    /// If another owns the collection, it holds something else, or the server refuses.
    pub async fn trash_collection(&self, disposal: &Disposal) -> Result<Option<String>, Error> {
        const ACTION: &str = "move the collection to the trash";
        let collection = || disposal.collection.clone();
        let path = self.path_of(ACTION, &disposal.collection).await?;
        let owner = self.owner(disposal.owner.as_deref()).await?;
        let row = match self.trashable(ACTION, &path).await {
            Err(Error::NotFound(_)) => return Ok(None),
            row => row?,
        };
        if row.uuid != disposal.collection || row.owner_uuid != owner {
            return Err(Error::NotOwned {
                action: ACTION,
                collection: collection(),
                owner: one_line(&row.owner_uuid, 80),
            });
        }
        if row.is_trashed {
            return Ok(row.delete_at);
        }
        if row.portable_data_hash != disposal.portable_data_hash || !holds_image(&row.manifest_text)
        {
            return Err(Error::OtherContent {
                action: ACTION,
                collection: collection(),
            });
        }
        let body = json!({ "collection": { "is_trashed": true } });
        match self.update::<Trashable>(ACTION, &path, &body).await {
            // Where an answer was lost, the next one is that there is no such collection outside the trash.
            Err(error @ Error::NotFound(_)) => match self.trashable(ACTION, &path).await? {
                row if row.is_trashed => Ok(row.delete_at),
                _ => Err(error),
            },
            row => Ok(row?.delete_at),
        }
    }

    /// Returns the collection as it is in the trash, with a manifest without signatures; none if it is not there.
    ///
    /// # Errors
    /// If it is gone for good, another owns it, or the server refuses.
    pub async fn trashed_collection(&self, revival: &Revival) -> Result<Option<Collection>, Error> {
        let path = self.path_of(REVIVE, &revival.collection).await?;
        let owner = self.owner(revival.owner.as_deref()).await?;
        #[derive(Deserialize)]
        struct InTrash {
            #[serde(flatten)]
            row: CollectionRow,
            is_trashed: bool,
        }
        let InTrash { row, is_trashed } = self.read(REVIVE, &path, &[with_trash()]).await?;
        if row.uuid != revival.collection || row.owner_uuid != owner {
            return Err(Error::NotOwned {
                action: REVIVE,
                collection: revival.collection.clone(),
                owner: one_line(&row.owner_uuid, 80),
            });
        }
        Ok(is_trashed.then(|| row.into_collection(true)))
    }

    /// Brings a collection back from the trash. If another has its name by now, the server adds to the name.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn untrash_collection(&self, revival: &Revival) -> Result<(), Error> {
        let path = self.path_of(REVIVE, &revival.collection).await?;
        let revived = format!("{path}/untrash?ensure_unique_name=true");
        match self.act(REVIVE, &revived).await {
            // Where an answer was lost, the next one is that it is not in the trash.
            Err(error @ Error::Rejected(_)) => {
                match self.trashable(REVIVE, &path).await?.is_trashed {
                    true => Err(error),
                    false => Ok(()),
                }
            }
            Ok(IgnoredAny) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Reads a collection, be it in the trash.
    async fn trashable(&self, action: &'static str, path: &str) -> Result<Trashable, Error> {
        const SELECT: &str = r#"["uuid","owner_uuid","portable_data_hash","manifest_text","is_trashed","delete_at"]"#;
        let query = [("select", SELECT.to_owned()), with_trash()];
        self.read(action, path, &query).await
    }

    /// Returns the path of a collection of this cluster.
    ///
    /// The server would look for anything, and in other clusters too.
    pub(in crate::api) async fn path_of(
        &self,
        action: &'static str,
        uuid: &str,
    ) -> Result<String, Error> {
        match is(uuid, Kind::Collection) && is_of_cluster(uuid, &self.cluster().await?.id) {
            true => Ok(format!("{PATH}/{uuid}")),
            false => Err(Error::NoCollection {
                action,
                head: one_line(uuid, 80),
            }),
        }
    }
}

/// Tells whether a manifest is that of an image: of one file, which is named by a digest.
pub(in crate::api) fn holds_image(manifest: &str) -> bool {
    let tokens = manifest
        .lines()
        .flat_map(|stream| stream.split(' ').skip(1));
    // A block has no colon in its locator; a file's name comes after its place.
    let mut names = tokens.filter_map(|token| token.splitn(3, ':').nth(2));
    let Some(first) = names.next() else {
        return false;
    };
    names.all(|name| name == first) && id_of_file(&first.replace("\\072", ":")).is_some()
}
