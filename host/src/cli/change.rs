//! What the commands have in common that change what is said of images in Keep, and send no data.
//!
//! Such a command is one file: its arguments with their help, its request, its words. `--dry-run`, plans, JSON and
//! suggestions for misspelt names are here.

use std::path::PathBuf;

use clap::Args;
use keepdocker_console::values::settle;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::invocation::{Execute, Invocation};
use super::plan::{Apply, as_json, check_file, keep, refuse_file, told};
use super::request;
use super::suggestions::suggest;
use crate::component::Request;
use crate::output::{self, Console, Level, Report};
use crate::plan::Plan;
use crate::run::Options;
use crate::settings::Environment;

/// The arguments of a command that changes what is said of images in Keep.
///
/// As JSON, which is how a plan has them, they are what bears on what is written.
pub(super) trait Changing: Args + Serialize + DeserializeOwned {
    /// What is asked of the component.
    type Request: Request<Answer: Changed>;

    /// The command, as the command line and plans name it.
    const NAME: &'static str;

    /// Why there was nothing to write.
    const NOTHING: &'static str;

    /// Makes nothing of the values that count as not given where they are empty.
    fn settle(&mut self) {
        if let Some(project) = self.project() {
            settle(project);
        }
    }

    /// Settles what may have been said elsewhere than on the command line, so that a plan has it.
    ///
    /// # Errors
    /// If what was said there is of no use.
    fn decide(&mut self, _: &Environment) -> Result<(), Report> {
        Ok(())
    }

    /// Adds what the command's own options say of its surroundings.
    ///
    /// # Errors
    /// If one of them cannot be meant.
    fn complete(&self, _: &mut Options) -> Result<(), Report> {
        Ok(())
    }

    /// Returns where the project is that was asked for, which may be given by its name.
    fn project(&mut self) -> Option<&mut Option<String>> {
        None
    }

    /// Returns the users and groups that are meant, who may be given by their names.
    fn holders(&mut self) -> Option<&mut Vec<String>> {
        None
    }

    /// Tells whether it is to be done. Else it is only shown, as in a dry run.
    fn is_meant(&self) -> bool {
        true
    }

    /// Says how it is only shown.
    fn shown_only(&self) -> &'static str {
        "add `--dry-run`"
    }

    /// Returns the name of an image that must be there.
    fn asked(&self) -> &str;

    /// Returns what to ask of the component.
    fn request(&self) -> Self::Request;

    /// Says what was done, and what is left.
    fn done(&self, answer: &Answer<Self>) -> Vec<String> {
        answer.summary(self.asked())
    }
}

/// What a command answers that changed something.
pub(super) trait Changed {
    /// Says what was done, and what is left; `asked` is the image by the name that was asked for.
    fn summary(&self, asked: &str) -> Vec<String>;

    /// Says what would be done, where the steps alone do not tell people what they want to know.
    fn planned(&self) -> Option<String> {
        None
    }

    /// Returns what scripts want to know: the answer where JSON is not asked for, a line each.
    fn lines(&self) -> Vec<&str>;
}

/// What a command answers.
pub(super) type Answer<C> = <<C as Changing>::Request as Request>::Answer;

// A command that changes what is said of images in Keep, with the options that all such commands have. Its help is
// that of what is flattened into it.
#[allow(
    missing_docs,
    reason = "documentation here would be the help of each command"
)]
#[derive(Debug, Args)]
pub(crate) struct Change<C: Args> {
    /// What is to change.
    #[command(flatten)]
    what: C,
    /// Show what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Save the plan to a new file for `keepdocker apply`.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl<C: Args> Change<C> {
    /// Returns what is to change.
    pub(super) fn what(&self) -> &C {
        &self.what
    }

    /// Tells whether the plan is to be kept in a file.
    pub(super) fn is_kept(&self) -> bool {
        self.output.is_some()
    }

    /// Returns a command with the same options for something else.
    pub(super) fn of<D: Args>(&self, what: D) -> Change<D> {
        Change {
            what,
            dry_run: self.dry_run,
            output: self.output.clone(),
            json: self.json,
        }
    }
}

impl<C: Changing> Execute for Change<C> {
    const PLANNED: Option<&'static str> = Some(C::NAME);

    fn settle(&mut self) {
        self.what.settle();
    }

    fn is_json(&self) -> bool {
        self.json
    }

    async fn run(mut self, mut invocation: Invocation) -> Result<(), Report> {
        self.what.decide(&invocation.environment)?;
        self.what.complete(&mut invocation.options)?;
        self.dry_run |= !self.what.is_meant();
        if self.output.is_some() && !self.dry_run {
            return Err(refuse_file(self.what.shown_only()));
        }
        check_file(self.output.as_deref())?;
        let console = invocation.console;
        let mut surroundings = invocation.surroundings().await?;
        if let Some(project) = self.what.project() {
            surroundings.settle_project(project).await?;
        }
        if let Some(holders) = self.what.holders() {
            surroundings.settle_holders(holders).await?;
        }
        let request = self.what.request();
        if !self.dry_run {
            return match surroundings.ask(&request).await {
                Ok(answer) => tell(&self.what, &answer, self.json, console),
                Err(report) => Err(suggest(report, &surroundings, self.what.asked()).await),
            };
        }
        let options = as_json(&self.what);
        let (plan, answer) = surroundings.plan(&request, C::NAME, options).await?;
        keep(&plan, self.output.as_deref(), console)?;
        let text = match answer {
            Some(answer) if self.json => output::changed(C::NAME, &answer, Some(&plan.steps)),
            Some(answer) => match answer.planned() {
                Some(text) => text,
                None => told(&plan, C::NOTHING),
            },
            None => told(&plan, C::NOTHING),
        };
        request::answer(console, text)
    }

    async fn apply(apply: Apply, plan: &Plan, mut invocation: Invocation) -> Result<(), Report> {
        let mut what: C = apply.asked(plan)?;
        // A file that somebody has edited may lack what the command line demands.
        what.decide(&invocation.environment)?;
        what.complete(&mut invocation.options)?;
        let console = invocation.console;
        let mut surroundings = invocation.surroundings().await?;
        let answer = surroundings.apply(plan, &what.request()).await?;
        tell(&what, &answer, apply.json, console)
    }
}

/// Tells what came of a command.
fn tell<C: Changing>(
    what: &C,
    answer: &Answer<C>,
    as_json: bool,
    console: Console,
) -> Result<(), Report> {
    for text in what.done(answer) {
        console.message(Level::Info, &text);
    }
    let text = if as_json {
        output::changed(C::NAME, answer, None)
    } else {
        let lines = answer.lines().into_iter();
        lines
            .map(|line| format!("{}\n", crate::harmless::escape(line)))
            .collect()
    };
    request::answer(console, text)
}
