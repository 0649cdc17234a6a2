//! The verbs of `keepdocker cache`: list and clean.

use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};

use super::request::{self, duration, size};
use crate::cache::Cleaning;
use crate::output::{Console, Report, cache};
use crate::run::upkeep;
use crate::settings::Environment;

/// Arguments of `keepdocker cache`.
#[derive(Debug, Args)]
pub struct CacheArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// What can be done with the cache.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// List what the cache holds: journals of interrupted uploads, archives that the Python program
    /// left, and locks that are held.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove what no run uses; without options, all of it.
    Clean {
        /// Only what nobody has written to for so long, such as 7d, 12h or 30m.
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        older_than: Option<Duration>,
        /// Only so much, the oldest first, that no more than SIZE is left, such as 10GiB.
        #[arg(long, value_name = "SIZE", value_parser = size)]
        max_size: Option<u64>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Does what the command says.
pub(super) async fn run(
    arguments: &CacheArguments,
    environment: &Environment,
    console: Console,
) -> Result<(), Report> {
    let answer = match &arguments.command {
        CacheCommand::List { json } => {
            let inventory = upkeep::inventory(environment, console).await?;
            if *json {
                cache::inventory_json(&inventory)
            } else {
                cache::inventory_table(&inventory, SystemTime::now())
            }
        }
        CacheCommand::Clean {
            older_than,
            max_size,
            json,
        } => {
            let cleaned = upkeep::clean(
                environment,
                Cleaning {
                    older_than: *older_than,
                    max_size: *max_size,
                },
                console,
            )
            .await?;
            if *json {
                cache::cleaned_json(&cleaned)
            } else {
                cache::cleaned_text(&cleaned)
            }
        }
    };
    request::answer(console, &answer)
}
