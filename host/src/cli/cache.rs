//! The verbs of `keepdocker cache`: list and clean.

use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};

use super::invocation::{Execute, Invocation};
use super::request::{duration, size};
use crate::cache::Cleaning;
use crate::output::{Report, cache};
use crate::run::upkeep;

/// List and clean what this machine keeps between runs.
#[derive(Debug, Args)]
#[command(
    about = "List and clean what this machine keeps between runs",
    after_help = "\
Examples:
  keepdocker cache list
  keepdocker cache clean --older-than 7d
  keepdocker cache list --json"
)]
pub(crate) struct CacheArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// What can be done with the cache.
#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// List what the cache holds: the state of interrupted uploads, archives that the Python program
    /// left, and locks that are held.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove what no run is using; without options, all of it.
    Clean {
        /// Only files that have not changed for this long, such as 7d, 12h or 30m.
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        older_than: Option<Duration>,
        /// Remove the oldest files until at most this much is left, such as 10GiB.
        #[arg(long, value_name = "SIZE", value_parser = size)]
        max_size: Option<u64>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Execute for CacheArguments {
    fn is_json(&self) -> bool {
        matches!(
            self.command,
            CacheCommand::List { json: true } | CacheCommand::Clean { json: true, .. }
        )
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let (environment, console) = (&invocation.environment, invocation.console);
        let answer = match self.command {
            CacheCommand::List { json } => {
                let inventory = upkeep::inventory(environment, console).await?;
                if json {
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
                        older_than,
                        max_size,
                    },
                    console,
                )
                .await?;
                if json {
                    cache::cleaned_json(&cleaned)
                } else {
                    cache::cleaned_text(&cleaned)
                }
            }
        };
        invocation.answer(&answer)
    }
}
