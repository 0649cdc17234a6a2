//! `keepdocker tag`: another name for an image that is in Keep.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::change::Changing;
use crate::bindings::commands::{
    Answer, Command, ImageDigest, Outcome, RegisterRequest, Registered,
};
use crate::bindings::keep::Depth;
use crate::component::Request;
use crate::output::Purpose;

/// Give an image in Keep further names.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(
    about = "Give an image in Keep further names",
    after_help = "\
Examples:
  keepdocker tag lab/tool:1.2 lab/tool:stable
  keepdocker tag lab/tool:1.2 lab/tool:1 lab/tool:latest --dry-run

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

impl Request for RegisterRequest {
    type Answer = Registered;
    const COMMAND: &'static str = "register";

    fn purpose(&self) -> Purpose {
        Purpose::Change
    }

    fn command(self) -> Command {
        Command::Register(self)
    }

    fn answer(answer: Answer) -> Option<Registered> {
        match answer {
            Answer::Register(answer) => Some(answer),
            _ => None,
        }
    }
}

impl Changing for Tag {
    type Request = RegisterRequest;
    const NAME: &'static str = "tag";
    const NOTHING: &'static str = "the image has these names already";

    fn asked(&self) -> &str {
        &self.image
    }

    fn request(&self) -> RegisterRequest {
        RegisterRequest {
            image: self.image.clone(),
            project: None,
            names: self.names.clone(),
            verify: depth(self.verify),
            named_by: ImageDigest::Config,
        }
    }

    fn summary(&self, registered: &Registered) -> Vec<String> {
        summary(&self.image, registered)
    }

    fn lines<'a>(&self, registered: &'a Registered) -> Vec<&'a str> {
        vec![&registered.collection]
    }
}

/// Says how far the archive is read before it is used.
pub(super) fn depth(verify: bool) -> Depth {
    match verify {
        true => Depth::Content,
        false => Depth::Config,
    }
}

/// Says what an image that was in Keep is known by now, and where.
pub(super) fn summary(asked: &str, registered: &Registered) -> Vec<String> {
    let Registered {
        collection,
        image,
        names,
        source,
        ..
    } = registered;
    let what = match names.as_slice() {
        [] => image.clone(),
        names => names.join(", "),
    };
    if registered.outcome == Outcome::Present {
        return vec![format!(
            "{what} is in collection {collection} already; nothing was written"
        )];
    }
    let mut told = vec![format!(
        "{what} is in collection {collection} now; no data was sent"
    )];
    if collection != source {
        told.push(format!(
            "it has the blocks of {source}, to which `{asked}` led, and stays if that one goes"
        ));
    }
    told
}
