//! The command lines of the two programs, and the list of what `keepdocker` can be asked to do.

pub(crate) mod adopt;
pub(crate) mod arv_keepdocker;
pub(crate) mod audit;
mod breakdown;
pub(crate) mod cache;
pub(crate) mod change;
pub(crate) mod color;
mod completion;
pub(crate) mod completions;
pub(crate) mod component;
pub(crate) mod config;
pub(crate) mod copy;
pub(crate) mod doctor;
pub(crate) mod download;
mod hints;
pub(crate) mod history;
pub(crate) mod images;
pub(crate) mod inspect;
pub(crate) mod invocation;
pub(crate) mod keepdocker;
mod kind;
mod layers;
pub(crate) mod login;
pub(crate) mod man;
pub(crate) mod plan;
pub(crate) mod policy;
mod program;
pub(crate) mod progress_form;
pub(crate) mod prune;
mod registered;
pub(crate) mod repair;
pub(crate) mod report;
mod request;
pub(crate) mod resolve;
pub(crate) mod restore;
pub(crate) mod rm;
#[cfg(feature = "sandbox")]
pub(crate) mod sandbox;
#[cfg(test)]
mod screens;
pub(crate) mod several;
mod share;
#[cfg(test)]
mod snapshots;
mod suggestions;
pub(crate) mod tag;
mod template;
#[cfg(test)]
mod tests;
pub(crate) mod untag;
pub(crate) mod upload;
mod uploaded;
mod verification;
mod version;
pub(crate) mod whoami;

use clap::Subcommand;

use crate::output::Report;
use crate::plan::Plan;
use change::Change;
use invocation::{Execute as _, Invocation};

pub(crate) use program::is_called;
use program::{Farewell, Job, drive, prepare, print, read, refusal, words};

/// Makes the commands from one list, in the order in which the help shows them. An attribute says where one is
/// left out.
macro_rules! commands {
    ($($(#[$attribute:meta])* $command:ident($arguments:ty);)*) => {
        /// What `keepdocker` can be asked to do.
        #[derive(Debug, Subcommand)]
        pub(crate) enum Command {
            $(
                #[allow(missing_docs, reason = "the arguments say it")]
                $(#[$attribute])*
                $command(Box<$arguments>),
            )*
        }

        impl Command {
            /// Makes nothing of the values that count as not given where they are empty.
            fn settle(&mut self) {
                match self {
                    $($(#[$attribute])* Self::$command(arguments) => arguments.settle(),)*
                }
            }

            /// Tells whether the answer is to be JSON.
            fn is_json(&self) -> bool {
                match self {
                    $($(#[$attribute])* Self::$command(arguments) => arguments.is_json(),)*
                }
            }

            /// Runs the command.
            async fn run(self, invocation: Invocation) -> Result<(), Report> {
                match self {
                    $($(#[$attribute])* Self::$command(arguments) => arguments.run(invocation).await,)*
                }
            }
        }

        /// Carries out a plan by the command that it is for.
        async fn apply(
            apply: plan::Apply,
            plan: &Plan,
            invocation: Invocation,
        ) -> Result<(), Report> {
            $(
                $(#[$attribute])*
                if <$arguments>::PLANNED == Some(plan.command.as_str()) {
                    return <$arguments>::apply(apply, plan, invocation).await;
                }
            )*
            Err(plan::no_plan_of(&plan.command))
        }
    };
}

commands! {
    Images(images::Images);
    Upload(upload::UploadArguments);
    Plan(plan::PlanArguments);
    Apply(plan::Apply);
    Resolve(resolve::Resolve);
    Inspect(inspect::Inspect);
    History(history::HistoryArguments);
    Save(download::Save);
    Load(download::Load);
    Tag(Change<tag::Tag>);
    Untag(Change<untag::Untag>);
    Rm(Change<rm::Rm>);
    Restore(Change<restore::Restore>);
    Prune(Change<prune::Prune>);
    Copy(Change<copy::Copy>);
    Adopt(Change<adopt::Adopt>);
    Share(Change<share::Share>);
    Repair(repair::RepairArguments);
    Doctor(doctor::Doctor);
    Report(report::Report);
    Whoami(whoami::WhoAmIArguments);
    Login(login::Login);
    Config(config::ConfigArguments);
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::Sandbox);
    Cache(cache::CacheArguments);
    Policy(policy::PolicyArguments);
    Audit(audit::AuditArguments);
    Component(component::ComponentArguments);
    Completions(completions::Completions);
    Man(man::Man);
}
