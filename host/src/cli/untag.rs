//! `keepdocker untag`: a name less for an image that is in Keep.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::change::{Changed, Changing};
use crate::bindings::commands::{UntagRequest, Untagged};
use crate::component;
use keepdocker_terms::uuid::{self, Kind};

/// Take names away from images in Keep, which stay.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(
    about = "Take names away from images in Keep, which stay",
    after_help = "\
Examples:
  keepdocker untag lab/tool:stable
  keepdocker untag lab/tool:1 lab/tool:2 --project Genomics/Images --dry-run
  keepdocker untag zzzzz-4zz18-0123456789abcde

Whatever gives the name is removed where you may change it: in one project at a time. Printed is where it led; `keepdocker tag UUID NAME` brings it back."
)]
pub(crate) struct Untag {
    /// A name that is to go, or the UUID of a collection that cannot be read, for all that leads there.
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    /// Only what this project says, by UUID, name or path [default: where you may change it, if that
    /// is one project].
    #[arg(
        long = "project",
        visible_alias = "project-uuid",
        value_name = "PROJECT"
    )]
    pub project_uuid: Option<String>,
}

component::request!(UntagRequest => Untagged, Untag, "untag", Change);

impl Changing for Untag {
    type Request = UntagRequest;
    const NAME: &'static str = "untag";
    const NOTHING: &'static str = "you have no link with such a name";

    fn project(&mut self) -> Option<&mut Option<String>> {
        Some(&mut self.project_uuid)
    }

    fn asked(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    fn request(&self) -> UntagRequest {
        UntagRequest {
            names: self.names.clone(),
            project: self.project_uuid.clone(),
        }
    }
}

impl Changed for Untagged {
    fn summary(&self, _: &str) -> Vec<String> {
        let mut told = Vec::new();
        for named in &self.names {
            let name = &named.name;
            if uuid::is(name, Kind::Collection) {
                if !named.left.is_empty() {
                    told.push(format!(
                        "links that lead to {name} are left elsewhere: {}",
                        named.left.join(", ")
                    ));
                }
                told.push(match named.removed.is_empty() {
                    true => format!("nothing that leads to {name} was removed"),
                    false => format!("what led to {name} is removed here; if it comes back, `keepdocker adopt {name} NAME` makes its links again"),
                });
                continue;
            }
            if named.removed.is_empty() {
                told.push(format!(
                    "you have no link with the name `{name}`; nothing was removed"
                ));
            }
            for head in &named.removed {
                told.push(format!(
                    "`{name}` does not lead to {head} any more; `keepdocker tag {head} {name}` undoes that"
                ));
            }
            if let Some(collection) = &named.leads_to {
                told.push(format!(
                    "a container request for `{name}` gets {collection} now, by a link of another project ({}); `keepdocker resolve {name}` tells more",
                    named.left.join(", ")
                ));
            }
        }
        told
    }

    fn lines(&self) -> Vec<&str> {
        let names = self.names.iter();
        names
            .flat_map(|named| named.removed.iter().map(String::as_str))
            .collect()
    }
}
