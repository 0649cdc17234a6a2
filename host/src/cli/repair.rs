//! `keepdocker repair`: an image of the cluster under the digest that compute nodes look for.

use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::invocation::{Execute, Invocation};
use super::plan::{as_json, keep, refuse_file, told};
use super::request;
use super::suggestions::suggest;
use crate::bindings::commands::{Outcome, RepairRequest, Repaired};
use crate::harmless::escape;
use crate::output::{self, Console, Level, Report};
use crate::run::{Done, Task};
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
    /// Only images that this project owns.
    #[arg(long, visible_alias = "project", value_name = "UUID")]
    pub project_uuid: Option<String>,
    /// Show what would be written, and write nothing.
    #[arg(long)]
    #[serde(skip)]
    pub dry_run: bool,
    /// Save the plan to a new file for `keepdocker apply`.
    #[arg(long, short, value_name = "FILE")]
    #[serde(skip)]
    pub output: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    #[serde(skip)]
    pub json: bool,
}

impl Execute for Repair {
    fn settle(&mut self) {
        settle(&mut self.project_uuid);
        settle(&mut self.tag);
    }

    fn is_json(&self) -> bool {
        self.json
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let repair = self.decided(&invocation.environment)?;
        if repair.output.is_some() && !repair.dry_run {
            return Err(refuse_file("add `--dry-run`"));
        }
        let console = invocation.console;
        let mut surroundings = invocation.surroundings().await?;
        if !repair.dry_run {
            let repaired = match surroundings.repair(&repair.request()).await {
                Ok(repaired) => repaired,
                Err(report) => return Err(suggest(report, &surroundings, &repair.image).await),
            };
            return repair.tell(&repaired, repair.json, console);
        }
        let task = Task::Repair(repair.request());
        let (plan, done) = surroundings.plan(&task, as_json(&repair)).await?;
        keep(&plan, repair.output.as_deref(), console)?;
        let text = match done {
            Some(Done::Repaired(repaired)) if repair.json => {
                output::repaired(&repaired, Some(&plan.steps))
            }
            _ => told(&plan),
        };
        request::answer(console, text)
    }
}

impl Repair {
    /// Settles what may have been said elsewhere than on the command line, so that a plan has it.
    fn decided(mut self, environment: &Environment) -> Result<Self, Report> {
        self.image_id = Some(request::image_id(self.image_id, environment)?);
        Ok(self)
    }

    /// Returns what to ask of the component.
    pub(super) fn request(&self) -> RepairRequest {
        RepairRequest {
            image: self.image.clone(),
            tag: self.tag.clone(),
            project: self.project_uuid.clone(),
            named_by: self.image_id.unwrap_or_default().into(),
        }
    }

    /// Tells what the repair came to.
    pub(super) fn tell(
        &self,
        repaired: &Repaired,
        as_json: bool,
        console: Console,
    ) -> Result<(), Report> {
        for text in summary(&self.image, repaired) {
            console.message(Level::Info, &text);
        }
        let text = if as_json {
            output::repaired(repaired, None)
        } else {
            format!("{}\n", escape(&repaired.collection))
        };
        request::answer(console, text)
    }
}

/// Says what was done, and what is left.
fn summary(asked: &str, repaired: &Repaired) -> Vec<String> {
    let Repaired {
        collection,
        registered_as,
        ..
    } = repaired;
    if repaired.outcome == Outcome::Present {
        return vec![format!(
            "{asked} is registered as {registered_as} already; nothing was written"
        )];
    }
    let mut told = vec![format!(
        "{asked} is registered as {registered_as} now, in {collection}; no data was sent"
    )];
    if let Some(former) = &repaired.former {
        let links = repaired.former_links.join(", ");
        told.push(format!(
            "collection {former} stays, with its links ({links}): containers that name it by its portable data hash need it; \
             remove them when nobody does"
        ));
    }
    told
}
