//! The steps of a plan: what would be written, in order.

use std::collections::BTreeMap;
use std::fmt;

use keepdocker_terms::locator::{Locator, portable_data_hash};
use keepdocker_wording::count;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::collections::{Change, Disposal, NewCollection, Revival};
use crate::api::links::{NewLink, Removal};
use crate::api::permissions::Permission;
use crate::api::property::{object, value};

/// One thing that would be written.
///
/// What is not known before it is done (UUIDs, signatures, times, how much needs to be sent) is no part
/// of it, so that two steps are equal if they have the same effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", deny_unknown_fields)]
pub enum Step {
    /// The engine would pull an image. What follows is not known before that is done.
    #[serde(rename = "engine.pull")]
    Pull {
        /// The reference.
        name: String,
    },
    /// The archive would go to Keep.
    #[serde(rename = "keep.store")]
    Store {
        /// The image's ID.
        image: String,
        /// The archive's length in bytes.
        size: u64,
        /// Its blocks: MD5 digest and size of each.
        blocks: Vec<String>,
    },
    /// A collection would be created.
    #[serde(rename = "collections.create")]
    Collection {
        /// Its name; the server may add to it.
        name: String,
        /// The project to own it; none for the user's home project.
        owner: Option<String>,
        /// The hash of its content.
        portable_data_hash: String,
        /// Its properties.
        properties: BTreeMap<String, Value>,
        /// How many replicas; none for the cluster's default.
        replicas: Option<u32>,
        /// The storage classes; empty for the cluster's default.
        storage_classes: Vec<String>,
    },
    /// What a collection says of the names of its image would be changed.
    #[serde(rename = "collections.update")]
    Update {
        /// The collection.
        collection: String,
        /// The project that owns it; none for the user's home project.
        owner: Option<String>,
        /// The new value of the property `docker-image-repo-tag`.
        repo_tag: Value,
    },
    /// A link would be created.
    #[serde(rename = "links.create")]
    Link {
        /// Its class, as Arvados names it.
        class: String,
        /// Its name.
        name: String,
        /// The collection that it leads to; that of an earlier step has a UUID that is made up.
        head: String,
        /// The project to own it; none for the user's home project.
        owner: Option<String>,
        /// Its properties.
        properties: BTreeMap<String, Value>,
    },
    /// A link would be removed.
    #[serde(rename = "links.delete")]
    Unlink {
        /// Its UUID.
        uuid: String,
        /// Its class, as Arvados names it.
        class: String,
        /// Its name.
        name: String,
        /// What it leads to.
        head: String,
        /// The project that owns it; none for the user's home project.
        owner: Option<String>,
    },
    /// A collection would be moved to the trash.
    #[serde(rename = "collections.trash")]
    Trash {
        /// The collection.
        collection: String,
        /// The project that owns it; none for the user's home project.
        owner: Option<String>,
        /// The hash of its content.
        portable_data_hash: String,
    },
    /// A collection would come back from the trash.
    #[serde(rename = "collections.untrash")]
    Untrash {
        /// The collection.
        collection: String,
        /// The project that owns it; none for the user's home project.
        owner: Option<String>,
    },
    /// Somebody would get a permission, or lose it.
    #[serde(rename = "permissions.set")]
    Share {
        /// The collection or project.
        object: String,
        /// The project that owns it; none for the user's home project.
        owner: Option<String>,
        /// The user or group.
        holder: String,
        /// The level, as Arvados names it; none if it would be taken away.
        level: Option<String>,
    },
    /// What this machine's cache holds of an image would be removed: an archive, a journal.
    #[serde(rename = "archives.forget")]
    Forget {
        /// The image's ID.
        image: String,
    },
}

impl Step {
    /// Returns the step of storing an image's archive of so many bytes in these blocks, given by their
    /// locators.
    #[must_use]
    pub fn store(image: &str, size: u64, blocks: &[String]) -> Self {
        Self::Store {
            image: image.to_owned(),
            size,
            blocks: blocks.iter().map(|block| bare(block)).collect(),
        }
    }

    /// Returns the step of creating a collection.
    #[must_use]
    pub fn collection(new: &NewCollection) -> Self {
        Self::Collection {
            name: new.name.clone(),
            owner: new.owner.clone(),
            portable_data_hash: portable_data_hash(&new.manifest),
            properties: object(&new.properties),
            replicas: new.replicas,
            storage_classes: new.storage_classes.clone(),
        }
    }

    /// Returns the step of changing a collection that the plan calls by this name.
    #[must_use]
    pub fn update(change: &Change, collection: &str) -> Self {
        Self::Update {
            collection: collection.to_owned(),
            owner: change.owner.clone(),
            repo_tag: value(&change.repo_tag),
        }
    }

    /// Returns the step of creating a link to a collection that the plan calls by this name.
    #[must_use]
    pub fn link(new: &NewLink, head: &str) -> Self {
        Self::Link {
            class: new.class.name().to_owned(),
            name: new.name.clone(),
            head: head.to_owned(),
            owner: new.owner.clone(),
            properties: object(&new.properties),
        }
    }

    /// Returns the step of removing a link.
    #[must_use]
    pub fn unlink(link: &Removal) -> Self {
        Self::Unlink {
            uuid: link.uuid.clone(),
            class: link.class.name().to_owned(),
            name: link.name.clone(),
            head: link.head.clone(),
            owner: link.owner.clone(),
        }
    }
}

impl Step {
    /// Returns the step of moving a collection to the trash.
    #[must_use]
    pub fn trash(disposal: &Disposal) -> Self {
        Self::Trash {
            collection: disposal.collection.clone(),
            owner: disposal.owner.clone(),
            portable_data_hash: disposal.portable_data_hash.clone(),
        }
    }

    /// Returns the step of bringing a collection back from the trash.
    #[must_use]
    pub fn untrash(revival: &Revival) -> Self {
        Self::Untrash {
            collection: revival.collection.clone(),
            owner: revival.owner.clone(),
        }
    }

    /// Returns the step of giving a permission, or taking it away.
    #[must_use]
    pub fn share(wanted: &Permission) -> Self {
        Self::Share {
            object: wanted.object.clone(),
            owner: wanted.owner.clone(),
            holder: wanted.holder.clone(),
            level: wanted.level.map(|level| level.name().to_owned()),
        }
    }

    /// Returns the sign that tells at a glance what a step does: `+` adds, `~` changes, `-` removes.
    #[must_use]
    pub fn sign(&self) -> char {
        match self {
            Self::Pull { .. }
            | Self::Store { .. }
            | Self::Collection { .. }
            | Self::Link { .. }
            | Self::Untrash { .. } => '+',
            Self::Update { .. } | Self::Share { level: Some(_), .. } => '~',
            Self::Unlink { .. } | Self::Trash { .. } | Self::Share { .. } | Self::Forget { .. } => {
                '-'
            }
        }
    }

    /// Returns the UUID of what lists have no more once the step is done.
    pub(crate) fn removes(&self) -> Option<&str> {
        match self {
            Self::Unlink { uuid, .. } => Some(uuid),
            Self::Trash { collection, .. } => Some(collection),
            Self::Pull { .. }
            | Self::Store { .. }
            | Self::Collection { .. }
            | Self::Link { .. }
            | Self::Update { .. }
            | Self::Untrash { .. }
            | Self::Share { .. }
            | Self::Forget { .. } => None,
        }
    }
}

/// Writes the step as what would be done.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |owner: &Option<String>| owner.clone().unwrap_or("your home project".into());
        match self {
            Self::Pull { name } => write!(f, "have the engine pull {name}"),
            Self::Store {
                image,
                size,
                blocks,
            } => write!(
                f,
                "store image {image} in Keep: {} in {}",
                count(size, "byte"),
                count(blocks.len(), "block")
            ),
            Self::Collection {
                name,
                owner,
                portable_data_hash,
                ..
            } => write!(
                f,
                "create collection `{name}` ({portable_data_hash}) in {}",
                place(owner)
            ),
            Self::Update {
                collection,
                repo_tag,
                ..
            } => write!(f, "have collection {collection} tell its names: {repo_tag}"),
            Self::Link {
                class,
                name,
                head,
                owner,
                ..
            } => write!(
                f,
                "create link {class} `{name}` to {head} in {}",
                place(owner)
            ),
            Self::Unlink {
                uuid,
                class,
                name,
                head,
                owner,
            } => write!(
                f,
                "remove link {uuid} of {}: {class} `{name}` to {head}",
                place(owner)
            ),
            Self::Trash {
                collection,
                owner,
                portable_data_hash,
            } => write!(
                f,
                "move collection {collection} ({portable_data_hash}) of {} to the trash",
                place(owner)
            ),
            Self::Untrash { collection, owner } => write!(
                f,
                "bring collection {collection} of {} back from the trash",
                place(owner)
            ),
            Self::Share {
                object,
                holder,
                level,
                ..
            } => match level {
                Some(level) => write!(f, "let {holder} have {level} on {object}"),
                None => write!(f, "take from {holder} what is given on {object}"),
            },
            Self::Forget { image } => {
                write!(f, "remove what the cache of this machine holds of {image}")
            }
        }
    }
}

/// Returns a block's locator without its hints, and any other text as it is.
fn bare(text: &str) -> String {
    Locator::parse(text).map_or(text, Locator::bare).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_back_from_json_and_nothing_else_does() {
        let step = Step::Forget {
            image: "sha256:00".into(),
        };
        let text = serde_json::to_string(&step).unwrap();
        assert_eq!(text, r#"{"verb":"archives.forget","image":"sha256:00"}"#);
        assert_eq!(serde_json::from_str::<Step>(&text).unwrap(), step);
        for wrong in [
            r#"{"verb":"archives.forget","image":"x","more":1}"#,
            r#"{"verb":"collections.delete","image":"x"}"#,
            r#"{"image":"x"}"#,
        ] {
            assert!(serde_json::from_str::<Step>(wrong).is_err(), "{wrong}");
        }
    }
}
