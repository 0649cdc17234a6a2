//! The users of the cluster.

use keepdocker_wording::harmless::one_line;
use serde::Deserialize;
use serde_json::json;

use super::filter::Filter;
use super::page::Page;
use super::projects::{LONGEST_NAME, OwnerRow};
use super::{Api, Error};
use crate::http::Http;

/// Who a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub user: String,
    /// The user's name, printable and of bounded length; may be empty.
    pub name: String,
    /// The user's address, printable and of bounded length; may be empty.
    pub email: String,
    /// Whether the user administers the cluster.
    pub is_admin: bool,
    /// When the token ends, as the server writes it; none if it does not, or the token may not ask.
    pub token_ends: Option<String>,
    /// What the token may be used for: `all`, or requests such as `GET /arvados/v1/links`; none if the token may not ask.
    pub token_scopes: Option<Vec<String>>,
}

impl<H: Http> Api<H> {
    /// Returns whom the token stands for, and until when.
    ///
    /// # Errors
    /// If the token is not accepted, or the cluster does not answer.
    pub async fn account(&self) -> Result<Account, Error> {
        #[derive(Deserialize)]
        struct User {
            uuid: String,
            #[serde(default, deserialize_with = "crate::null_as_empty")]
            full_name: String,
            #[serde(default, deserialize_with = "crate::null_as_empty")]
            email: String,
            #[serde(default)]
            is_admin: Option<bool>,
        }
        #[derive(Deserialize)]
        struct CurrentToken {
            #[serde(default)]
            expires_at: Option<String>,
            #[serde(default)]
            scopes: Option<Vec<String>>,
        }
        const ACTION: &str = "find out whom the token belongs to";
        let user: User = self.read(ACTION, "arvados/v1/users/current", &[]).await?;
        let path = "arvados/v1/api_client_authorizations/current";
        // A token of few scopes may not ask about itself.
        let token: Option<CurrentToken> = self.read(ACTION, path, &[]).await.ok();
        let (token_ends, token_scopes) =
            token.map_or((None, None), |token| (token.expires_at, token.scopes));
        Ok(Account {
            user: user.uuid,
            name: one_line(user.full_name.trim(), LONGEST_NAME),
            email: one_line(user.email.trim(), LONGEST_NAME),
            is_admin: user.is_admin.unwrap_or(false),
            token_ends,
            token_scopes,
        })
    }

    /// Returns the UUID of the user that the token belongs to.
    ///
    /// # Errors
    /// If the token is not accepted, or the cluster does not answer.
    pub async fn current_user(&self) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct User {
            uuid: String,
        }
        let user: User = self
            .read(
                "find out whom the token belongs to",
                "arvados/v1/users/current",
                &[],
            )
            .await?;
        Ok(user.uuid)
    }

    /// Returns the users and groups that the token may see under this name or address, each with what it is called;
    /// not many more than one.
    ///
    /// # Errors
    /// If the token is not accepted, or the cluster does not answer.
    pub async fn holders_named(&self, text: &str) -> Result<Vec<(String, String)>, Error> {
        const ACTION: &str = "find out who is meant";
        let attribute = if text.contains('@') {
            "email"
        } else {
            "username"
        };
        let mut found = Vec::new();
        for (path, filters) in [
            ("arvados/v1/users", vec![Filter::equals(attribute, text)]),
            (
                "arvados/v1/groups",
                vec![
                    Filter::equals("name", text),
                    Filter::equals("group_class", "role"),
                ],
            ),
        ] {
            let filters: Vec<_> = filters.iter().map(|filter| &filter.0).collect();
            let query = [
                ("filters", json!(filters).to_string()),
                ("limit", "5".to_owned()),
                ("count", "none".to_owned()),
            ];
            // Nothing is selected: of others a server tells parts of the name, and refuses the columns of the rest.
            let page: Page<OwnerRow> = self.read(ACTION, path, &query).await?;
            found.extend(page.items.into_iter().map(|row| {
                let name = row.told_name();
                (row.uuid, name)
            }));
        }
        Ok(found)
    }

    /// Returns who owns what is created for this project: the project, else the user.
    pub(crate) async fn owner(&self, project: Option<&str>) -> Result<String, Error> {
        match project {
            Some(project) => Ok(project.to_owned()),
            None => self.current_user().await,
        }
    }
}
