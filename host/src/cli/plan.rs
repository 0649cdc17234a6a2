//! `keepdocker plan`, which is `keepdocker upload --dry-run`, and `keepdocker apply`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::invocation::{Execute, Invocation};
use super::request;
use super::upload::Upload;
use super::uploaded::note_of_layers;
use crate::bindings::commands::Uploaded;
use crate::harmless::escape;
use crate::output::{self, Console, Exit, Level, Report, Stream};
use crate::plan::{Plan, PlanError, UPLOAD};
use crate::wording::bytes;

/// Show what an upload would change, and write nothing (same as `upload --dry-run`).
#[derive(Debug, Args)]
#[command(
    about = "Show what an upload would change, and write nothing (same as `upload --dry-run`)",
    after_help = "\
Examples:
  keepdocker plan lab/tool:1.2
  keepdocker plan lab/tool:1.2 -o plan.json
  keepdocker plan --from docker-archive:tool.tar lab/tool:1.2"
)]
pub(crate) struct PlanArguments {
    /// The upload.
    #[command(flatten)]
    pub upload: Upload,
}

impl Execute for PlanArguments {
    fn settle(&mut self) {
        self.upload.settle();
    }

    fn is_json(&self) -> bool {
        self.upload.json
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let upload = self.upload.decided(&invocation.preferences)?;
        dry_run(upload, invocation).await
    }
}

/// Carry out a plan, unless the cluster or the image has changed since.
#[derive(Debug, Args)]
#[command(
    about = "Carry out a plan, unless the cluster or the image has changed since",
    after_help = "\
Examples:
  keepdocker apply plan.json
  keepdocker apply plan.json --json
  keepdocker apply plan.json --policy site.toml"
)]
pub(crate) struct Apply {
    /// The plan, as `keepdocker plan -o FILE` or the `--dry-run -o FILE` of another command wrote it.
    pub plan: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Tells what an upload would write, and keeps it in a file where one is named.
///
/// # Errors
/// If the upload would fail, or the plan cannot be written.
pub(super) async fn dry_run(mut upload: Upload, invocation: Invocation) -> Result<(), Report> {
    let console = invocation.console;
    check_file(upload.output.as_deref())?;
    if let Some(source) = &upload.from
        && source.to_str().is_none()
    {
        return Err(Report::new(
            Exit::Usage,
            format!(
                "a plan names its source, and `{}` is not UTF-8",
                escape(&source.to_string_lossy())
            ),
        )
        .advise("give the file or folder another name"));
    }
    if upload.output.is_some() && upload.from.as_deref() == Some(OsStr::new("-")) {
        return Err(Report::new(
            Exit::Usage,
            "a plan cannot be kept of an archive on standard input, which can be read only once",
        )
        .advise("save the archive to a file, and plan that with `--from docker-archive:FILE`"));
    }
    let (mut surroundings, request) = upload.prepare(invocation).await?;
    let planned = surroundings.plan(&request, UPLOAD, as_json(&upload)).await;
    let (plan, uploaded) = planned.map_err(|report| upload.hinted(report))?;
    if let Some(note) = uploaded.as_ref().and_then(note_of_layers) {
        console.message(Level::Info, &note);
    }
    keep(&plan, upload.output.as_deref(), console)?;
    let text = if upload.json {
        plan.to_json()
    } else {
        let text = told(&plan, "the project has the image");
        text + &uploaded.as_ref().map(to_send).unwrap_or_default()
    };
    request::answer(console, text)
}

/// Returns the options of a command as a plan has them.
pub(super) fn as_json(options: &impl Serialize) -> Value {
    serde_json::to_value(options).expect("a record of text, numbers and words is always JSON")
}

/// Keeps the plan in a file where one is named.
pub(super) fn keep(plan: &Plan, file: Option<&Path>, console: Console) -> Result<(), Report> {
    let Some(file) = file else { return Ok(()) };
    plan.save(file)?;
    let text = format!("apply it with `keepdocker apply {}`", file.display());
    console.message(Level::Info, &text);
    Ok(())
}

/// Makes sure that a plan is to go to a file, if anywhere.
pub(super) fn check_file(file: Option<&Path>) -> Result<(), Report> {
    match file == Some(Path::new("-")) {
        true => Err(Report::new(
            Exit::Usage,
            "a plan is saved to a file, and `-` stands for standard output",
        )
        .advise("`--json` prints what is planned; a file of that name is `./-`")),
        false => Ok(()),
    }
}

/// Refuses a file for a plan where none is made.
pub(super) fn refuse_file(instead: &str) -> Report {
    let reason = "`--output` is for the plan, and without `--dry-run` there is none";
    Report::new(Exit::Usage, reason).advise(instead)
}

/// Says how much data would go to Keep, where there is an archive to store.
///
/// What an interrupted upload has sent already shows only when it is done.
fn to_send(uploaded: &Uploaded) -> String {
    match uploaded.size {
        0 => String::new(),
        _ => line(&format!(
            "{} to send, {} in Keep already",
            bytes(uploaded.sent),
            bytes(uploaded.reused)
        )),
    }
}

/// Says what would be written; `nothing` says why that is nothing.
pub(super) fn told(plan: &Plan, nothing: &str) -> String {
    let mut text: String = plan
        .steps
        .iter()
        .map(|step| line(&format!("{} {}", step.sign(), escape(&step.to_string()))))
        .collect();
    if !plan.complete {
        text.push_str(&line("the rest is not known before that"));
    } else if plan.steps.is_empty() {
        text.push_str(&line(&format!("nothing to do: {nothing}")));
    }
    text
}

/// Returns a line of the answer; on a terminal it is broken to the width of that.
fn line(text: &str) -> String {
    match output::width_of(Stream::Output) {
        Some(width) => format!("{}\n", output::wrapped(text, width, 0, 4)),
        None => format!("{text}\n"),
    }
}

impl Execute for Apply {
    fn is_json(&self) -> bool {
        self.json
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let plan = Plan::open(&self.plan)?;
        super::apply(self, &plan, invocation).await
    }
}

impl Apply {
    /// Reads what the plan is for, as the command line had it.
    pub(super) fn asked<T: DeserializeOwned>(&self, plan: &Plan) -> Result<T, PlanError> {
        serde_json::from_value(plan.request.clone()).map_err(|error| PlanError::Invalid {
            file: self.plan.clone(),
            reason: format!("its `request` is none: {error}"),
        })
    }
}

/// Refuses a plan of a command that has none.
pub(super) fn no_plan_of(command: &str) -> Report {
    let command = escape(command);
    Report::new(
        Exit::Usage,
        format!("the plan is for `{command}`, which cannot be planned"),
    )
    .advise("a newer keepdocker may have made it; see `keepdocker --version`")
}
