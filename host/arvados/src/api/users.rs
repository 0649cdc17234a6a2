//! The users of the cluster.

use serde::Deserialize;

use super::{Api, Error};
use crate::http::Http;

impl<H: Http> Api<H> {
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

    /// Returns who owns what is created for this project: the project, else the user.
    pub(crate) async fn owner(&self, project: Option<&str>) -> Result<String, Error> {
        match project {
            Some(project) => Ok(project.to_owned()),
            None => self.current_user().await,
        }
    }
}
