//! `keepdocker repair`: an image of the cluster under the digest that compute nodes look for.

use clap::Args;

use super::request;
use crate::bindings::commands::{Outcome, RepairRequest, Repaired};
use crate::bindings::log::Level;
use crate::harmless::escape;
use crate::output::{self, Console, Report};
use crate::plan::Step;
use crate::progress::{Look, show};
use crate::run::{Options, Surroundings};
use crate::settings::{Environment, ImageId};

/// Arguments of `keepdocker repair`.
#[derive(Debug, Args)]
pub struct Repair {
    /// The image: what a container request would name, or an image ID.
    pub image: String,
    /// The tag, if IMAGE has none.
    pub tag: Option<String>,
    /// By which digest compute nodes look for the image: `config`, or `manifest` where their Docker has the
    /// containerd image store [default: as `config.toml` or KEEPDOCKER_IMAGE_ID says, else config].
    #[arg(long, value_name = "DIGEST")]
    pub image_id: Option<ImageId>,
    /// Only what this project owns.
    #[arg(long, visible_alias = "project", value_name = "UUID")]
    pub project_uuid: Option<String>,
    /// Tell what would be written, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl Repair {
    /// Registers the image by the digest that is wanted.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn run(
        self,
        options: Options,
        environment: Environment,
        console: Console,
    ) -> Result<(), Report> {
        let request = RepairRequest {
            image: self.image.clone(),
            tag: self.tag.clone(),
            project: self.project_uuid.clone(),
            named_by: request::image_id(self.image_id, &environment)?.into(),
        };
        let mut surroundings =
            Surroundings::new(options, environment, console, show(Look::None, console)).await?;
        if self.dry_run {
            let (repaired, steps) = surroundings.rehearse_repair(&request).await?;
            let text = if self.json {
                output::repaired(&repaired, Some(&steps))
            } else {
                planned(&steps)
            };
            return request::answer(console, text);
        }
        let repaired = surroundings.repair(&request).await?;
        for text in told(&self.image, &repaired) {
            console.message(Level::Info, &text);
        }
        let text = if self.json {
            output::repaired(&repaired, None)
        } else {
            format!("{}\n", escape(&repaired.collection))
        };
        request::answer(console, text)
    }
}

/// Says what a repair would write.
fn planned(steps: &[Step]) -> String {
    if steps.is_empty() {
        return "nothing to do: the image is registered so\n".to_owned();
    }
    steps
        .iter()
        .map(|step| format!("would {}\n", escape(&step.to_string())))
        .collect()
}

/// Says what was done, and what is left.
fn told(asked: &str, repaired: &Repaired) -> Vec<String> {
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
