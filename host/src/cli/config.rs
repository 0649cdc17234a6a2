//! `keepdocker config`.

use std::borrow::Cow;

use clap::{Args, Subcommand};
use keepdocker_console::{Column, Columns, Give};
use serde_json::{Value, json};

use super::invocation::{Execute, Invocation};
use super::request;
use crate::harmless::escape;
use crate::output::{self, Report, Stream};
use crate::settings::origins::{self, Origin};
use crate::settings::{CacheBase, ImageId};

/// Show what is set.
#[derive(Debug, Args)]
#[command(about = "Show what is set")]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    command: ConfigCommand,
}

/// What there is to do with what is set.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show cluster, engine, digest and folders as they are in force; the token is never shown.
    #[command(after_help = "\
Examples:
  keepdocker config show
  keepdocker config show --origin")]
    Show {
        /// Show where each was said, too.
        #[arg(long)]
        origin: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Execute for ConfigArguments {
    fn is_json(&self) -> bool {
        let ConfigCommand::Show { json, .. } = self.command;
        json
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let ConfigCommand::Show { origin, json } = self.command;
        let settings = settings(&invocation)?;
        let text = match json {
            true => as_json(&settings),
            false => table(&settings, origin),
        };
        invocation.answer(text)
    }
}

/// Returns what is set, and where that was said.
fn settings(invocation: &Invocation) -> Result<Vec<Origin>, Report> {
    let environment = &invocation.environment;
    let mut settings = origins::of_cluster(environment);
    let (image_id, image_id_from) = request::image_id_with_origin(None, environment)?;
    let image_id = match image_id {
        ImageId::Config => "config",
        ImageId::Manifest => "manifest",
    };
    settings.push(said("image-id", image_id, Some(image_id_from)));
    let engine = invocation.options.engine.as_deref();
    settings.push(match engine {
        Some(engine) => said(
            "engine",
            engine,
            Some("`--engine` or KEEPDOCKER_ENGINE".into()),
        ),
        None => said(
            "engine",
            "docker, else docker.io",
            Some("the default".into()),
        ),
    });
    let cache = CacheBase::new(environment).map(|base| base.path.display().to_string());
    settings.push(Origin {
        name: "cache",
        from: cache
            .is_some()
            .then(|| "the folders of the user".to_owned()),
        value: cache,
    });
    Ok(settings)
}

fn said(name: &'static str, value: &str, from: Option<String>) -> Origin {
    Origin {
        name,
        value: Some(value.to_owned()),
        from,
    }
}

fn as_json(settings: &[Origin]) -> String {
    let settings: Vec<Value> = settings
        .iter()
        .map(|setting| {
            json!({
                "name": setting.name,
                "value": setting.value,
                "is_set": setting.from.is_some(),
                "origin": setting.from,
            })
        })
        .collect();
    let document = json!({ "schema": "keepdocker.config/1", "settings": settings });
    format!("{document}\n")
}

fn table(settings: &[Origin], with_origin: bool) -> String {
    let mut columns = vec![
        Column::new("SETTING", Give::Nothing),
        Column::new("VALUE", Give::Cut(16)),
    ];
    if with_origin {
        columns.push(Column::new("ORIGIN", Give::Cut(16)));
    }
    let rows = settings.iter().map(|setting| {
        let value = match &setting.value {
            Some(value) => escape(value),
            None if setting.is_hidden() => Cow::Borrowed("set, and not shown"),
            None => Cow::Borrowed("-"),
        };
        let mut row = vec![Cow::Borrowed(setting.name), value];
        if with_origin {
            row.push(escape(setting.from.as_deref().unwrap_or("-")));
        }
        row
    });
    let width = output::width_of(Stream::Output).unwrap_or(usize::MAX);
    Columns::new(columns, rows.collect()).fitted(width)
}
