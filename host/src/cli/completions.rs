//! `keepdocker completions`.

use clap::Args;
use clap_complete::Shell;
use clap_complete::env::Shells;

use super::completion::{self, VARIABLE};
use super::invocation::{Execute, Invocation};
use crate::output::{Exit, Report};

/// What zsh needs besides where it reads the script from a folder of functions: it calls the script itself then.
const ZSH_FUNCTION: &str =
    "if [ \"$funcstack[1]\" = _keepdocker ]; then _clap_dynamic_completer_keepdocker \"$@\"; fi\n";

/// Print what a shell needs to complete command lines.
#[derive(Debug, Args)]
#[command(
    about = "Print what a shell needs to complete command lines",
    after_help = "\
Examples:
  source <(keepdocker completions bash)
  keepdocker completions bash >~/.local/share/bash-completion/completions/keepdocker
  keepdocker completions zsh >\"${fpath[1]}/_keepdocker\"
  keepdocker completions fish >~/.config/fish/completions/keepdocker.fish

The tab key then asks the program, which offers commands, options, and names of images that the engine or the cluster has, as far as policies allow and they come within a second."
)]
pub(crate) struct Completions {
    /// The shell.
    pub shell: Shell,
}

impl Execute for Completions {
    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let mut text = Vec::new();
        let shells = completion::shells();
        let name = self.shell.to_string();
        // The program is found by its name, so that the script stays good when it moves.
        let written = Shells(&shells).completer(&name).map(|shell| {
            shell.write_registration(
                VARIABLE,
                "keepdocker",
                "keepdocker",
                "keepdocker",
                &mut text,
            )
        });
        if !matches!(written, Some(Ok(()))) {
            return Err(Report::new(
                Exit::Failed,
                format!("there is no script for {name}"),
            ));
        }
        if self.shell == Shell::Zsh {
            text.extend_from_slice(ZSH_FUNCTION.as_bytes());
        }
        invocation.answer(text)
    }
}
