//! `keepdocker doctor`.

use clap::Args;
use keepdocker_console::values::settle;
use serde_json::{Value, json};

use super::invocation::{Execute, Invocation};
use super::request;
use crate::built;
use crate::harmless::escape;
use crate::output::{self, Exit, Report, Stream};
use crate::run::{Finding, Scope, State, checkup_without_settings};

/// Check the cluster, the token, Keep, the engine, the policy and the folders that commands need, and look at the
/// images that are in Keep.
#[derive(Debug, Args)]
#[command(
    about = "Check the set-up, and look for what is amiss with images in Keep",
    after_help = "\
Examples:
  keepdocker doctor
  keepdocker doctor --project Genomics/Images --deep
  keepdocker doctor --engine podman --json"
)]
pub(crate) struct Doctor {
    /// Look at those images alone that links of this project lead to, by UUID, name or path.
    #[arg(
        long = "project",
        visible_alias = "project-uuid",
        value_name = "PROJECT"
    )]
    pub project_uuid: Option<String>,
    /// Look into each image's archive, too, and ask Keep for each of its blocks.
    #[arg(long)]
    pub deep: bool,
    /// How many collections to look into at most: those that were linked last.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    pub most: usize,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl Execute for Doctor {
    fn settle(&mut self) {
        settle(&mut self.project_uuid);
    }

    fn is_json(&self) -> bool {
        self.json
    }

    async fn run(mut self, invocation: Invocation) -> Result<(), Report> {
        let console = invocation.console;
        let (options, environment) = (invocation.options.clone(), invocation.environment.clone());
        let mut findings = match invocation.surroundings().await {
            Ok(surroundings) => {
                surroundings.settle_project(&mut self.project_uuid).await?;
                let scope = Scope {
                    project: self.project_uuid,
                    most: self.most,
                    deep: self.deep,
                };
                surroundings.checkup(&scope).await
            }
            Err(report) => checkup_without_settings(report, &options, &environment).await,
        };
        // These are answers, and yet tell what others said, who may have repeated secrets.
        for finding in &mut findings {
            finding.told = output::concealed(&finding.told).into_owned();
            finding.advice =
                (finding.advice.as_deref()).map(|advice| output::concealed(advice).into_owned());
        }
        let text = match self.json {
            true => as_json(&findings),
            false => {
                let width = output::width_of(Stream::Output);
                findings
                    .iter()
                    .map(|finding| line(finding, width))
                    .collect()
            }
        };
        request::answer(console, text)?;
        let bad: Vec<&str> = findings
            .iter()
            .filter(|finding| finding.state == State::Bad)
            .map(|finding| finding.what)
            .collect();
        match bad.is_empty() {
            true => Ok(()),
            false => Err(Report::new(
                Exit::Failed,
                format!("not as it should be: {}", bad.join(", ")),
            )),
        }
    }
}

/// Returns what was found as a line, with what to do below it; they fit a terminal of this width, if there is one.
fn line(finding: &Finding, width: Option<usize>) -> String {
    let (state, what) = (finding.state.name(), finding.what);
    let mut text = told(&format!("{state:9} {what:9}"), &finding.told, width);
    if let Some(advice) = &finding.advice {
        text.push_str(&told(&format!("{:19}", ""), advice, width));
    }
    text
}

/// Returns a text behind what is 19 columns wide, and under which it goes on.
fn told(before: &str, text: &str, width: Option<usize>) -> String {
    let text = escape(text);
    let text = match width {
        Some(width) => output::wrapped(&text, width, 20, 20),
        None => text.into_owned(),
    };
    format!("{before} {text}\n")
}

fn as_json(findings: &[Finding]) -> String {
    let findings: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "what": finding.what,
                "state": finding.state.name(),
                "told": finding.told,
                "advice": finding.advice,
                "about": finding.about,
            })
        })
        .collect();
    let document = json!({
        "schema": "keepdocker.doctor/1",
        "version": built::VERSION,
        "commit": built::COMMIT,
        "findings": findings,
    });
    format!("{document}\n")
}
