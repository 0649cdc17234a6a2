//! `keepdocker restore`: images that come back from the trash.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::change::{Changed, Changing};
use crate::bindings::commands::{RestoreRequest, Restored};
use crate::component;

/// Bring images back from the trash, with all of their names.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(
    about = "Bring images back from the trash, with all of their names",
    after_help = "\
Examples:
  keepdocker restore lab/tool:1
  keepdocker restore zzzzz-4zz18-0123456789abcde --project Genomics/Images
  keepdocker restore lab/tool:1 lab/tool:2 --json

Whatever named the image names it again. Printed is the collection."
)]
pub(crate) struct Restore {
    /// An image that is in the trash: its name, or the UUID of its collection.
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    /// Only what this project owns, by UUID, name or path [default: the owner by what the links to the image
    /// say].
    #[arg(
        long = "project",
        visible_alias = "project-uuid",
        value_name = "PROJECT"
    )]
    pub project_uuid: Option<String>,
}

component::request!(RestoreRequest => Restored, Restore, "restore", Change);

impl Changing for Restore {
    type Request = RestoreRequest;
    const NAME: &'static str = "restore";
    const NOTHING: &'static str = "no image in the trash has such a name";

    fn project(&mut self) -> Option<&mut Option<String>> {
        Some(&mut self.project_uuid)
    }

    fn asked(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    fn request(&self) -> RestoreRequest {
        RestoreRequest {
            names: self.names.clone(),
            project: self.project_uuid.clone(),
        }
    }
}

impl Changed for Restored {
    fn summary(&self, _: &str) -> Vec<String> {
        let mut told = Vec::new();
        for image in &self.images {
            let name = &image.name;
            match (&image.collection, &image.leads_to) {
                (None, _) => told.push(format!(
                    "nothing in the trash has the name `{name}`; nothing was brought back"
                )),
                (Some(collection), Some(other)) if other != collection => told.push(format!(
                    "{collection} is back, but a container request for `{name}` gets {other}; `keepdocker resolve {name}` tells why"
                )),
                (Some(collection), _) if collection == name => {
                    told.push(format!("{collection} is back"));
                }
                (Some(collection), _) => told.push(format!("{collection} (`{name}`) is back")),
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
