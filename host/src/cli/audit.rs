//! The verbs of `keepdocker audit`: show, verify, export, replay, and the making of keys.

mod which;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::invocation::{Execute, Invocation};
use super::request;
use super::verification;
use crate::audit::{Error, Folder, Heads, NotFound, Run, SigningKey, Verdict};
use crate::component::{Component, Limits};
use crate::output::{Console, Exit, Level, Report, runs, steps};
use crate::policy::Policy;
use crate::replay::{self, ReplayError};
use crate::run::no_policy;
use crate::settings::Environment;
use crate::wording::count;
use keepdocker_console::values::is_empty;
use which::Which;

/// Show, verify, replay and export the logs of past runs.
#[derive(Debug, Args)]
#[command(
    about = "Show, verify, replay and export the logs of past runs",
    after_help = "\
Examples:
  keepdocker audit show
  keepdocker audit show last
  keepdocker audit verify
  keepdocker audit export --all --since 24h >runs.jsonl"
)]
pub(crate) struct AuditArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: AuditCommand,
}

/// What a key is called that is given no name.
const KEY_NAME: &str = "keepdocker-audit";

impl Execute for AuditArguments {
    fn settle(&mut self) {
        if let AuditCommand::Keygen { name, .. } = &mut self.command
            && is_empty(name)
        {
            *name = KEY_NAME.to_owned();
        }
    }

    fn is_json(&self) -> bool {
        matches!(self.command, AuditCommand::Show { json: true, .. })
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let Invocation {
            options,
            environment,
            console,
            ..
        } = invocation;
        let component = options.component.as_deref();
        run(&self, component, options.policies, &environment, console).await
    }
}

/// What can be done with audit logs. A RUN is an ID or the beginning of one, `last`, or a file.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List the runs, or show what one of them asked for, what was decided, and what happened.
    Show {
        /// The run: its ID or the beginning of it, `last`, or a file [default: list the runs].
        run: Option<String>,
        /// How many runs to list, newest first.
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
        #[command(flatten)]
        which: Which,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check that logs are complete and unaltered; exit code 8 if one was altered, 9 if one is
    /// incomplete.
    Verify {
        /// The run, or a file that `audit export` made [default: all runs].
        run: Option<String>,
        /// A copy of the file `heads` that is kept elsewhere.
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
        /// The public key, or a file with it, that each log must be signed with.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Print logs, each with everything that belongs to it, as one JSON document in a line.
    Export {
        /// The run: its ID or the beginning of it, `last`, or a file.
        #[arg(required_unless_present = "all")]
        run: Option<String>,
        /// All runs, oldest first.
        #[arg(long, conflicts_with = "run")]
        all: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Run the component again on the answers in a log, and check that it does the same; nothing is
    /// opened, sent or written. Exit code 8 if it does anything else.
    Replay {
        /// The run: its ID or the beginning of it, `last`, or a file.
        run: String,
    },
    /// Make a key to sign logs with, for `audit.sign-with` of a policy, and print its public part.
    Keygen {
        /// The file to write the key to.
        file: PathBuf,
        /// The name of the key in signatures.
        #[arg(long, default_value = KEY_NAME)]
        name: String,
    },
}

/// Runs one of the verbs; `component` and `given` are the component and the policies that the command
/// line names.
async fn run(
    arguments: &AuditArguments,
    component: Option<&Path>,
    given: Vec<PathBuf>,
    environment: &Environment,
    console: Console,
) -> Result<(), Report> {
    if let AuditCommand::Keygen { file, name } = &arguments.command {
        let key = SigningKey::generate(file, name)
            .map_err(|error| Report::new(Exit::Failed, error.to_string()))?;
        return request::answer(console, format!("{}\n", key.public()));
    }
    let folder = folder(given, environment)?;
    match &arguments.command {
        AuditCommand::Show {
            run: None,
            limit,
            which,
            json,
        } => list(&folder, (*limit, which), *json, console),
        AuditCommand::Show {
            run: Some(run),
            json,
            ..
        } => show(&folder, run, *json, console),
        AuditCommand::Verify { run, against, key } => {
            let copy = against.as_deref().map(Heads::open).transpose();
            let copy = copy.map_err(unreadable)?;
            let key = key
                .as_deref()
                .map(verification::verifying_key)
                .transpose()?;
            verification::verify(
                &folder,
                run.as_deref(),
                copy.as_ref(),
                key.as_ref(),
                console,
            )
        }
        AuditCommand::Export {
            run: None, which, ..
        } => export(&folder, which, console),
        AuditCommand::Export { run: Some(run), .. } => {
            let (heads, run) = verification::one_of(&folder, run)?;
            let document = run.export(&heads);
            request::answer(console, format!("{document}\n"))
        }
        AuditCommand::Replay { run } => replay(&folder, run, component, console).await,
        AuditCommand::Keygen { .. } => Ok(()),
    }
}

/// Returns the folder of the logs under the policy in force.
pub(super) fn folder(given: Vec<PathBuf>, environment: &Environment) -> Result<Folder, Report> {
    let policy = Policy::load(&environment.policies(given)).map_err(no_policy)?;
    environment
        .audit_folder(policy.audit())
        .ok_or_else(|| unreadable(Error::NoPlace))
}

fn list(
    folder: &Folder,
    (limit, which): (usize, &Which),
    as_json: bool,
    console: Console,
) -> Result<(), Report> {
    let heads = Heads::read(folder).map_err(unreadable)?;
    let mut listed = Vec::new();
    for id in folder.runs().map_err(unreadable)?.iter().rev() {
        if listed.len() == limit {
            break;
        }
        match Run::read(folder, id) {
            Ok(run) if which.includes(&run) => {
                let verdict = heads.judge(&run);
                listed.push((run, verdict));
            }
            Ok(_) => {}
            // The others can be shown all the same.
            Err(error) => console.message(Level::Warning, &format!("{id}: {error}")),
        }
    }
    let text = if as_json {
        let runs: Vec<Value> = listed
            .iter()
            .map(|(run, verdict)| summary(run, verdict))
            .collect();
        format!(
            "{}\n",
            json!({"schema": "keepdocker.audit-runs/1", "runs": runs})
        )
    } else {
        runs(&listed)
    };
    request::answer(console, &text)
}

/// Prints those of the runs that are meant, whatever becomes of others.
fn export(folder: &Folder, which: &Which, console: Console) -> Result<(), Report> {
    let heads = Heads::read(folder).map_err(unreadable)?;
    let mut unread = Vec::new();
    for id in folder.runs().map_err(unreadable)? {
        match Run::read(folder, &id) {
            Ok(run) if which.includes(&run) => {
                request::answer(console, format!("{}\n", run.export(&heads)))?;
            }
            Ok(_) => {}
            Err(error) => unread.push(format!("{id}: {error}")),
        }
    }
    match unread.len() {
        0 => Ok(()),
        unread_runs => Err(Report::new(
            Exit::Failed,
            format!(
                "{} cannot be read; all others were printed",
                count(unread_runs, "log")
            ),
        )
        .detail(unread.join("\n"))),
    }
}

fn summary(run: &Run, verdict: &Verdict) -> Value {
    let of = |entry: Option<&crate::audit::Entry>, name: &str| {
        entry.and_then(|entry| entry.get(name)).cloned()
    };
    let (first, last) = (run.entries.first(), run.entries.last());
    json!({
        "run": run.id,
        "at": of(first, "at"),
        "command": of(first, "command"),
        "arguments": of(first, "arguments"),
        "outcome": of(last, "outcome"),
        "exit": of(last, "exit"),
        "calls": of(last, "calls"),
        "denied": of(last, "denied"),
        "bytes": of(last, "bytes"),
        "verdict": verdict.word(),
    })
}

fn show(folder: &Folder, words: &str, as_json: bool, console: Console) -> Result<(), Report> {
    let (heads, run) = verification::one_of(folder, words)?;
    let verdict = heads.judge(&run);
    if verdict != Verdict::Sound {
        console.message(Level::Warning, &format!("run {}: {verdict}", run.id));
    }
    let text = if as_json {
        let document = json!({
            "schema": "keepdocker.audit-show/1",
            "run": run.id,
            "verdict": verdict.word(),
            "entries": run.entries,
        });
        format!("{document}\n")
    } else {
        steps(&run)
    };
    request::answer(console, &text)
}

async fn replay(
    folder: &Folder,
    words: &str,
    component: Option<&Path>,
    console: Console,
) -> Result<(), Report> {
    let (heads, run) = verification::one_of(folder, words)?;
    let verdict = heads.judge(&run);
    if let Verdict::Tampered(_) = verdict {
        return Err(Report::new(
            Exit::Tampered,
            format!("run {} is not replayed, since its log was altered", run.id),
        )
        .detail(verdict.to_string()));
    }
    let component = Component::choose(component)?;
    let limits = Limits::from(Policy::built_in().limits());
    let replayed = replay::replay(run, &component, limits)
        .await
        .map_err(|error| {
            let exit = match error {
                ReplayError::Deviates(_) => Exit::Tampered,
                _ => Exit::Failed,
            };
            Report::new(exit, error.to_string())
        })?;
    let end = if replayed.whole {
        "and the same answer"
    } else {
        "where the run was cut short"
    };
    request::answer(
        console,
        format!("identical: {} calls, {end}\n", replayed.calls),
    )
}

/// Reports that logs cannot be read.
pub(super) fn unreadable(error: Error) -> Report {
    Report::new(Exit::Failed, error.to_string())
}

/// Reports that there is no such run.
pub(super) fn not_found(error: NotFound) -> Report {
    Report::new(Exit::Failed, error.to_string()).advise("`keepdocker audit show` lists the runs")
}
