//! The option `--policy`, which can be given several times and at every depth of the command line.
//!
//! A global option of clap counts at one depth alone: in `keepdocker --policy A images --policy B`
//! the second would take the place of the first, and whoever adds arguments to a command could take
//! a policy off. So each command has the option for itself, and all of them are gathered.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

const NAME: &str = "policy";

/// Has a command and those below it take the option.
pub(super) fn accepted_by(command: Command) -> Command {
    let option = Arg::new(NAME)
        .long(NAME)
        .value_name("FILE")
        .action(ArgAction::Append)
        .value_parser(value_parser!(PathBuf))
        .help_heading("Global options")
        .help("A further policy, which can only tighten those in force; may be repeated");
    command.arg(option).mut_subcommands(accepted_by)
}

/// Returns the files that the options name, in their order.
pub(super) fn given(matches: &ArgMatches) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut level = Some(matches);
    while let Some(matches) = level {
        files.extend(matches.get_many(NAME).into_iter().flatten().cloned());
        level = matches.subcommand().map(|(_, below)| below);
    }
    files
}
