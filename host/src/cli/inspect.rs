//! `keepdocker inspect`: all that is known of images in Keep.

mod document;
mod screen;

use std::borrow::Cow;
use std::time::SystemTime;

use clap::Args;
use keepdocker_terms::uuid::{self, Kind};
use serde_json::{Value, json};

use super::invocation::{Execute, Invocation};
use super::request;
use super::resolve::Named;
use super::suggestions::suggest;
use super::template::Template;
use crate::bindings::commands::{Failure, Resolution};
use crate::bindings::keep::Depth;
use crate::harmless::escape;
use crate::output::{Console, Exit, Level, Report, Stream, json as console_json, width_of};
use crate::progress::Look;
use crate::run::{Closeness, Inspected, Surroundings};
use crate::wording::count;
use document::{FIELDS, Fate, document};

/// Of so many names of an image it is asked at most what they lead to: each takes some requests.
const MOST_NAMES: usize = 16;

/// Show all that is known of images: config, layers, history, blocks, links, and who can read them.
#[derive(Debug, Args)]
#[command(
    about = "Show all that is known of images: config, layers, history, blocks, links, readers",
    after_help = "\
Examples:
  keepdocker inspect lab/tool:1.2
  keepdocker inspect lab/tool:1.2 lab/tool:stable --json | jq '.images[].config.Entrypoint'
  keepdocker inspect zzzzz-4zz18-0123456789abcde --verify
  keepdocker inspect lab/tool:1.2 --format '{{.ID}} {{.Platform}} {{.Size}}'

A name shows what a container request for it gets. Of the archive its headers, its index and its config are read, and the config is hashed; --verify reads and checks the rest."
)]
pub(crate) struct Inspect {
    /// What a container request would name, or the UUID of a collection.
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Read all of the image's data and check it, not its config alone.
    #[arg(long)]
    verify: bool,
    /// With how many collections to compare blocks at most: those that were linked last; 0 for none.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    most: usize,
    /// Print each image by a template with {{.Name}}, {{.ID}}, {{.Manifest}}, {{.RegisteredAs}}, {{.Collection}},
    /// {{.PortableDataHash}}, {{.Created}}, {{.Platform}}, {{.Size}}, {{.Entrypoint}}, {{.Cmd}}, {{.Env}}, {{.User}},
    /// {{.WorkingDir}}, {{.Labels}}, {{.Layers}}, {{.History}}, {{.Links}}, {{.Shared}}, {{.Owner}}, {{.OwnerName}} and
    /// {{.Workbench}}; lists are JSON.
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "json", value_parser = template)]
    format: Option<Template>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn template(text: &str) -> Result<Template, String> {
    Template::parse(text, FIELDS.iter().map(|(field, _)| *field))
}

impl Execute for Inspect {
    fn is_json(&self) -> bool {
        self.json
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let console = invocation.console;
        let surroundings = invocation.showing(Look::None).await?;
        let asked = asked(&self.names, &surroundings).await?;
        let collections: Vec<String> = asked.iter().map(|(_, uuid, _)| uuid.clone()).collect();
        let closeness = Closeness {
            depth: match self.verify {
                true => Depth::Content,
                false => Depth::Config,
            },
            most: self.most,
        };
        let inspection = surroundings.inspect(&collections, closeness).await?;
        let mut documents = Vec::new();
        for ((name, _, resolution), image) in asked.iter().zip(&inspection.images) {
            let fates = fates(name, resolution.as_ref(), image, &surroundings).await?;
            let mut shown = document(name, resolution.as_ref(), &fates, image, &inspection);
            shown["checked"] = match (&image.looked, self.verify) {
                (Err(_), _) => Value::Null,
                (Ok(_), true) => json!("content"),
                (Ok(_), false) => json!("config"),
            };
            documents.push(shown);
        }
        request::answer(console, self.text(&documents))?;
        told(&documents, console)
    }
}

impl Inspect {
    fn text(&self, documents: &[Value]) -> String {
        if self.json {
            let all = json!({ "schema": "keepdocker.inspect/1", "images": documents });
            return console_json::line(&all);
        }
        if let Some(template) = &self.format {
            let line =
                |shown: &Value| format!("{}\n", template.filled(|field| value(shown, field)));
            return documents.iter().map(line).collect();
        }
        let width = width_of(Stream::Output);
        let now = SystemTime::now().into();
        let screens = documents.iter();
        let screens: Vec<String> = screens
            .map(|shown| screen::screen(shown, width, now))
            .collect();
        screens.join("\n")
    }
}

/// Returns each image once: what it was asked for by, its collection, and why it is that one.
async fn asked(
    names: &[String],
    surroundings: &Surroundings,
) -> Result<Vec<(String, String, Option<Resolution>)>, Report> {
    let mut asked: Vec<(String, String, Option<Resolution>)> = Vec::new();
    for name in names {
        if asked.iter().any(|(known, ..)| known == name) {
            continue;
        }
        // No container request can name an image by that.
        if uuid::is(name, Kind::Collection) {
            asked.push((name.clone(), name.clone(), None));
            continue;
        }
        match surroundings.ask(&Named(name.clone())).await {
            Ok(found) => asked.push((name.clone(), found.collection.clone(), Some(found))),
            Err(report) => return Err(suggest(report, surroundings, name).await),
        }
    }
    Ok(asked)
}

/// Tells whether a container request gets nothing: no image has the name, the cluster runs none of those that have, or
/// nothing can have it.
fn gets_none(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::NoSuchImage(_) | Failure::UnsupportedFormat(_) | Failure::Usage(_)
    )
}

/// Returns what container requests get that name the image by its links.
async fn fates(
    asked: &str,
    resolution: Option<&Resolution>,
    image: &Inspected,
    surroundings: &Surroundings,
) -> Result<Vec<Fate>, Report> {
    let mut fates = Vec::new();
    // What was asked for is among them, however many others have given.
    let mut names = image.names();
    names.sort_by_key(|name| *name != asked);
    for name in names.into_iter().take(MOST_NAMES) {
        let found = match resolution.filter(|_| name == asked) {
            Some(known) => Some(known.clone()),
            None => {
                let named = Named(name.to_owned());
                surroundings.ask_unless(&named, gets_none).await?
            }
        };
        fates.push(Fate {
            name: name.to_owned(),
            leads_to: found.as_ref().map(|found| found.collection.clone()),
            reasons: found.map(|found| found.reasons).unwrap_or_default(),
        });
    }
    Ok(fates)
}

/// Returns the value of a field of a template.
fn value(shown: &Value, field: &str) -> Cow<'static, str> {
    let place = FIELDS.iter().find(|(known, _)| *known == field);
    let value = place.and_then(|(_, pointer)| shown.pointer(pointer));
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    Cow::Owned(escape(&text).into_owned())
}

/// Says what is wrong with the images, if anything is.
fn told(documents: &[Value], console: Console) -> Result<(), Report> {
    let mut faults = Vec::new();
    for shown in documents {
        if let Some(fault) = shown["fault"].as_str() {
            faults.push(format!(
                "{}: {}",
                escape(&screen::text(shown, "/name")),
                escape(fault)
            ));
        }
    }
    if let Some(left) = documents
        .first()
        .and_then(|shown| shown["not_compared"].as_u64())
        && left > 0
    {
        let text = format!(
            "blocks were not compared with {} that were linked earlier; `--most` sets how many are looked at",
            count(left, "collection")
        );
        console.message(Level::Info, &text);
    }
    if faults.is_empty() {
        return Ok(());
    }
    let what = match documents.len() {
        1 => "the image is not as it should be, or cannot be read".to_owned(),
        all => format!(
            "of {all} images {} not as they should be, or cannot be read",
            faults.len()
        ),
    };
    let report = faults
        .into_iter()
        .fold(Report::new(Exit::Failed, what), Report::detail);
    Err(report
        .advise("`keepdocker doctor --deep` looks whether blocks are lost, and says what to do"))
}
