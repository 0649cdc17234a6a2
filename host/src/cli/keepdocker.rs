//! The command line of `keepdocker`.

use std::path::PathBuf;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use super::audit::AuditArguments;
use super::cache::CacheArguments;
use super::component::ComponentArguments;
use super::download::{Load, Save};
use super::plan::{self, Apply};
use super::policy::PolicyArguments;
use super::repair::Repair;
use super::upload::Upload;
use super::{Farewell, Job, drive, layers, prepare, request};
use crate::bindings::commands::ImagesRequest;
use crate::harmless::escape;
use crate::output::{self, Console, Exit, Ids, Level, Report, Style, json};
use crate::progress::{Look, show};
use crate::run::{Options, Surroundings, sandbox};
use crate::settings::Environment;
use keepdocker_console::values::{self, is_empty, settle};

/// Runs the program on the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let console = Console::new(Style::Plain, Level::Info);
    drive(console, move || {
        let environment = Environment::of_process();
        prepare(&environment, console);
        let words: Vec<_> = std::env::args_os().collect();
        let arguments = Arguments::read(&words).map_err(|error| {
            super::print(&error, console);
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        })?;
        let arguments = arguments.settled();
        let least = match (arguments.common.verbose, arguments.common.quiet) {
            (true, _) => Level::Debug,
            (_, true) => Level::Warning,
            _ => Level::Info,
        };
        let console = Console::new(Style::Plain, least);
        let work = async move {
            match run(arguments, environment, console).await {
                Ok(()) => Exit::Done,
                Err(report) => {
                    console.report(&report);
                    report.exit
                }
            }
        };
        Ok(Job {
            console,
            farewell: Farewell {
                console,
                level: Level::Warning,
                words: |signal| {
                    format!("ended by signal {signal}; nothing was registered after it")
                },
                code: |signal| 128 + signal,
            },
            work: Box::pin(work),
        })
    })
}

async fn run(
    arguments: Arguments,
    environment: Environment,
    console: Console,
) -> Result<(), Report> {
    let options = arguments.common.options(&environment)?;
    let is_quiet = arguments.common.quiet;
    match arguments.command {
        Command::Images(images) => {
            let surroundings =
                Surroundings::new(options, environment, console, show(Look::None, console)).await?;
            let request = ImagesRequest {
                project: images.project_uuid.clone(),
                image: images.image.clone(),
                tag: images.tag.clone(),
                exact_name: images.exact_name.clone(),
            };
            let listed = surroundings.images(&request).await?;
            let ids = if images.no_trunc {
                Ids::Whole
            } else {
                Ids::Short
            };
            request::answer(
                console,
                &if images.json {
                    json::images(&listed)
                } else {
                    output::table(&listed, ids)
                },
            )
        }
        Command::Upload(upload) if !upload.dry_run => {
            let upload = upload.decided(&environment)?;
            upload.run(options, environment, console, is_quiet).await
        }
        Command::Upload(upload) | Command::Plan(upload) => {
            let upload = upload.decided(&environment)?;
            plan::dry_run(&upload, options, environment, console, is_quiet).await
        }
        Command::Apply(apply) => apply.run(options, environment, console, is_quiet).await,
        Command::Resolve(resolve) => {
            let surroundings =
                Surroundings::new(options, environment, console, show(Look::None, console)).await?;
            let resolution = surroundings.resolve(&resolve.image).await?;
            for reason in &resolution.reasons {
                console.message(Level::Info, reason);
            }
            request::answer(
                console,
                &if resolve.json {
                    json::resolved(&resolution)
                } else {
                    format!("{}\n", escape(&resolution.collection))
                },
            )
        }
        Command::Repair(repair) => {
            let repair = repair.decided(&environment)?;
            repair.run(options, environment, console).await
        }
        Command::Save(save) => save.run(options, environment, console, is_quiet).await,
        Command::Load(load) => load.run(options, environment, console, is_quiet).await,
        Command::Sandbox(Sandbox {
            command: SandboxCommand::Serve { directory },
        }) => sandbox::serve(&directory, console).await,
        Command::Audit(audit) => {
            super::audit::run(
                &audit,
                options.component.as_deref(),
                options.policies,
                &environment,
                console,
            )
            .await
        }
        Command::Cache(cache) => super::cache::run(&cache, &environment, console).await,
        Command::Policy(policy) => {
            super::policy::run(&policy, options.policies, &environment, console)
        }
        Command::Component(component) => super::component::run(
            &component,
            options.component.as_deref(),
            options.policies,
            &environment,
            console,
        ),
    }
}

/// Puts container images into Arvados Keep, so that workflows on a cluster can run them.
#[derive(Debug, Parser)]
#[command(
    name = "keepdocker",
    version,
    max_term_width = 100,
    args_override_self = true
)]
pub struct Arguments {
    /// What applies to every command.
    #[command(flatten)]
    pub common: Common,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// Reads the words of a command line; see `values` for what is refused first.
    fn read(words: &[OsString]) -> Result<Self, clap::Error> {
        let mut command = layers::accepted_by(Self::command());
        values::check(&command, words)?;
        let matches = command.try_get_matches_from_mut(words)?;
        let mut arguments =
            Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        arguments.common.policies = layers::given(&matches);
        Ok(arguments)
    }

    /// Makes nothing of the values that count as not given where they are empty.
    fn settled(mut self) -> Self {
        match &mut self.command {
            Command::Images(images) => {
                settle(&mut images.project_uuid);
                settle(&mut images.tag);
            }
            Command::Upload(upload) | Command::Plan(upload) => {
                settle(&mut upload.project_uuid);
                settle(&mut upload.name);
                settle(&mut upload.tag);
            }
            Command::Repair(repair) => {
                settle(&mut repair.project_uuid);
                settle(&mut repair.tag);
            }
            Command::Audit(audit) => audit.settle(),
            _ => {}
        }
        self
    }
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Use an embedded Arvados instead of a cluster; its data stays in DIR.
    #[arg(long, global = true, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    pub sandbox: Option<Option<PathBuf>>,
    /// The container engine's program, such as `podman`.
    #[arg(long, global = true, value_name = "PROGRAM", env = "KEEPDOCKER_ENGINE")]
    pub engine: Option<String>,
    /// How often to repeat a request that fails for now.
    #[arg(long, global = true, value_name = "N", default_value_t = 10)]
    pub retries: u32,
    /// The policies on top of those in force, from wherever `--policy` stands; see `layers`.
    #[arg(skip)]
    pub policies: Vec<PathBuf>,
    /// Keep no audit log of this run; a policy can forbid that.
    #[arg(long, global = true)]
    pub no_audit: bool,
    /// Run this component in place of the embedded one, within the same bounds.
    #[arg(long, global = true, value_name = "FILE")]
    pub component: Option<PathBuf>,
    /// Say more; shows every call that the component makes.
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// Say nothing but warnings and errors.
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

impl Common {
    fn options(&self, environment: &Environment) -> Result<Options, Report> {
        let sandbox = match &self.sandbox {
            None => None,
            Some(Some(directory)) => Some(directory.clone()),
            Some(None) => Some(sandbox::usual_directory(environment)?),
        };
        Ok(Options {
            sandbox,
            // A variable that is empty is as good as none.
            engine: self.engine.clone().filter(|engine| !is_empty(engine)),
            retries: self.retries,
            policies: self.policies.clone(),
            component: self.component.clone(),
            trace: self.verbose,
            no_audit: self.no_audit,
            arguments: super::words(),
            ..Options::default()
        })
    }
}

/// What `keepdocker` can be asked to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the images that the cluster has.
    Images(Images),
    /// Upload an image, or register one that the cluster has already.
    Upload(Box<Upload>),
    /// Tell what an upload would write, and write nothing: the same as `upload --dry-run`.
    Plan(Box<Upload>),
    /// Do what a plan says, if the cluster and the image are still the same.
    Apply(Apply),
    /// Tell which collection a container request that names an image would get.
    Resolve(Resolve),
    /// Write the archive of an image that the cluster has to a file or standard output.
    Save(Save),
    /// Bring an image that the cluster has into the container engine's store.
    Load(Load),
    /// Register an image that the cluster has by the digest that compute nodes look for, without sending data.
    Repair(Repair),
    /// Run an embedded Arvados.
    Sandbox(Sandbox),
    /// List and clean what is kept on this machine between runs.
    Cache(CacheArguments),
    /// Check, show and explain the policy that bounds what the component may do.
    Policy(PolicyArguments),
    /// Show, verify, replay and export what runs did.
    Audit(AuditArguments),
    /// Audit components, and extract the embedded one.
    Component(ComponentArguments),
}

/// Arguments of `keepdocker images`.
#[derive(Debug, Args)]
pub struct Images {
    /// Only images of this name or ID.
    pub image: Option<String>,
    /// The tag, if IMAGE has none.
    pub tag: Option<String>,
    /// Only images that are registered under exactly this name, letter by letter.
    #[arg(long, value_name = "NAME", conflicts_with = "image")]
    pub exact_name: Option<String>,
    /// Only what this project owns.
    #[arg(long, value_name = "UUID")]
    pub project_uuid: Option<String>,
    /// Show image IDs whole.
    #[arg(long)]
    pub no_trunc: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `keepdocker resolve`.
#[derive(Debug, Args)]
pub struct Resolve {
    /// What a container request would name: repository:tag, image ID, or portable data hash.
    pub image: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `keepdocker sandbox`.
#[derive(Debug, Args)]
pub struct Sandbox {
    /// What to do.
    #[command(subcommand)]
    pub command: SandboxCommand,
}

/// What can be done with an embedded Arvados.
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Serve it until interrupted; prints the environment to export.
    Serve {
        /// The folder that holds its data; created if it is not there.
        directory: PathBuf,
    },
}
