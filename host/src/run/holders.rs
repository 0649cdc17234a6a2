//! Whom a name means that something is to be shared with.
//!
//! It is looked up before the component is asked for anything, so that plans and logs have the UUID; and who it is, is
//! told before anything is shared.

use keepdocker_arvados::api::Error;
use keepdocker_console::{Exit, Level, Report};
use keepdocker_terms::uuid::{self, Kind};

use super::Surroundings;
use crate::bindings::commands::Failure;
use crate::harmless::escape;

/// All users of the cluster.
const EVERYONE: &str = "everyone";

/// How the UUID of the group ends that has them, after the cluster's own characters.
const GROUP_OF_ALL: &str = "-j7d0g-fffffffffffffff";

/// Returns what people call this user or group, which commands take as well: its UUID, but for all users.
pub(crate) fn called(uuid: &str) -> &str {
    match uuid.ends_with(GROUP_OF_ALL) {
        true => EVERYONE,
        false => uuid,
    }
}

impl Surroundings {
    /// Puts UUIDs in the place of the names of users and groups, each once.
    ///
    /// # Errors
    /// If nobody has such a name, or several have, or the cluster does not tell.
    pub(crate) async fn settle_holders(&self, holders: &mut Vec<String>) -> Result<(), Report> {
        let report = |error: Error| Report::from(Failure::Api(error.into()));
        // A policy may say to whom the token must not go.
        self.policy()?;
        let capabilities = self.capabilities()?;
        let api = capabilities.api.api();
        let mut settled: Vec<String> = Vec::new();
        for text in holders.iter() {
            let found = if text == EVERYONE {
                let cluster = &api.cluster().await.map_err(report)?.id;
                format!("{cluster}{GROUP_OF_ALL}")
            } else if uuid::is(text, Kind::User) || uuid::is(text, Kind::Group) {
                text.clone()
            } else {
                let known = api.holders_named(text).await.map_err(report)?;
                match known.as_slice() {
                    [(found, name)] => {
                        self.console().message(
                            Level::Info,
                            &format!("`{}` is {} ({})", escape(text), escape(name), escape(found)),
                        );
                        found.clone()
                    }
                    [] => return Err(nobody(text)),
                    several => return Err(ambiguous(text, several)),
                }
            };
            if !settled.contains(&found) {
                settled.push(found);
            }
        }
        *holders = settled;
        Ok(())
    }
}

fn nobody(text: &str) -> Report {
    let text = escape(text);
    Report::new(
        Exit::Usage,
        format!("no user or group that the token may see is called `{text}`; nothing was shared"),
    )
    .advise("give the user's name or address as Workbench shows it, the whole name of a group, a UUID, or `everyone`")
}

fn ambiguous(text: &str, several: &[(String, String)]) -> Report {
    let text = escape(text);
    let mut report = Report::new(
        Exit::Usage,
        format!("several users or groups are called `{text}`; nothing was shared"),
    );
    for (uuid, name) in several {
        report = report.detail(format!("{uuid}: {name}"));
    }
    report.advise("give the UUID")
}
