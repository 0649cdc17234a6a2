//! `keepdocker copy`: an image that is in Keep, in another project.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::change::Changing;
use super::registered;
use super::request;
use crate::bindings::commands::RegisterRequest;
use crate::output::{Exit, Report};
use crate::settings::{Environment, ImageId};
use keepdocker_console::values::is_empty;

/// Give another project an image that is in Keep, without sending data.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(
    about = "Give another project an image that is in Keep, without sending data",
    after_help = "\
Examples:
  keepdocker copy lab/tool:1.2 --project zzzzz-j7d0g-0123456789abcde
  keepdocker copy lab/tool:1.2 group/tool:1.2 --project Genomics/Images
  keepdocker copy lab/tool:1.2 --project Genomics/Images --dry-run

The new collection has the same blocks, and stays if the other one goes. What is not in Keep yet, in a registry or a file, comes there by `keepdocker upload --from SOURCE`."
)]
pub(crate) struct Copy {
    /// The image: what a container request would name, or an image ID.
    pub image: String,
    /// A name that it is to have there [default: IMAGE, if that is a name].
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// The project that is to have it, by UUID, name or path.
    #[arg(
        long = "project",
        visible_alias = "project-uuid",
        value_name = "PROJECT",
        required = true
    )]
    pub project_uuid: Option<String>,
    /// The digest by which compute nodes look for the image: `config`, or `manifest` if their Docker
    /// uses the containerd image store [default: from config.toml or KEEPDOCKER_IMAGE_ID, else config].
    #[arg(long, value_name = "DIGEST")]
    pub image_id: Option<ImageId>,
    /// Read all of the image's data and check it, not its config alone.
    #[arg(long)]
    pub verify: bool,
}

impl Changing for Copy {
    type Request = RegisterRequest;
    const NAME: &'static str = "copy";
    const NOTHING: &'static str = "the project has the image";

    fn decide(&mut self, environment: &Environment) -> Result<(), Report> {
        if self.project_uuid.as_deref().is_none_or(is_empty) {
            let report = Report::new(Exit::Usage, "`--project` is empty");
            return Err(report.advise("was it to be filled by a variable that is not set?"));
        }
        self.image_id = Some(request::image_id(self.image_id, environment)?);
        Ok(())
    }

    fn project(&mut self) -> Option<&mut Option<String>> {
        Some(&mut self.project_uuid)
    }

    fn asked(&self) -> &str {
        &self.image
    }

    fn request(&self) -> RegisterRequest {
        RegisterRequest {
            project: self.project_uuid.clone(),
            named_by: self.image_id.unwrap_or_default().into(),
            ..registered::request(&self.image, &self.names, self.verify)
        }
    }
}
