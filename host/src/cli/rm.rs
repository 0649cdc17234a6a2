//! `keepdocker rm`: images that go to the trash.

use clap::Args;
use keepdocker_terms::timestamp::Timestamp;
use keepdocker_terms::uuid::{self, Kind};
use serde::{Deserialize, Serialize};

use super::change::{Changed, Changing};
use crate::bindings::commands::{Removed, RmRequest};
use crate::component;

/// Move images in Keep to the trash, with all of their names.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(
    about = "Move images in Keep to the trash, with all of their names",
    after_help = "\
Examples:
  keepdocker rm lab/tool:1
  keepdocker rm lab/tool:1 lab/tool:latest --dry-run
  keepdocker rm zzzzz-4zz18-0123456789abcde

An image goes only if it has no other names, and nobody else has a link to it; `keepdocker untag` takes one name away. Printed is the collection; `keepdocker restore` brings it back until the cluster empties its trash."
)]
pub(crate) struct Rm {
    /// An image that is to go: its name, or the UUID of its collection.
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    /// Only what this project owns, by UUID, name or path [default: whatever a container request for the name
    /// gets].
    #[arg(
        long = "project",
        visible_alias = "project-uuid",
        value_name = "PROJECT"
    )]
    pub project_uuid: Option<String>,
}

component::request!(RmRequest => Removed, Rm, "rm", Change);

impl Changing for Rm {
    type Request = RmRequest;
    const NAME: &'static str = "rm";
    const NOTHING: &'static str = "no image has such a name";

    fn project(&mut self) -> Option<&mut Option<String>> {
        Some(&mut self.project_uuid)
    }

    fn asked(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    fn request(&self) -> RmRequest {
        RmRequest {
            names: self.names.clone(),
            project: self.project_uuid.clone(),
        }
    }
}

impl Changed for Removed {
    fn summary(&self, _: &str) -> Vec<String> {
        let mut told = Vec::new();
        for image in &self.images {
            let name = &image.name;
            match &image.collection {
                None if uuid::is(name, Kind::Collection) => told.push(format!(
                    "there is no collection {name} that the token may see, or it is in the trash; nothing was removed"
                )),
                None => told.push(format!(
                    "no image has the name `{name}`; nothing was removed"
                )),
                Some(collection) => {
                    // What is no time says nothing to anybody.
                    let until = image.until.as_deref().and_then(Timestamp::parse);
                    let until = until
                        .and_then(Timestamp::in_utc)
                        .map_or(String::new(), |until| {
                            until.format(" until %Y-%m-%d %H:%M UTC").to_string()
                        });
                    told.push(format!(
                        "{collection} (`{name}`) is in the trash; `keepdocker restore {collection}` undoes that{until}"
                    ));
                }
            }
            if let Some(collection) = &image.leads_to {
                told.push(format!(
                    "a container request for `{name}` gets {collection} now; `keepdocker resolve {name}` tells more"
                ));
            }
        }
        told
    }

    fn lines(&self) -> Vec<&str> {
        let mut lines: Vec<&str> = Vec::new();
        for collection in self
            .images
            .iter()
            .filter_map(|image| image.collection.as_deref())
        {
            if !lines.contains(&collection) {
                lines.push(collection);
            }
        }
        lines
    }
}
