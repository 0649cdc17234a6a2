//! `keepdocker sandbox`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::invocation::{Execute, Invocation};
use crate::output::Report;
use crate::run::sandbox;

/// Run an embedded Arvados cluster, to try things out.
#[derive(Debug, Args)]
#[command(
    about = "Run an embedded Arvados cluster, to try things out",
    after_help = "\
Examples:
  keepdocker sandbox serve ~/sandbox
  keepdocker upload lab/tool:1.2 --sandbox"
)]
pub(crate) struct Sandbox {
    /// What to do.
    #[command(subcommand)]
    pub command: SandboxCommand,
}

/// What can be done with an embedded Arvados.
#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Serve it until interrupted; prints the variables to export.
    Serve {
        /// The folder for its data; created if it does not exist.
        directory: PathBuf,
    },
}

impl Execute for Sandbox {
    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let SandboxCommand::Serve { directory } = self.command;
        sandbox::serve(&directory, invocation.console).await
    }
}
