//! `keepdocker repair`: an image of the cluster under the digest that compute nodes look for, or with the blocks again
//! that Keep has lost; or no links any more to what is gone.

use std::iter;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::change::{Change, Changed, Changing};
use super::invocation::{Execute, Invocation};
use super::plan::Apply;
use super::untag::Untag;
use super::upload::platform;
use super::{request, several};
use crate::archive::Location;
use crate::bindings::commands::{Answer, Command, Origin, Outcome, RepairRequest, Repaired};
use crate::component::Request;
use crate::harmless::escape;
use crate::keep::Lenders;
use crate::output::{Exit, Purpose, Report};
use crate::plan::Plan;
use crate::run::Options;
use crate::settings::{Environment, ImageId};
use crate::wording::bytes;
use keepdocker_console::values::settle;
use keepdocker_terms::uuid::{self, Kind};

/// Register an image by the digest that compute nodes look for, or write blocks again that Keep has lost.
// As JSON, which is how a plan has them, the arguments are what bears on what is written.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Repair {
    /// The image: what a container request would name, an image ID, or the UUID of a collection.
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
    /// Write blocks again that Keep has lost, from here: any source that `upload --from` takes.
    #[arg(long, value_name = "SOURCE", conflicts_with = "image_id")]
    #[serde(default)]
    pub from: Option<String>,
    /// The platform, where the source has the image for several.
    #[arg(long, value_name = "OS/ARCH", requires = "from")]
    #[serde(default)]
    pub platform: Option<String>,
}

/// The arguments of a repair of one image, or of several.
#[derive(Debug, Args)]
#[command(
    about = "Register an image by the digest that compute nodes look for, write lost blocks again, or remove orphan links",
    after_help = "\
Examples:
  keepdocker repair lab/tool:1.2 lab/other:3
  keepdocker repair lab/tool:1.2 --dry-run -o plan.json
  keepdocker repair lab/tool:1.2 --from docker-archive:saved.tar
  keepdocker repair zzzzz-4zz18-0123456789abcde --orphan-links --dry-run

Without --from no data is sent. With it nothing is registered: what Keep has lost of the image's blocks is written
again from a source that has the very same image. With --orphan-links only links are removed, as `keepdocker untag` does."
)]
pub(crate) struct RepairArguments {
    #[command(flatten)]
    change: Change<Repair>,
    /// Further images; each is repaired whatever becomes of the others.
    #[arg(value_name = "MORE")]
    more: Vec<String>,
    /// Remove the links that lead to a collection which is gone, by its UUID: names, and the image's ID.
    #[arg(long, conflicts_with_all = ["from", "image_id"])]
    orphan_links: bool,
}

impl Execute for RepairArguments {
    const PLANNED: Option<&'static str> = Change::<Repair>::PLANNED;

    fn settle(&mut self) {
        self.change.settle();
    }

    fn is_json(&self) -> bool {
        self.change.is_json()
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let change = self.change;
        let what = change.what();
        if self.orphan_links {
            let names: Vec<String> = iter::once(&what.image)
                .chain(&what.tag)
                .chain(&self.more)
                .cloned()
                .collect();
            if let Some(name) = names.iter().find(|name| !is_collection(name)) {
                return Err(Report::new(
                    Exit::Usage,
                    format!("`{}` is no UUID of a collection", escape(name)),
                )
                .advise(ORPHANS));
            }
            let project_uuid = what.project_uuid.clone();
            // A plan of it says `untag`, and is applied as one.
            return change
                .of(Untag {
                    names,
                    project_uuid,
                })
                .run(invocation)
                .await;
        }
        let named = several::named(
            Some(&what.image),
            what.tag.as_ref(),
            &self.more,
            is_collection,
        );
        let Some(images) = named else {
            return change.run(invocation).await;
        };
        let alone = [
            (what.from.is_some(), "--from"),
            (change.is_kept(), "--output"),
        ];
        several::check(&images, is_collection, "repair", &alone)?;
        several::each(images, invocation, change.is_json(), |image, invocation| {
            let one = Repair {
                image,
                tag: None,
                ..change.what().clone()
            };
            change.of(one).run(invocation)
        })
        .await
    }

    async fn apply(apply: Apply, plan: &Plan, invocation: Invocation) -> Result<(), Report> {
        Change::<Repair>::apply(apply, plan, invocation).await
    }
}

/// Says which links are orphans.
const ORPHANS: &str = "`keepdocker doctor` tells which links lead to a collection that is gone; a name alone is taken away by `keepdocker untag`";

/// A UUID is the tag of no image in Keep.
fn is_collection(word: &str) -> bool {
    uuid::is(word, Kind::Collection)
}

impl Request for RepairRequest {
    type Answer = Repaired;
    const COMMAND: &'static str = "repair";

    fn purpose(&self) -> Purpose {
        Purpose::Change
    }

    fn lenders(&self) -> Lenders {
        match self.origin {
            // The collection itself is asked for the blocks that are left of it.
            Some(_) => Lenders::Anybody,
            None => Lenders::Nobody,
        }
    }

    fn command(self) -> Command {
        Command::Repair(self)
    }

    fn answer(answer: Answer) -> Option<Repaired> {
        match answer {
            Answer::Repair(answer) => Some(answer),
            _ => None,
        }
    }
}

impl Repair {
    /// Returns where the image comes from, if it comes from anywhere.
    fn source(&self) -> Result<Option<Location>, Report> {
        let from = self
            .from
            .as_deref()
            .map(|text| Location::of_words(text.as_ref()));
        from.transpose()
            .map_err(|error| Report::new(Exit::Usage, error.to_string()))
    }
}

impl Changing for Repair {
    type Request = RepairRequest;
    const NAME: &'static str = "repair";
    const NOTHING: &'static str = "the image is registered that way already";

    fn settle(&mut self) {
        settle(&mut self.project_uuid);
        settle(&mut self.tag);
        settle(&mut self.from);
        settle(&mut self.platform);
    }

    fn decide(&mut self, environment: &Environment) -> Result<(), Report> {
        self.image_id = Some(request::image_id(self.image_id, environment)?);
        Ok(())
    }

    fn complete(&self, options: &mut Options) -> Result<(), Report> {
        self.platform.as_deref().map(platform).transpose()?;
        options.given = self.source()?;
        Ok(())
    }

    fn project(&mut self) -> Option<&mut Option<String>> {
        Some(&mut self.project_uuid)
    }

    fn asked(&self) -> &str {
        &self.image
    }

    fn done(&self, answer: &Repaired) -> Vec<String> {
        match self.from {
            Some(_) => vec![written_again(answer)],
            None => answer.summary(self.asked()),
        }
    }

    fn request(&self) -> RepairRequest {
        // What cannot be meant was told before.
        let source = self.source().ok().flatten();
        let (origin, selection) = match &source {
            None => (None, None),
            Some(Location::Engine(image)) => (Some(Origin::Engine), Some(image.as_str())),
            Some(Location::Registry(image)) => (Some(Origin::Registry), Some(image.as_str())),
            Some(archive) => (Some(Origin::Given), archive.image()),
        };
        RepairRequest {
            origin,
            selection: selection.map(str::to_owned),
            platform: self
                .platform
                .as_deref()
                .and_then(|text| platform(text).ok()),
            image: self.image.clone(),
            tag: self.tag.clone(),
            project: self.project_uuid.clone(),
            named_by: self.image_id.unwrap_or_default().into(),
        }
    }
}

/// Says what became of blocks that were to be written again.
fn written_again(repaired: &Repaired) -> String {
    let collection = &repaired.collection;
    match repaired.sent {
        0 => format!("Keep says that it lacks no block of {collection}; nothing was sent"),
        sent => format!(
            "Keep has all blocks of {collection} again; {} were sent, and nothing else was changed",
            bytes(sent)
        ),
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
