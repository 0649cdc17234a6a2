//! `keepdocker plan`, which is `keepdocker upload --dry-run`, and `keepdocker apply`.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::progress_form::ProgressForm;
use super::request;
use super::upload::{Upload, tell};
use crate::bindings::commands::UploadRequest;
use crate::bindings::log::Level;
use crate::harmless::escape;
use crate::output::{Console, Exit, Report};
use crate::plan::{Plan, PlanError};
use crate::progress::{Look, show};
use crate::run::{Options, Surroundings};
use crate::settings::Environment;

/// Arguments of `keepdocker apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// The plan, as `keepdocker plan -o FILE` wrote it.
    pub plan: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Tells what an upload would write, and keeps it in a file where one is named.
///
/// # Errors
/// If the upload would fail, or the plan cannot be written.
pub(super) async fn dry_run(
    upload: &Upload,
    options: Options,
    environment: Environment,
    console: Console,
    is_quiet: bool,
) -> Result<(), Report> {
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
    let (mut surroundings, request) = upload
        .prepare(options, environment, console, is_quiet)
        .await?;
    let asked =
        serde_json::to_value(upload).expect("a record of text, numbers and words is always JSON");
    let plan = surroundings.plan(&request, asked).await?;
    if let Some(file) = &upload.output {
        plan.save(file)?;
        let text = format!("do it with: keepdocker apply {}", file.display());
        console.message(Level::Info, &text);
    }
    let text = if upload.json {
        plan.to_json()
    } else {
        told(&plan)
    };
    request::answer(console, text)
}

fn told(plan: &Plan) -> String {
    let mut text: String = plan
        .steps
        .iter()
        .map(|step| format!("would {}\n", escape(&step.to_string())))
        .collect();
    if !plan.complete {
        text.push_str("what follows is known only then\n");
    } else if plan.steps.is_empty() {
        text.push_str("nothing to do: the project has the image\n");
    }
    text
}

impl Apply {
    /// Does what the plan says.
    ///
    /// # Errors
    /// If something else than that would come of it now, or it fails.
    pub(super) async fn run(
        &self,
        mut options: Options,
        environment: Environment,
        console: Console,
        is_quiet: bool,
    ) -> Result<(), Report> {
        let (plan, request) = self.read(&mut options)?;
        let look = Look::of(ProgressForm::Auto, console, is_quiet);
        let start = Instant::now();
        let mut surroundings =
            Surroundings::new(options, environment, console, show(look, console)).await?;
        let uploaded = surroundings.apply(&plan, &request).await?;
        tell(&uploaded, start.elapsed(), self.json, console)
    }

    /// Reads the plan, and the upload that it is for.
    fn read(&self, options: &mut Options) -> Result<(Plan, UploadRequest), Report> {
        let plan = Plan::open(&self.plan)?;
        let upload: Upload =
            serde_json::from_value(plan.request.clone()).map_err(|error| PlanError::Invalid {
                file: self.plan.clone(),
                reason: format!("its `request` is none: {error}"),
            })?;
        upload.complete(options)?;
        let request = upload.request(options);
        Ok((plan, request))
    }
}
