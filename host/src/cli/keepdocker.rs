//! The command line of `keepdocker`.

use std::path::PathBuf;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser};

use super::color::Color;
use super::invocation::Invocation;
use super::kind::Kind;
use super::{Command, Farewell, Job, completion, drive, hints, layers, prepare, request, version};
use crate::harmless::escape;
use crate::output::{self, Console, Exit, Level, Report, Style};
use crate::run::Options;
#[cfg(feature = "sandbox")]
use crate::run::sandbox as embedded;
use crate::settings::{Environment, Preferences, is_cluster};
use crate::terminal;
use keepdocker_console::values::{self, is_empty};

/// Runs the program on the process's arguments.
#[must_use]
pub(crate) fn main() -> ExitCode {
    let console = Console::new(Style::Plain, Level::Info);
    drive(console, move || {
        let environment = Environment::of_process();
        prepare(&environment, console);
        terminal::fit_terminals();
        let words: Vec<_> = std::env::args_os().collect();
        if let Some(job) = completion::job(&environment, &words) {
            return Ok(job);
        }
        let arguments = Arguments::read(&words).map_err(|error| {
            super::print(&error, console);
            if let Some(hint) = hints::for_other_tools(&error) {
                console.hint(hint);
            }
            if error.use_stderr() && asks_for_json(&words) {
                // What cannot be written there was said on standard error.
                let _ = console.answer(output::failure(&super::refusal(&error)));
            }
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        })?;
        let arguments = arguments.settled();
        let least = match (arguments.common.verbose, arguments.common.quiet) {
            (true, _) => Level::Debug,
            (_, true) => Level::Warning,
            _ => Level::Info,
        };
        let console = Console::new(Style::Plain, least);
        let is_json = arguments.command.is_json();
        let listens = arguments.listens();
        let goes_on = arguments.command.kind().goes_on;
        let work = async move {
            match run(arguments, environment, console).await {
                Ok(()) => Exit::Done,
                Err(report) => {
                    console.report(&report);
                    if is_json && !console.has_answered() {
                        // What cannot be written there was said on standard error.
                        let _ = console.answer(output::failure(&report));
                    }
                    report.exit
                }
            }
        };
        Ok(Job {
            console,
            farewell: Farewell {
                console,
                level: Level::Warning,
                words: match goes_on {
                    true => |signal| {
                        format!(
                            "ended by signal {signal}; nothing was registered after it, and the same command goes on from there"
                        )
                    },
                    false => |signal| format!("ended by signal {signal}"),
                },
                code: |signal| 128 + signal,
            },
            listens,
            work: Box::pin(work),
        })
    })
}

/// Tells whether the answer is to be JSON, of a command line that could not be read.
fn asks_for_json(words: &[OsString]) -> bool {
    let options = words.iter().take_while(|word| *word != "--");
    let options: Vec<&OsString> = options.collect();
    options
        .iter()
        .any(|word| ["--json", "--format=json"].contains(&&*word.to_string_lossy()))
        || options
            .windows(2)
            .any(|pair| pair[0] == "--format" && pair[1] == "json")
}

async fn run(
    arguments: Arguments,
    environment: Environment,
    console: Console,
) -> Result<(), Report> {
    let kind = arguments.command.kind();
    let invocation = arguments.common.invocation(environment, console, kind)?;
    arguments.command.run(invocation).await
}

/// What follows the help of the program.
const AFTER_HELP: &str = concat!(
    "\
Examples:
  keepdocker upload lab/tool:1.2
  keepdocker resolve lab/tool:1.2
  keepdocker load lab/tool:1.2

Exit codes:
  0 done, 1 failed, 2 wrong command line, 3 denied by policy, 4 no such image,
  5 ambiguous image, 6 lock timed out, 7 no configuration or token refused,
  8 log altered, 9 log incomplete, 10 component at fault, 11 plan out of date

Documentation:
  ",
    env!("CARGO_PKG_REPOSITORY"),
    "/tree/main/docs"
);

/// Puts container images into Arvados Keep, so that workflows on a cluster can run them.
#[derive(Debug, Parser)]
#[command(
    name = "keepdocker",
    version,
    max_term_width = 100,
    args_override_self = true,
    after_help = AFTER_HELP
)]
pub(crate) struct Arguments {
    /// What applies to every command.
    #[command(flatten)]
    pub common: Common,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Returns the command line with all its commands and options.
pub(super) fn described() -> clap::Command {
    layers::accepted_by(Arguments::command())
}

impl Arguments {
    /// Reads the words of a command line; see `values` for what is refused first.
    fn read(words: &[OsString]) -> Result<Self, clap::Error> {
        let mut command = described().color(Color::of(words).apply());
        if words.iter().any(|word| word == "--version") {
            command = command.long_version(version::long());
        }
        values::check(&command, words)?;
        let matches = command.try_get_matches_from_mut(words)?;
        let mut arguments =
            Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        arguments.common.policies = layers::given(&matches);
        Ok(arguments)
    }

    /// Makes nothing of the values that count as not given where they are empty.
    fn settled(mut self) -> Self {
        self.command.settle();
        self
    }

    /// Tells whether others connect to the program, as to the embedded cluster.
    fn listens(&self) -> bool {
        #[cfg(feature = "sandbox")]
        let serves = matches!(self.command, Command::Sandbox(_));
        #[cfg(not(feature = "sandbox"))]
        let serves = false;
        serves || self.common.listens()
    }
}

/// How often a request is repeated, and how often while the cluster was never reached.
const RETRIES: u32 = 10;
const RETRIES_AT_FIRST: u32 = 2;

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    #[cfg(feature = "sandbox")]
    /// Use an embedded Arvados cluster; its data stays in DIR [default: ~/.local/share/keepdocker/sandbox].
    #[arg(long, global = true, value_name = "DIR", num_args = 0..=1, require_equals = true, help_heading = "Global options")]
    pub sandbox: Option<Option<PathBuf>>,
    /// The cluster of NAME.conf beside settings.conf, and what config.toml says of it.
    #[cfg_attr(feature = "sandbox", arg(conflicts_with = "sandbox"))]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "Global options"
    )]
    pub cluster: Option<String>,
    /// The container engine's program, such as podman.
    #[arg(
        long,
        global = true,
        value_name = "PROGRAM",
        env = "KEEPDOCKER_ENGINE",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    pub engine: Option<String>,
    /// How often to retry a request that fails temporarily [default: 10, and 2 while the cluster was never reached].
    #[arg(long, global = true, value_name = "N", help_heading = "Global options")]
    pub retries: Option<u32>,
    /// The policies on top of those in force, from wherever `--policy` stands; see `layers`.
    #[arg(skip)]
    pub policies: Vec<PathBuf>,
    /// Keep no audit log of this run; a policy can forbid this.
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_audit: bool,
    /// Run this component instead of the embedded one, within the same limits.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub component: Option<PathBuf>,
    /// When to colour messages.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Global options"
    )]
    pub color: Color,
    /// Show more, including every call that the component makes.
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub verbose: bool,
    /// Show only warnings and errors.
    #[arg(
        long,
        short,
        global = true,
        conflicts_with = "verbose",
        help_heading = "Global options"
    )]
    pub quiet: bool,
}

impl Common {
    /// Tells whether the embedded cluster is to be used, to which the program connects.
    pub(super) fn listens(&self) -> bool {
        #[cfg(feature = "sandbox")]
        let listens = self.sandbox.is_some();
        #[cfg(not(feature = "sandbox"))]
        let listens = false;
        listens
    }

    /// Returns what a command runs with.
    ///
    /// # Errors
    /// If the cluster cannot be called so, something in `config.toml` cannot be meant and the command needs it, or there is no folder for the
    /// embedded cluster.
    pub(super) fn invocation(
        &self,
        environment: Environment,
        console: Console,
        kind: Kind,
    ) -> Result<Invocation, Report> {
        let environment = match &self.cluster {
            Some(name) if kind.names_cluster && !is_cluster(name) => {
                return Err(Report::new(
                    Exit::Usage,
                    format!("`{}` cannot be the name of a cluster", escape(name)),
                )
                .advise(
                    "`--cluster zzzzz` means the file zzzzz.conf beside settings.conf; `keepdocker login HOST --cluster zzzzz` writes it",
                ));
            }
            Some(name) if kind.names_cluster => environment.of_cluster(name),
            _ => environment,
        };
        let mut preferences = match request::preferences(&environment) {
            // What helps to mend the file has to run without it.
            Err(report) if kind.is_about_set_up => {
                let text = format!("{}; nothing that is said there counts", report.message);
                console.message(Level::Warning, &text);
                Preferences::default()
            }
            preferences => preferences?,
        };
        if self.listens() {
            // The embedded cluster has none of these projects.
            preferences.project = None;
        }
        Ok(Invocation {
            options: self.options(&environment, &preferences)?,
            is_quiet: self.quiet,
            environment,
            console,
            preferences,
        })
    }

    fn options(
        &self,
        environment: &Environment,
        preferences: &Preferences,
    ) -> Result<Options, Report> {
        #[cfg(not(feature = "sandbox"))]
        let (sandbox, _) = (None, environment);
        #[cfg(feature = "sandbox")]
        let sandbox = match &self.sandbox {
            None => None,
            Some(Some(directory)) => Some(embedded::embedded(directory.clone())),
            Some(None) => Some(embedded::embedded(embedded::usual_directory(environment)?)),
        };
        Ok(Options {
            sandbox,
            // A variable that is empty is as good as none.
            engine: self
                .engine
                .clone()
                .filter(|engine| !is_empty(engine))
                .or_else(|| Some(preferences.engine.clone()?.value)),
            concurrency: preferences
                .threads
                .as_ref()
                .map(|threads| threads.value.into()),
            retries: self.retries.unwrap_or(RETRIES),
            retries_at_first: self.retries.is_none().then_some(RETRIES_AT_FIRST),
            policies: self.policies.clone(),
            component: self.component.clone(),
            trace: self.verbose,
            no_audit: self.no_audit,
            arguments: super::words(),
            ..Options::default()
        })
    }
}
