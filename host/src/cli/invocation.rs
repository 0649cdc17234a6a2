//! What every command runs with.

use super::plan::{Apply, no_plan_of};
use super::request;
use crate::output::{Console, Report};
use crate::plan::Plan;
use crate::progress::{Look, show};
use crate::run::{Options, Surroundings};
use crate::settings::{Environment, Preferences};

/// What a command runs with, beside its own arguments.
#[derive(Clone)]
pub(crate) struct Invocation {
    /// What the options of every command say.
    pub options: Options,
    /// The settings of the process.
    pub environment: Environment,
    /// Where answers and messages go.
    pub console: Console,
    /// Whether only warnings and errors are shown.
    pub is_quiet: bool,
    /// What was said once for all commands.
    pub preferences: Preferences,
}

/// A command of the program: its arguments, and what it does with them.
pub(super) trait Execute {
    /// Makes nothing of the values that count as not given where they are empty.
    fn settle(&mut self) {}

    /// Tells whether the answer is to be JSON, and so what is said of a failure.
    fn is_json(&self) -> bool {
        false
    }

    /// The name by which plans know the command; none where it cannot be planned.
    const PLANNED: Option<&'static str> = None;

    /// Carries out a plan of the command.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    async fn apply(_: Apply, plan: &Plan, _: Invocation) -> Result<(), Report> {
        Err(no_plan_of(&plan.command))
    }

    /// Runs the command.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    async fn run(self, invocation: Invocation) -> Result<(), Report>;
}

impl Invocation {
    /// Prepares a run of the component that shows no progress.
    pub(super) async fn surroundings(self) -> Result<Surroundings, Report> {
        self.showing(Look::None).await
    }

    /// Prepares a run of the component.
    pub(super) async fn showing(self, look: Look) -> Result<Surroundings, Report> {
        let progress = show(look, self.console);
        Surroundings::new(self.options, self.environment, self.console, progress).await
    }

    /// Writes the answer to standard output.
    pub(super) fn answer(&self, text: impl AsRef<[u8]>) -> Result<(), Report> {
        request::answer(self.console, text)
    }
}
