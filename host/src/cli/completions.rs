//! `keepdocker completions`.

use clap::Args;
use clap_complete::Shell;

use super::invocation::{Execute, Invocation};
use super::keepdocker::described;
use crate::output::Report;

/// Print what a shell needs to complete command lines.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keepdocker completions bash >~/.local/share/bash-completion/completions/keepdocker
  keepdocker completions zsh >\"${fpath[1]}/_keepdocker\"
  keepdocker completions fish >~/.config/fish/completions/keepdocker.fish")]
pub(crate) struct Completions {
    /// The shell.
    pub shell: Shell,
}

impl Execute for Completions {
    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut described(), "keepdocker", &mut text);
        invocation.answer(text)
    }
}
