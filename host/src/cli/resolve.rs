//! `keepdocker resolve`.

use clap::Args;
use serde::Serialize;

use super::invocation::{Execute, Invocation};
use super::request;
use super::suggestions::suggest;
use crate::bindings::commands::{Answer, Command, Resolution};
use crate::component::Request;
use crate::harmless::escape;
use crate::output::{Level, Purpose, Report, json};

/// Show which collection a container request for an image would get.
#[derive(Debug, Args)]
#[command(
    about = "Show which collection a container request for an image would get",
    after_help = "\
Examples:
  keepdocker resolve lab/tool:1.2
  keepdocker resolve lab/tool:1.2 --json
  keepdocker resolve 0123456789abcdef0123456789abcdef+83"
)]
pub(crate) struct Resolve {
    /// What a container request would name: repository:tag, image ID, or portable data hash.
    pub image: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What a container request would name.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub(super) struct Named(pub(super) String);

impl Request for Named {
    type Answer = Resolution;
    const COMMAND: &'static str = "resolve";

    fn purpose(&self) -> Purpose {
        Purpose::Resolve
    }

    fn command(self) -> Command {
        Command::Resolve(self.0)
    }

    fn answer(answer: Answer) -> Option<Resolution> {
        match answer {
            Answer::Resolve(answer) => Some(answer),
            _ => None,
        }
    }
}

impl Execute for Resolve {
    fn is_json(&self) -> bool {
        self.json
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let console = invocation.console;
        let surroundings = invocation.surroundings().await?;
        let resolution = match surroundings.ask(&Named(self.image.clone())).await {
            Ok(resolution) => resolution,
            Err(report) => return Err(suggest(report, &surroundings, &self.image).await),
        };
        for reason in &resolution.reasons {
            console.message(Level::Info, reason);
        }
        let text = match self.json {
            true => json::resolved(&resolution),
            false => format!("{}\n", escape(&resolution.collection)),
        };
        request::answer(console, text)
    }
}
