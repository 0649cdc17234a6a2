//! `keepdocker man`.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};

use super::arv_keepdocker;
use super::invocation::{Execute, Invocation};
use super::keepdocker::described;
use crate::output::{Exit, Report};

/// Print the manual page, or write all manual pages to a directory.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keepdocker man | man -l -
  keepdocker man --directory ~/.local/share/man/man1
  keepdocker man >keepdocker.1")]
pub(crate) struct Man {
    /// Write every page to this directory, which must exist.
    #[arg(long, value_name = "DIR")]
    pub directory: Option<PathBuf>,
}

impl Execute for Man {
    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let Some(directory) = &self.directory else {
            let mut page = Vec::new();
            clap_mangen::Man::new(described())
                .render(&mut page)
                .map_err(|error| Report::new(Exit::Failed, error.to_string()))?;
            return invocation.answer(page);
        };
        write(directory).map_err(|error| {
            Report::new(
                Exit::Failed,
                format!(
                    "the manual pages cannot be written to {}: {error}",
                    directory.display()
                ),
            )
        })
    }
}

/// Writes the pages of both programs.
fn write(directory: &Path) -> io::Result<()> {
    for program in [described(), arv_keepdocker::Arguments::command()] {
        clap_mangen::generate_to(without_help(program), directory)?;
    }
    Ok(())
}

/// Leaves out the commands `help`, which would have a page for every other command.
fn without_help(command: Command) -> Command {
    command
        .disable_help_subcommand(true)
        .mut_subcommands(without_help)
}
