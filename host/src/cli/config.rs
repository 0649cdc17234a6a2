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
use crate::settings::{CacheBase, ImageId, Said};

/// Show what is set.
#[derive(Debug, Args)]
#[command(
    about = "Show what is set",
    after_help = "\
Examples:
  keepdocker config show
  keepdocker config show --origin
  keepdocker config show --json"
)]
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
  keepdocker config show --origin
  keepdocker config show --json")]
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
    let preferences = &invocation.preferences;
    let (image_id, image_id_from) = request::image_id_with_origin(None, preferences);
    let image_id = match image_id {
        ImageId::Config => "config",
        ImageId::Manifest => "manifest",
    };
    settings.push(said("image-id", image_id, image_id_from));
    settings.push(engine(invocation));
    let threads = preferences.threads.as_ref().map(|threads| Said {
        value: threads.value.to_string(),
        from: threads.from.clone(),
    });
    for (name, default, found) in [
        ("project", "your home project", &preferences.project),
        (
            "platform",
            "linux/amd64 if there is a choice",
            &preferences.platform,
        ),
        ("threads", "2 to send, 3 to fetch", &threads),
        ("progress", "auto", &preferences.progress),
    ] {
        settings.push(match found {
            Some(found) => said(name, &found.value, found.from.clone()),
            None => said(name, default, "the default".to_owned()),
        });
    }
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

fn engine(invocation: &Invocation) -> Origin {
    let in_file = invocation.preferences.engine.as_ref();
    match (invocation.options.engine.as_deref(), in_file) {
        (Some(engine), Some(found)) if found.value == engine => {
            said("engine", engine, found.from.clone())
        }
        (Some(engine), _) => said(
            "engine",
            engine,
            "`--engine` or KEEPDOCKER_ENGINE".to_owned(),
        ),
        (None, _) => said("engine", "docker, else docker.io", "the default".to_owned()),
    }
}

fn said(name: &'static str, value: &str, from: String) -> Origin {
    Origin {
        name,
        value: Some(value.to_owned()),
        from: Some(from),
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
