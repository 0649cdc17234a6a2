//! `keepdocker repair`: an image of the cluster under the digest that compute nodes look for.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::change::{Changed, Changing};
use super::request;
use crate::bindings::commands::{Outcome, RepairRequest, Repaired};
use crate::component;
use crate::output::Report;
use crate::settings::{Environment, ImageId};
use keepdocker_console::values::settle;

/// Register an image by the digest that compute nodes look for, without sending data.
// As JSON, which is how a plan has them, the arguments are what bears on what is written.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(
    about = "Register an image by the digest that compute nodes look for, without sending data",
    after_help = "\
Examples:
  keepdocker repair lab/tool:1.2
  keepdocker repair lab/tool:1.2 --dry-run -o plan.json"
)]
pub(crate) struct Repair {
    /// The image: what a container request would name, or an image ID.
    pub image: String,
    /// The tag, if IMAGE has none.
    pub tag: Option<String>,
    /// The digest by which compute nodes look for the image: `config`, or `manifest` if their Docker
    /// uses the containerd image store [default: from config.toml or KEEPDOCKER_IMAGE_ID, else config].
    #[arg(long, value_name = "DIGEST")]
    pub image_id: Option<ImageId>,
    /// Only images that this project owns, by UUID, name or path.
    #[arg(
        long = "project",
        visible_alias = "project-uuid",
        value_name = "PROJECT"
    )]
    pub project_uuid: Option<String>,
}

component::request!(RepairRequest => Repaired, Repair, "repair", Change);

impl Changing for Repair {
    type Request = RepairRequest;
    const NAME: &'static str = "repair";
    const NOTHING: &'static str = "the image is registered that way already";

    fn settle(&mut self) {
        settle(&mut self.project_uuid);
        settle(&mut self.tag);
    }

    fn decide(&mut self, environment: &Environment) -> Result<(), Report> {
        self.image_id = Some(request::image_id(self.image_id, environment)?);
        Ok(())
    }

    fn project(&mut self) -> Option<&mut Option<String>> {
        Some(&mut self.project_uuid)
    }

    fn asked(&self) -> &str {
        &self.image
    }

    fn request(&self) -> RepairRequest {
        RepairRequest {
            image: self.image.clone(),
            tag: self.tag.clone(),
            project: self.project_uuid.clone(),
            named_by: self.image_id.unwrap_or_default().into(),
        }
    }
}

impl Changed for Repaired {
    fn summary(&self, asked: &str) -> Vec<String> {
        let Self {
            collection,
            registered_as,
            ..
        } = self;
        if self.outcome == Outcome::Present {
            return vec![format!(
                "{asked} is registered as {registered_as} already; nothing was written"
            )];
        }
        let mut told = vec![format!(
            "{asked} is registered as {registered_as} now, in {collection}; no data was sent"
        )];
        if let Some(former) = &self.former {
            let links = self.former_links.join(", ");
            told.push(format!(
                "collection {former} stays, with its links ({links}): containers that name it by its portable data hash need it; \
                 remove them when nobody does"
            ));
        }
        told
    }

    fn lines(&self) -> Vec<&str> {
        vec![&self.collection]
    }
}
