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
  keepdocker upload lab/tool:1.2 --sandbox
  keepdocker sandbox reset
  keepdocker sandbox serve ~/sandbox"
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
        /// Serve it without TLS, and name its address as the component for WASI runtimes wants it, which can be
        /// taught no certificate.
        #[arg(long)]
        http: bool,
    },
    /// Remove its data, so that the next command begins with an empty cluster.
    Reset {
        /// The folder with its data. [default: that of `--sandbox`]
        directory: Option<PathBuf>,
    },
}

impl Execute for Sandbox {
    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        match self.command {
            SandboxCommand::Serve { directory, http } => {
                sandbox::serve(&directory, http, invocation.console).await
            }
            SandboxCommand::Reset { directory } => {
                let directory = match directory {
                    Some(directory) => directory,
                    None => sandbox::usual_directory(&invocation.environment)?,
                };
                sandbox::reset(&directory, invocation.console)
            }
        }
    }
}
