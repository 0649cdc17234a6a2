//! `keepdocker adopt`: an image that is in Keep, and that no link makes known.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::change::Changing;
use super::registered;
use super::request;
use crate::bindings::commands::RegisterRequest;
use crate::output::Report;
use crate::settings::{Environment, ImageId};

/// Make an image known that is in Keep as a file of some collection.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(
    about = "Make an image known that is in Keep as a file of some collection",
    after_help = "\
Examples:
  keepdocker adopt zzzzz-4zz18-0123456789abcde lab/tool:1.2
  keepdocker adopt 0123456789abcdef0123456789abcdef+83 lab/tool:1.2 --dry-run
  keepdocker adopt zzzzz-4zz18-0123456789abcde --project Genomics/Images

The collection holds one file, an archive of one image such as `docker save` writes. What is in it counts, not how it is named. A file that is not named by the image's digest gets a new collection with the same blocks."
)]
pub(crate) struct Adopt {
    /// The UUID or portable data hash of the collection.
    pub image: String,
    /// A name that it is to have [default: those in the archive, if the collection is yours].
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// The project that is to have it, by UUID, name or path [default: that of the collection].
    #[arg(
        long = "project",
        visible_alias = "project-uuid",
        value_name = "PROJECT"
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

impl Changing for Adopt {
    type Request = RegisterRequest;
    const NAME: &'static str = "adopt";
    const NOTHING: &'static str = "the image is known already";

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

    fn request(&self) -> RegisterRequest {
        RegisterRequest {
            project: self.project_uuid.clone(),
            named_by: self.image_id.unwrap_or_default().into(),
            ..registered::request(&self.image, &self.names, self.verify)
        }
    }
}
