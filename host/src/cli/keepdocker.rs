//! The command line of `keepdocker`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use super::audit::AuditArguments;
use super::cache::CacheArguments;
use super::component::ComponentArguments;
use super::download::{Load, Save};
use super::plan::Apply;
use super::policy::PolicyArguments;
use super::{drive, request};
use crate::archive::{Choice, Location};
use crate::bindings::commands::{ImagesRequest, Origin, Outcome, Pull, UploadRequest, Uploaded};
use crate::bindings::keep::{BlockLayout, Form};
use crate::bindings::log::Level;
use crate::bindings::types::Platform;
use crate::output::{self, Console, Exit, Ids, Report, Style, escape, json};
use crate::progress::{Look, pace, show};
use crate::run::{Options, Surroundings, sandbox};
use crate::settings::Environment;

/// Runs the program on the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let least = match (arguments.common.verbose, arguments.common.quiet) {
        (true, _) => Level::Debug,
        (_, true) => Level::Warning,
        _ => Level::Info,
    };
    let console = Console::new(Style::Plain, least);
    let code = drive(console, async {
        match run(arguments, console).await {
            Ok(()) => Exit::Done,
            Err(report) => {
                console.report(&report);
                report.exit
            }
        }
    });
    match code {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(interrupted) => {
            console.message(
                Level::Warning,
                &format!(
                    "ended by signal {}; nothing was registered after it",
                    interrupted.signal
                ),
            );
            ExitCode::from(u8::try_from(128 + interrupted.signal).unwrap_or(1))
        }
    }
}

async fn run(arguments: Arguments, console: Console) -> Result<(), Report> {
    let environment = Environment::of_process();
    let mut options = arguments.common.options(&environment)?;
    match arguments.command {
        Command::Images(images) => {
            let surroundings =
                Surroundings::new(options, environment, console, show(Look::None, console)).await?;
            let request = ImagesRequest {
                project: images.project_uuid.clone(),
                image: images.image.clone(),
                tag: images.tag.clone(),
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
        Command::Upload(upload) => {
            upload
                .run(options, environment, console, arguments.common.quiet)
                .await
        }
        Command::Plan(mut upload) => {
            upload.dry_run = true;
            upload
                .run(options, environment, console, arguments.common.quiet)
                .await
        }
        Command::Apply(apply) => {
            let (plan, request) = apply.read(&mut options)?;
            let look = Look::of(ProgressForm::Auto, console, arguments.common.quiet);
            let start = Instant::now();
            let mut surroundings =
                Surroundings::new(options, environment, console, show(look, console)).await?;
            let uploaded = surroundings.apply(&plan, &request).await?;
            tell(&uploaded, start.elapsed(), apply.json, console)
        }
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
        Command::Save(save) => {
            save.run(options, environment, console, arguments.common.quiet)
                .await
        }
        Command::Load(load) => {
            load.run(options, environment, console, arguments.common.quiet)
                .await
        }
        Command::Sandbox(Sandbox {
            command: SandboxCommand::Serve { directory },
        }) => sandbox::serve(&directory, console).await,
        Command::Audit(audit) => {
            super::audit::run(
                &audit,
                options.component.as_deref(),
                options.policy,
                &environment,
                console,
            )
            .await
        }
        Command::Cache(cache) => super::cache::run(&cache, &environment, console),
        Command::Policy(policy) => {
            super::policy::run(&policy, options.policy, &environment, console)
        }
        Command::Component(component) => super::component::run(
            &component,
            options.component.as_deref(),
            options.policy,
            &environment,
            console,
        ),
    }
}

/// Tells what an upload came to.
fn tell(
    uploaded: &Uploaded,
    elapsed: Duration,
    as_json: bool,
    console: Console,
) -> Result<(), Report> {
    console.message(Level::Info, &summary(uploaded, elapsed));
    request::answer(
        console,
        &if as_json {
            json::uploaded(uploaded)
        } else {
            format!("{}\n", escape(&uploaded.collection))
        },
    )
}

/// Says in one line what an upload came to.
fn summary(uploaded: &Uploaded, elapsed: Duration) -> String {
    let what = uploaded.name.as_deref().unwrap_or(&uploaded.image);
    match uploaded.outcome {
        Outcome::Present => format!("{what} is in Keep already; nothing was written"),
        Outcome::Registered => {
            format!("{what} is in Keep already; it was registered without sending data")
        }
        Outcome::Uploaded => {
            format!(
                "{what} was uploaded: {} bytes in {} blocks, {} sent, {} reused, {}",
                uploaded.size,
                uploaded.blocks,
                uploaded.sent,
                uploaded.reused,
                pace(uploaded.size, elapsed)
            )
        }
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
    /// A policy on top of those in force; it can only tighten them.
    #[arg(long, global = true, value_name = "FILE")]
    pub policy: Option<PathBuf>,
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
            engine: self.engine.clone(),
            retries: self.retries,
            policy: self.policy.clone(),
            component: self.component.clone(),
            trace: self.verbose,
            no_audit: self.no_audit,
            arguments: super::words(),
            ..Options::default()
        })
    }
}

impl Upload {
    /// Uploads, or tells what would be uploaded.
    async fn run(
        &self,
        mut options: Options,
        environment: Environment,
        console: Console,
        is_quiet: bool,
    ) -> Result<(), Report> {
        if self.output.is_some() && !self.dry_run {
            let reason = "`--output` is for the plan, and an upload without `--dry-run` has none";
            return Err(Report::new(Exit::Usage, reason)
                .advise("use `keepdocker plan`, or add `--dry-run`"));
        }
        self.complete(&mut options)?;
        let progress = show(Look::of(self.progress, console, is_quiet), console);
        let request = self.request(&options);
        let start = Instant::now();
        let mut surroundings = Surroundings::new(options, environment, console, progress).await?;
        if self.dry_run {
            return super::plan::dry_run(self, &request, &mut surroundings, console).await;
        }
        let uploaded = surroundings.upload(&request).await?;
        tell(&uploaded, start.elapsed(), self.json, console)
    }

    /// Adds what the command's own options say of its surroundings.
    pub(super) fn complete(&self, options: &mut Options) -> Result<(), Report> {
        options.choice = Choice {
            name: None,
            platform: self.platform.as_deref().map(platform).transpose()?,
        };
        options.concurrency = self.threads.map(usize::from);
        options.lock_timeout = self.lock_timeout;
        options.no_cache = self.no_cache;
        options.given = match &self.from {
            None => None,
            Some(text) => Some(
                text.parse::<Location>()
                    .map_err(|error| Report::new(Exit::Usage, error.to_string()))?,
            ),
        };
        Ok(())
    }

    pub(super) fn request(&self, options: &Options) -> UploadRequest {
        let (origin, image) = match &options.given {
            // `docker-daemon:REF` is another way to write REF.
            Some(Location::Engine(name)) => (
                Origin::Engine,
                self.image.clone().or_else(|| Some(name.clone())),
            ),
            Some(_) => (Origin::Given, self.image.clone()),
            None => (Origin::Engine, self.image.clone()),
        };
        UploadRequest {
            origin,
            image,
            tag: self.tag.clone(),
            project: self.project_uuid.clone(),
            name: self.name.clone(),
            pull: match self.pull {
                PullWhen::Never => Pull::Never,
                PullWhen::Missing => Pull::Missing,
                PullWhen::Always => Pull::Always,
            },
            force: self.force,
            force_image_format: self.force_image_format,
            form: if self.verbatim {
                Form::Verbatim
            } else {
                Form::Canonical
            },
            block_layout: match self.block_layout {
                Layout::Layered => BlockLayout::Layered,
                Layout::Dense => BlockLayout::Dense,
            },
            replicas: self.replication,
            storage_classes: self.storage_classes.clone(),
            reuse: !self.no_reuse,
            resume: !self.no_resume && !self.no_cache,
            ..request::upload()
        }
    }
}

fn platform(text: &str) -> Result<Platform, Report> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts[..] {
        [os, architecture] if !os.is_empty() && !architecture.is_empty() => Ok(Platform {
            os: os.into(),
            architecture: architecture.into(),
            variant: String::new(),
        }),
        [os, architecture, variant]
            if !os.is_empty() && !architecture.is_empty() && !variant.is_empty() =>
        {
            Ok(Platform {
                os: os.into(),
                architecture: architecture.into(),
                variant: variant.into(),
            })
        }
        _ => Err(Report::new(Exit::Usage, format!("`{text}` is no platform"))
            .advise("write it like `linux/amd64` or `linux/arm/v7`")),
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

/// Arguments of `keepdocker upload`. As JSON, which is how a plan has them, it is what bears on what
/// is written.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// The image: repository, repository:tag, repository@digest, or ID.
    #[arg(required_unless_present = "from")]
    pub image: Option<String>,
    /// The tag, if IMAGE has none [default: latest].
    pub tag: Option<String>,
    /// Where the image comes from; see `archive::Location` for the forms.
    #[arg(
        long,
        value_name = "TRANSPORT:REF",
        help = "Where the image comes from: docker-daemon:REF, docker-archive:FILE[:REF], oci-archive:FILE[:REF], oci:DIR[:REF], or `-` for an archive on standard input; REF is a name, an ID, or @N for the N-th image"
    )]
    pub from: Option<String>,
    /// The project to own the collection and its links [default: your home project].
    #[arg(long, value_name = "UUID")]
    pub project_uuid: Option<String>,
    /// The collection's name.
    #[arg(long)]
    pub name: Option<String>,
    /// Pull the image from its registry first.
    #[arg(long, value_name = "WHEN", num_args = 0..=1, require_equals = true, default_value = "never", default_missing_value = "always")]
    pub pull: PullWhen,
    /// Upload even if the cluster has the image.
    #[arg(long, short)]
    pub force: bool,
    /// Upload even if the cluster does not run images of this format.
    #[arg(long)]
    pub force_image_format: bool,
    /// Store the archive's bytes as they come, not in canonical form.
    #[arg(long)]
    pub verbatim: bool,
    /// Where to cut the archive into blocks.
    #[arg(long, value_name = "RULE", default_value = "layered")]
    pub block_layout: Layout,
    /// The platform that the image must be for; where there is a choice and none is asked for,
    /// linux/amd64 is taken.
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<String>,
    /// How many replicas of each block to store [default: the cluster's].
    #[arg(long, value_name = "N")]
    pub replication: Option<u32>,
    /// The storage classes that each block must reach [default: the cluster's].
    #[arg(long, value_name = "CLASS,…", value_delimiter = ',')]
    pub storage_classes: Vec<String>,
    /// Send every block, even if an image of the cluster has it.
    #[arg(long)]
    pub no_reuse: bool,
    /// Send every block, even if an interrupted upload has sent it.
    #[arg(long)]
    pub no_resume: bool,
    /// Note down in the cache nothing of what is sent; implies --no-resume.
    #[arg(long)]
    pub no_cache: bool,
    /// How many blocks to send at once [default: 2].
    #[arg(long, visible_alias = "concurrency", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=32))]
    #[serde(skip)]
    pub threads: Option<u8>,
    /// How long to wait for another process that works on the same image, such as 90s or 10m
    /// [default: as long as it takes].
    #[arg(long, value_name = "DURATION", value_parser = request::duration)]
    #[serde(skip)]
    pub lock_timeout: Option<Duration>,
    /// Tell what would be written, and write nothing; the image is read to its end.
    #[arg(long)]
    #[serde(skip)]
    pub dry_run: bool,
    /// Keep the plan in a new file, for `keepdocker apply`.
    #[arg(long, short, value_name = "FILE")]
    #[serde(skip)]
    pub output: Option<PathBuf>,
    /// How to show progress.
    #[arg(long, value_name = "HOW", default_value = "auto")]
    #[serde(skip)]
    pub progress: ProgressForm,
    /// Print JSON.
    #[arg(long)]
    #[serde(skip)]
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

/// When to pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PullWhen {
    /// Take what the engine has.
    Never,
    /// Pull if the engine does not have it.
    Missing,
    /// Pull, so that the newest is taken.
    Always,
}

/// How an archive is cut into blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// At the starts of large layers too: equal layers give equal blocks.
    Layered,
    /// Every 64 MiB: fewer blocks, less to share; a stream is copied to disk first.
    Dense,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub enum ProgressForm {
    /// A bar on a terminal, else nothing.
    #[default]
    Auto,
    /// A bar.
    Bar,
    /// Lines of text.
    Plain,
    /// Lines of JSON.
    Json,
    /// Nothing.
    None,
}

impl Look {
    /// Returns the form that the user asked for, or the one that fits the console.
    pub(super) fn of(form: ProgressForm, console: Console, quiet: bool) -> Self {
        match form {
            ProgressForm::Auto if quiet || !console.is_terminal() => Self::None,
            ProgressForm::Auto | ProgressForm::Bar => Self::Bar,
            ProgressForm::Plain => Self::Plain,
            ProgressForm::Json => Self::Json,
            ProgressForm::None => Self::None,
        }
    }
}
