//! `keepdocker images`.

mod choice;
mod format;

use std::cmp::Reverse;

use clap::{Args, ValueEnum};

use super::invocation::{Execute, Invocation};
use super::request;
use super::suggestions::like;
use crate::bindings::commands::{ImagesRequest, ListedImage};
use crate::component;
use crate::harmless::escape;
use crate::output::{Console, Ids, Level, Report};
use crate::run::Surroundings;
use crate::wording::count;
use choice::Choices;
use format::{Format, More};
use keepdocker_console::values::settle;
use keepdocker_terms::pattern::{is_pattern, matches};

/// List the images that the cluster has.
#[derive(Debug, Args)]
#[command(
    about = "List the images that the cluster has",
    visible_alias = "ls",
    after_help = "\
Examples:
  keepdocker images lab/tool
  keepdocker images 'lab/*' --long --sort size
  keepdocker images --project Genomics/Images --json
  keepdocker images --format '{{.Repository}}:{{.Tag}} {{.Collection}}'"
)]
pub(crate) struct Images {
    /// Only images of this name or ID; a repository without a tag means all its tags, and `*` any characters.
    pub image: Option<String>,
    /// The tag, if IMAGE has none.
    pub tag: Option<String>,
    /// Only images registered under exactly this name, letter by letter.
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "image",
        help_heading = "Selection"
    )]
    pub exact_name: Option<String>,
    /// Only images that this project owns, by UUID, name or path.
    #[arg(
        long = "project",
        visible_alias = "project-uuid",
        value_name = "PROJECT",
        help_heading = "Selection"
    )]
    pub project_uuid: Option<String>,
    /// Only names that match this pattern, in which `*` stands for any characters.
    #[arg(long, value_name = "PATTERN", help_heading = "Selection")]
    pub filter: Option<String>,
    /// Show size, platform and owner, too, and of several rows of one name which one a container request gets.
    #[arg(long, short, help_heading = "Output")]
    pub long: bool,
    /// The order of the rows.
    #[arg(
        long,
        value_name = "KEY",
        default_value = "created",
        help_heading = "Output"
    )]
    pub sort: Sort,
    /// How to print the rows: table, json, csv, or a template with {{.Repository}}, {{.Tag}}, {{.ID}},
    /// {{.Collection}}, {{.Created}}, {{.Size}}, {{.Owner}}, {{.OwnerName}}, {{.Chosen}} and {{.Platform}}.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "table",
        conflicts_with = "json",
        help_heading = "Output"
    )]
    pub format: Format,
    /// Print whole image IDs alone, each once, as `docker images -q --no-trunc` does; so does -q.
    #[arg(
        long,
        conflicts_with_all = ["json", "format", "long"],
        help_heading = "Output"
    )]
    pub ids: bool,
    /// Show whole image IDs.
    #[arg(long, help_heading = "Output")]
    pub no_trunc: bool,
    /// Print JSON; the same as --format json.
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// The order of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// Newest first.
    Created,
    /// By repository and tag.
    Name,
    /// Largest first.
    Size,
}

component::request!(ImagesRequest => Vec<ListedImage>, Images, "images", Find);

impl Execute for Images {
    fn settle(&mut self) {
        settle(&mut self.project_uuid);
        settle(&mut self.tag);
    }

    fn is_json(&self) -> bool {
        self.json || self.format == Format::Json
    }

    async fn run(mut self, invocation: Invocation) -> Result<(), Report> {
        let console = invocation.console;
        let is_quiet = invocation.is_quiet;
        let surroundings = invocation.surroundings().await?;
        surroundings.settle_project(&mut self.project_uuid).await?;
        if self.filter.is_none() && self.image.as_deref().is_some_and(is_pattern) {
            self.filter = self.image.take();
        }
        let request = ImagesRequest {
            project: self.project_uuid.clone(),
            image: self.image.clone(),
            tag: self.tag.clone(),
            exact_name: self.exact_name.clone(),
        };
        let mut listed = surroundings.ask(&request).await?;
        let count = listed.len();
        if let Some(pattern) = &self.filter {
            listed.retain(|image| matches(pattern, &name(image)));
        }
        if listed.is_empty() && !is_quiet {
            self.tell_nothing(count, &surroundings, console).await;
        }
        let more = match self.is_long() {
            true => Some(self.more(&listed, &surroundings, console).await?),
            false => None,
        };
        self.put_in_order(&mut listed, more.as_ref());
        let ids = match self.no_trunc {
            true => Ids::Whole,
            false => Ids::Short,
        };
        let is_plain = !self.long && !self.is_json() && self.format == Format::Table;
        let text = match (self.ids || (is_quiet && is_plain), self.is_json()) {
            (true, _) => ids_of(&listed),
            (_, true) => Format::Json.text(&listed, more.as_ref(), ids),
            _ => self.format.text(&listed, more.as_ref(), ids),
        };
        request::answer(console, text)
    }
}

impl Images {
    /// Tells whether more has to be asked than what the component lists.
    fn is_long(&self) -> bool {
        self.long || self.sort == Sort::Size || self.format.names_details()
    }

    /// Asks what a long listing tells besides.
    async fn more(
        &self,
        listed: &[ListedImage],
        surroundings: &Surroundings,
        console: Console,
    ) -> Result<More, Report> {
        let collections: Vec<String> = listed
            .iter()
            .map(|image| image.collection.clone())
            .collect();
        let holdings = surroundings.holdings(&collections).await?;
        let choices = Choices::of(listed, surroundings).await;
        if choices.left_out > 0 {
            console.hint(&format!(
                "{} more stand on several rows; `keepdocker resolve NAME` tells which one a container request gets",
                count(choices.left_out, "name")
            ));
        }
        Ok(More { holdings, choices })
    }

    /// Puts rows, newest first, in the order that was asked for.
    fn put_in_order(&self, listed: &mut [ListedImage], more: Option<&More>) {
        match self.sort {
            Sort::Created => {}
            Sort::Name => listed.sort_by_key(name),
            Sort::Size => listed.sort_by_key(|image| {
                Reverse(more.and_then(|more| more.holdings.size(&image.collection)))
            }),
        }
    }

    /// Says why there are no rows, of which `count` were left out, and what may have been meant.
    async fn tell_nothing(&self, count: usize, surroundings: &Surroundings, console: Console) {
        let fault = match &self.project_uuid {
            Some(project) if count == 0 => surroundings.fault_of_project(project).await,
            _ => None,
        };
        if let Some(fault) = fault {
            console.message(Level::Warning, &fault);
            return;
        }
        console.message(Level::Info, &self.emptiness(count));
        if let Some(image) = self.image.as_deref().filter(|_| count == 0) {
            let names = like(surroundings, image).await;
            if !names.is_empty() {
                console.hint(&format!("did you mean {}?", names.join(", ")));
            }
        }
    }

    /// Says that there are no rows, of which `count` were left out.
    fn emptiness(&self, count: usize) -> String {
        let place = match &self.project_uuid {
            Some(project) => format!("project {} has", escape(project)),
            None => "the cluster has".to_owned(),
        };
        match (&self.image, &self.exact_name, &self.filter) {
            (_, _, Some(pattern)) if count > 0 => format!(
                "no name matches `{}`; without the pattern there {} {count}",
                escape(pattern),
                if count == 1 { "is" } else { "are" }
            ),
            (Some(image), ..) => {
                let tag = self.tag.as_deref().map(|tag| format!(":{tag}"));
                let name = format!("{image}{}", tag.unwrap_or_default());
                format!("{place} no image `{}`", escape(&name))
            }
            (None, Some(name), _) => format!("{place} no image `{}`", escape(name)),
            (None, None, _) => format!("{place} no images"),
        }
    }
}

/// Returns the IDs that are known, each once, a line each.
fn ids_of(listed: &[ListedImage]) -> String {
    let mut seen: Vec<&str> = Vec::new();
    for id in listed.iter().filter_map(|image| image.image.as_deref()) {
        if !seen.contains(&id) {
            seen.push(id);
        }
    }
    seen.iter().map(|id| format!("{}\n", escape(id))).collect()
}

/// Returns the name of an image, which may be empty.
fn name(image: &ListedImage) -> String {
    match (&image.repository, &image.tag) {
        (Some(repository), Some(tag)) => format!("{repository}:{tag}"),
        (Some(repository), None) => repository.clone(),
        (None, _) => String::new(),
    }
}
