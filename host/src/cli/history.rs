//! `keepdocker history`: what became of names.

use std::borrow::Cow;
use std::time::SystemTime;

use clap::Args;
use keepdocker_console::values::settle;
use keepdocker_console::{Column, Columns, Give, age};
use keepdocker_terms::reference::Reference;
use serde::Serialize;

use super::invocation::{Execute, Invocation};
use super::request;
use crate::bindings::commands::Failure;
use crate::harmless::escape;
use crate::output::{Level, Report, Stream, width_of};
use crate::run::{Change, History};

/// Show who gave names to which images, and when.
#[derive(Debug, Args)]
#[command(
    about = "Show who gave names to which images, and when",
    after_help = "\
Examples:
  keepdocker history lab/tool:stable
  keepdocker history lab/tool:stable lab/tool:latest --json
  keepdocker history lab/tool:stable --project Genomics/Images

What happened last comes first. It is told from links and from the cluster's logs, as far as the token may read them, of the projects where it sees such a name, and of your home project; logs do not last for ever."
)]
pub(crate) struct HistoryArguments {
    /// A name.
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Only in this project, by UUID, name or path; of it also names that are gone.
    #[arg(
        long = "project",
        visible_alias = "project-uuid",
        value_name = "PROJECT"
    )]
    project_uuid: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Execute for HistoryArguments {
    fn settle(&mut self) {
        settle(&mut self.project_uuid);
    }

    fn is_json(&self) -> bool {
        self.json
    }

    async fn run(mut self, invocation: Invocation) -> Result<(), Report> {
        let console = invocation.console;
        let names = registered(&self.names)?;
        let surroundings = invocation.surroundings().await?;
        surroundings.settle_project(&mut self.project_uuid).await?;
        let project = self.project_uuid.as_deref();
        let history = surroundings.history(&names, project).await?;
        if history.is_cut {
            let text = "there are more logs than were read; what happened earlier may be missing";
            console.message(Level::Warning, text);
        }
        for name in &names {
            if history.changes.iter().all(|change| change.name != *name) {
                let mut text = format!("nothing is known of the name `{}`", escape(name));
                if project.is_none() {
                    text += "; of names that are gone from a project, `--project PROJECT` tells";
                }
                console.message(Level::Info, &text);
            }
        }
        let text = match self.json {
            true => as_json(&history),
            false => table(&history),
        };
        request::answer(console, text)
    }
}

/// Returns the names as they are registered.
fn registered(texts: &[String]) -> Result<Vec<String>, Report> {
    let mut names = Vec::new();
    for text in texts {
        let usage = |text: String| Report::from(Failure::Usage(text));
        let name = match Reference::parse(text).map_err(|error| usage(error.to_string()))? {
            Reference::Name(name) => name.registered(),
            Reference::Id(_) => return Err(usage(format!("`{text}` is no name"))),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Says in a word what happened.
fn event(change: &Change) -> &'static str {
    match (&change.from, &change.to) {
        (None, _) => "given",
        (Some(_), None) => "removed",
        (Some(from), Some(to)) if from == to => "transferred",
        (Some(_), Some(_)) => "moved",
    }
}

fn as_json(history: &History) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        changes: Vec<Row<'a>>,
        complete: bool,
    }
    #[derive(Serialize)]
    struct Row<'a> {
        name: &'a str,
        at: &'a str,
        event: &'static str,
        from: Option<&'a str>,
        to: Option<&'a str>,
        led_to: Option<&'a str>,
        leads_to: Option<&'a str>,
        user: Option<&'a str>,
        user_name: Option<&'a String>,
        project: &'a str,
        project_name: Option<&'a String>,
        link: &'a str,
    }
    let rows = history.changes.iter().map(|change| Row {
        name: &change.name,
        at: &change.at,
        event: event(change),
        from: change.from.as_deref(),
        to: change.to.as_deref(),
        led_to: change.led_to.as_deref(),
        leads_to: change.leads_to.as_deref(),
        user: change.user.as_deref(),
        user_name: change
            .user
            .as_ref()
            .and_then(|user| history.people.get(user)),
        project: &change.project,
        project_name: history.people.get(&change.project),
        link: &change.link,
    });
    keepdocker_console::json::line(&Document {
        schema: "keepdocker.history/1",
        changes: rows.collect(),
        complete: !history.is_cut,
    })
}

fn table(history: &History) -> String {
    if history.changes.is_empty() {
        return String::new();
    }
    let several = history
        .changes
        .iter()
        .any(|one| one.name != history.changes[0].name);
    let mut columns = vec![
        Column::of_numbers("AGE", Give::Nothing),
        Column::new("WHO", Give::Cut(10)),
        Column::new("WHAT", Give::Nothing),
        Column::new("COLLECTION", Give::Nothing),
        Column::new("BEFORE", Give::Way(2)),
        Column::new("PROJECT", Give::Cut(12)),
    ];
    if several {
        columns.insert(0, Column::new("NAME", Give::Cut(12)));
    }
    let now = SystemTime::now().into();
    let called = |uuid: &'_ str| -> Cow<'_, str> {
        match history.people.get(uuid) {
            Some(name) => Cow::Owned(escape(name).into_owned()),
            None => Cow::Owned(escape(uuid).into_owned()),
        }
    };
    let rows = history.changes.iter().map(|change| {
        let to = change.to.as_deref().or(change.from.as_deref());
        let before = match change.to {
            Some(_) => change.from.as_deref().or(change.led_to.as_deref()),
            None => None,
        };
        let mut row = vec![
            age(&change.at, now),
            change.user.as_deref().map_or("".into(), called),
            event(change).into(),
            escape(to.unwrap_or_default()),
            escape(before.unwrap_or_default()),
            called(&change.project),
        ];
        if several {
            row.insert(0, escape(&change.name));
        }
        row
    });
    let width = width_of(Stream::Output).unwrap_or(usize::MAX);
    Columns::new(columns, rows.collect()).fitted(width)
}
