//! `keepdocker tag`: another name for an image that is in Keep.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::change::Changing;
use super::registered;
use crate::bindings::commands::RegisterRequest;

/// Give an image in Keep further names.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(
    about = "Give an image in Keep further names",
    after_help = "\
Examples:
  keepdocker tag lab/tool:1.2 lab/tool:stable
  keepdocker tag lab/tool:1.2 lab/tool:1 lab/tool:latest --dry-run
  keepdocker tag zzzzz-4zz18-0123456789abcde lab/tool:1.2

The names lead to the collection that the image is in. Where you cannot write there, `keepdocker copy` makes one of your own."
)]
pub(crate) struct Tag {
    /// The image: what a container request would name, or an image ID.
    pub image: String,
    /// A name that it is to have.
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    /// Read all of the image's data and check it, not its config alone.
    #[arg(long)]
    pub verify: bool,
}

impl Changing for Tag {
    type Request = RegisterRequest;
    const NAME: &'static str = "tag";
    const NOTHING: &'static str = "the image has these names already";

    fn asked(&self) -> &str {
        &self.image
    }

    fn request(&self) -> RegisterRequest {
        registered::request(&self.image, &self.names, self.verify)
    }
}
