//! The projects that can own what is created.

use keepdocker_terms::uuid::{self, Kind};
use keepdocker_wording::harmless::one_line;
use serde::Deserialize;

use super::filter::Filter;
use super::page::{self, Page, Pages};
use super::row::Row;
use super::{Api, Error};
use crate::http::Http;

/// What is known of a project before anything is put into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its identifier: that of a group, or of a user for the user's home project.
    pub uuid: String,
    /// The name of the group or the user, printable and of bounded length; may be empty.
    pub name: String,
    /// What kind of group it is: `project`, `role`, `filter`; none for a home project.
    pub group_class: Option<String>,
    /// Whether the token may put something into it; true where the server does not say.
    pub writable: bool,
}

/// As much of a name is kept: the server takes no longer ones, and messages show it.
pub(super) const LONGEST_NAME: usize = 255;

/// A group, or the user whose home project it is, as the server shows it.
#[derive(Debug, Deserialize)]
pub(super) struct OwnerRow {
    pub(super) uuid: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    created_at: String,
    /// The name of a group.
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    name: String,
    /// The name of a user; the server tells only the two parts of others' names.
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    full_name: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    first_name: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    last_name: String,
    #[serde(default)]
    group_class: Option<String>,
    #[serde(default)]
    can_write: Option<bool>,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    frozen_by_uuid: String,
}

impl OwnerRow {
    /// The name of a group or a user, as far as the server tells it, printable and of bounded length.
    pub(super) fn told_name(&self) -> String {
        one_line(&self.name(), LONGEST_NAME)
    }

    fn name(&self) -> String {
        let parts = format!("{} {}", self.first_name, self.last_name);
        [&self.name, &self.full_name, &parts]
            .map(|name| name.trim())
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or_default()
            .to_owned()
    }
}

impl Row for OwnerRow {
    fn uuid(&self) -> &str {
        &self.uuid
    }

    fn created_at(&self) -> &str {
        &self.created_at
    }
}

impl From<OwnerRow> for Project {
    fn from(row: OwnerRow) -> Self {
        let name = row.told_name();
        Self {
            uuid: row.uuid,
            name,
            group_class: row.group_class.map(|class| one_line(&class, LONGEST_NAME)),
            // Older servers do not say; what comes of it, the first create tells.
            writable: row.can_write.unwrap_or(true) && row.frozen_by_uuid.is_empty(),
        }
    }
}

/// A project by its name, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NamedProject {
    /// Its identifier.
    pub uuid: String,
    /// Its name, as the server has it; it may hold anything.
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    pub name: String,
    /// The project or user that it belongs to.
    #[serde(
        default,
        rename = "owner_uuid",
        deserialize_with = "crate::null_as_empty"
    )]
    pub owner: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    created_at: String,
}

impl Row for NamedProject {
    fn uuid(&self) -> &str {
        &self.uuid
    }

    fn created_at(&self) -> &str {
        &self.created_at
    }
}

/// What the list of projects is asked for.
const LIST: &str = "list projects";

/// A list of projects under one set of filters.
struct ProjectPages<'a, H> {
    api: &'a Api<H>,
    filters: Vec<Filter>,
}

impl<H: Http> Pages<NamedProject> for ProjectPages<'_, H> {
    async fn fetch(&self, which: page::Which<'_>) -> Result<Page<NamedProject>, Error> {
        const SELECT: [&str; 4] = ["uuid", "created_at", "name", "owner_uuid"];
        let query = page::query(which, &self.filters, &SELECT);
        self.api.read(LIST, "arvados/v1/groups", &query).await
    }
}

impl<H: Http> Api<H> {
    /// Returns the projects with one of these names that the token may read, oldest first.
    ///
    /// # Errors
    /// If the token is not accepted, or the cluster does not answer.
    pub async fn projects_named(&self, names: &[String]) -> Result<Vec<NamedProject>, Error> {
        self.list_projects(vec![Filter::one_of("name", names)], None)
            .await
    }

    /// Returns those of these projects that the token may read.
    ///
    /// # Errors
    /// If the token is not accepted, or the cluster does not answer.
    pub async fn projects_of(&self, uuids: &[String]) -> Result<Vec<NamedProject>, Error> {
        self.list_projects(vec![Filter::one_of("uuid", uuids)], None)
            .await
    }

    /// Returns so many of the projects that the token may read, those created last.
    ///
    /// # Errors
    /// If the token is not accepted, or the cluster does not answer.
    pub async fn newest_projects(&self, most: u32) -> Result<Vec<NamedProject>, Error> {
        self.list_projects(Vec::new(), Some(most)).await
    }

    async fn list_projects(
        &self,
        mut filters: Vec<Filter>,
        newest: Option<u32>,
    ) -> Result<Vec<NamedProject>, Error> {
        filters.push(Filter::equals("group_class", "project"));
        let pages = ProjectPages { api: self, filters };
        page::all(LIST, vec![(pages, None)], newest).await
    }

    /// Returns the project with this UUID, which is that of a group, or of a user.
    ///
    /// # Errors
    /// If it is no such UUID, if there is no such project, or the token may not see it, or the cluster
    /// does not answer.
    pub async fn project(&self, uuid: &str) -> Result<Project, Error> {
        const ACTION: &str = "look at the project";
        let kind = if uuid::is(uuid, Kind::Group) {
            "groups"
        } else if uuid::is(uuid, Kind::User) {
            "users"
        } else {
            return Err(Error::NoProject {
                action: ACTION,
                given: one_line(uuid, 80),
            });
        };
        // Nothing is selected: a server that does not know `can_write` would refuse its name.
        let path = format!("arvados/v1/{kind}/{uuid}");
        let row: OwnerRow = self.read(ACTION, &path, &[]).await?;
        Ok(row.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_from_outside_are_bounded() {
        let row = json!({"uuid": "p", "name": "n".repeat(5000), "group_class": "c".repeat(5000)});
        let row: OwnerRow = serde_json::from_value(row).unwrap();
        let project = Project::from(row);
        assert!(project.name.chars().count() <= LONGEST_NAME + 1);
        assert!(project.group_class.unwrap().chars().count() <= LONGEST_NAME + 1);
    }

    #[test]
    fn a_user_of_whom_only_parts_of_the_name_are_told_has_a_name() {
        for (members, name) in [
            (json!({"full_name": "Bob E"}), "Bob E"),
            (
                json!({"full_name": "", "first_name": "Bob", "last_name": "Example"}),
                "Bob Example",
            ),
            (json!({"first_name": "Bob", "last_name": null}), "Bob"),
            (json!({}), ""),
        ] {
            let mut row = json!({"uuid": "u"});
            row.as_object_mut()
                .unwrap()
                .append(members.clone().as_object_mut().unwrap());
            let row: OwnerRow = serde_json::from_value(row).unwrap();
            assert_eq!(Project::from(row).name, name, "{members}");
        }
    }

    #[test]
    fn what_a_server_leaves_out_does_not_forbid() {
        for (members, writable) in [
            (json!({}), true),
            (json!({"can_write": null}), true),
            (json!({"can_write": true, "frozen_by_uuid": null}), true),
            (json!({"can_write": true, "frozen_by_uuid": ""}), true),
            (json!({"can_write": true, "frozen_by_uuid": "u"}), false),
            (json!({"can_write": false}), false),
        ] {
            let mut row = json!({"uuid": "p", "name": "n", "group_class": "project"});
            row.as_object_mut()
                .unwrap()
                .append(members.clone().as_object_mut().unwrap());
            let row: OwnerRow = serde_json::from_value(row).unwrap();
            assert_eq!(Project::from(row).writable, writable, "{members}");
        }
    }
}
