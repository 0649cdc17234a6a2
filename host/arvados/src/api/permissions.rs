//! Who may read, change or manage collections with images, and projects.

use keepdocker_terms::uuid::{self, Kind};
use keepdocker_wording::harmless::one_line;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::collections::holds_image;
use super::filter::Filter;
use super::page::Page;
use super::{Api, Error};
use crate::http::Http;

const ACTION: &str = "share it";
const LINKS: &str = "arvados/v1/links";

/// What somebody may do; each level has those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// To read it.
    Read,
    /// To change it.
    Write,
    /// To share it.
    Manage,
}

impl Level {
    const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Manage];

    /// Returns the server's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "can_read",
            Self::Write => "can_write",
            Self::Manage => "can_manage",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// A permission as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The collection with an image, or the project.
    pub object: String,
    /// The project that owns the collection, none for the home project of the user; of a project itself.
    pub owner: Option<String>,
    /// The user or the group who is to have it.
    pub holder: String,
    /// The level; none if it is to be taken away.
    pub level: Option<Level>,
}

/// A permission link.
#[derive(Debug, Deserialize)]
struct Given {
    uuid: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    name: String,
}

impl<H: Http> Api<H> {
    /// Returns the level that the holder has on this very object, once it is certain that it is what it is believed
    /// to be.
    ///
    /// # Errors
    /// If it is no project, or no collection with an image, or another owns it, or the server refuses.
    pub async fn permission(&self, wanted: &Permission) -> Result<Option<Level>, Error> {
        self.check_object(wanted).await?;
        Ok(highest(&self.given(wanted).await?))
    }

    /// Gives the permission, changes its level or takes it away.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn set_permission(&self, wanted: &Permission) -> Result<(), Error> {
        let given = self.given(wanted).await?;
        let link = |uuid: &str| format!("{LINKS}/{uuid}");
        let Some(level) = wanted.level else {
            for known in &given {
                self.remove(ACTION, &link(&known.uuid)).await?;
            }
            return Ok(());
        };
        let Some((first, rest)) = given.split_first() else {
            let body = json!({ "link": {
                "link_class": "permission", "name": level.name(),
                "tail_uuid": wanted.holder, "head_uuid": wanted.object,
            } });
            // Asked for again, the server returns the link that there is.
            let _: IgnoredAny = self.create(ACTION, LINKS, &body).await?;
            return Ok(());
        };
        for known in rest {
            self.remove(ACTION, &link(&known.uuid)).await?;
        }
        let body = json!({ "link": { "name": level.name() } });
        let _: IgnoredAny = self.update(ACTION, &link(&first.uuid), &body).await?;
        Ok(())
    }

    /// Returns the links that give the holder something on the object.
    async fn given(&self, wanted: &Permission) -> Result<Vec<Given>, Error> {
        let filters = [
            Filter::equals("link_class", "permission"),
            Filter::equals("head_uuid", wanted.object.as_str()),
            Filter::equals("tail_uuid", wanted.holder.as_str()),
        ];
        let filters: Vec<_> = filters.iter().map(|filter| &filter.0).collect();
        let query = [
            ("filters", json!(filters).to_string()),
            ("order", r#"["uuid asc"]"#.to_owned()),
            ("select", r#"["uuid","name"]"#.to_owned()),
            ("count", "none".to_owned()),
        ];
        let page: Page<Given> = self.read(ACTION, LINKS, &query).await?;
        let given = page.items.into_iter();
        // A login is no level.
        Ok(given
            .filter(|link| Level::named(&link.name).is_some())
            .collect())
    }

    /// Makes sure that the object is a project, or a collection of the owner that holds an image.
    async fn check_object(&self, wanted: &Permission) -> Result<(), Error> {
        if !uuid::is_owner(&wanted.holder) {
            return Err(Error::NoProject {
                action: ACTION,
                given: one_line(&wanted.holder, 80),
            });
        }
        let object = &wanted.object;
        if uuid::is(object, Kind::Group) {
            let is_project = self.project(object).await?.group_class.as_deref() == Some("project");
            if wanted.owner.as_ref() == Some(object) && is_project {
                return Ok(());
            }
            return Err(Error::NoProject {
                action: ACTION,
                given: one_line(object, 80),
            });
        }
        #[derive(Deserialize)]
        struct Held {
            uuid: String,
            #[serde(default, deserialize_with = "crate::null_as_empty")]
            owner_uuid: String,
            #[serde(default, deserialize_with = "crate::null_as_empty")]
            manifest_text: String,
        }
        let path = self.path_of(ACTION, object).await?;
        let owner = self.owner(wanted.owner.as_deref()).await?;
        let select = r#"["uuid","owner_uuid","manifest_text"]"#.to_owned();
        let held: Held = self.read(ACTION, &path, &[("select", select)]).await?;
        if held.uuid != *object || held.owner_uuid != owner {
            return Err(Error::NotOwned {
                action: ACTION,
                collection: object.clone(),
                owner: one_line(&held.owner_uuid, 80),
            });
        }
        match holds_image(&held.manifest_text) {
            true => Ok(()),
            false => Err(Error::OtherContent {
                action: ACTION,
                collection: object.clone(),
            }),
        }
    }
}

/// Returns the highest level that links give.
fn highest(given: &[Given]) -> Option<Level> {
    let levels = given.iter().filter_map(|link| Level::named(&link.name));
    levels.max_by_key(|level| *level as u8)
}
