//! The verbs of `keepdocker component`: audit and extract.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::invocation::{Execute, Invocation};
use super::request;
use crate::component::{Audit, Component, WASM};
use crate::output::{Console, Exit, Level, Report};
use crate::policy::Policy;
use crate::run::no_policy;

/// Inspect components, and extract the embedded one.
#[derive(Debug, Args)]
#[command(
    about = "Inspect components, and extract the embedded one",
    after_help = "\
Examples:
  keepdocker component audit
  keepdocker component extract -o keepdocker.wasm
  keepdocker component audit other.wasm"
)]
pub(crate) struct ComponentArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: ComponentCommand,
}

/// What can be done with components.
#[derive(Debug, Subcommand)]
pub(crate) enum ComponentCommand {
    /// Show what a component can ask for and which rules allow it; exit code 3 if it imports more
    /// than the policy grants, 10 if it imports more than the contract offers.
    Audit {
        /// The component [default: that of --component, else the embedded one].
        file: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write the embedded component.
    Extract {
        /// The file to write; `-` is standard output.
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
}

impl Execute for ComponentArguments {
    fn is_json(&self) -> bool {
        matches!(self.command, ComponentCommand::Audit { json: true, .. })
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let Invocation {
            options,
            environment,
            console,
            ..
        } = invocation;
        match self.command {
            ComponentCommand::Audit { file, json } => {
                let policy =
                    Policy::load(&environment.policies(options.policies)).map_err(no_policy)?;
                let file = file.or(options.component);
                audit(file.as_deref(), &policy, json, console)
            }
            ComponentCommand::Extract { output } => extract(&output, console),
        }
    }
}

fn audit(file: Option<&Path>, policy: &Policy, json: bool, console: Console) -> Result<(), Report> {
    let component = Component::choose(file)?;
    let audit = match file {
        Some(_) => Audit::new(&component, policy),
        None => Audit::of_embedded(&component, policy)?,
    };
    let text = if json {
        format!("{}\n", audit.to_json())
    } else {
        audit.text()
    };
    request::answer(console, &text)?;
    if !audit.is_genuine() {
        return Err(Report::new(
            Exit::Component,
            "the embedded machine code is not what the embedded component compiles to",
        )
        .advise("do not use this program; build it again from its sources"));
    }
    let excess = audit.excess();
    if !excess.is_empty() {
        return Err(crate::component::Error::Excess(excess).into());
    }
    let ungranted = audit.ungranted();
    if !ungranted.is_empty() {
        return Err(Report::new(
            Exit::Denied,
            "the component imports more than the policy grants",
        )
        .detail(ungranted.join("\n")));
    }
    console.message(
        Level::Info,
        "the component imports nothing beyond the contract and the policy",
    );
    Ok(())
}

fn extract(output: &Path, console: Console) -> Result<(), Report> {
    if output == Path::new("-") {
        return request::answer(console, WASM);
    }
    crate::new_file::write(output, WASM).map_err(|error| {
        Report::new(
            Exit::Failed,
            format!(
                "the component cannot be written to {}: {error}",
                output.display()
            ),
        )
    })
}
