//! `keepdocker images`.

use std::borrow::Cow;

use chrono::Utc;
use clap::{Args, ValueEnum};

use super::invocation::{Execute, Invocation};
use super::request;
use super::suggestions::like;
use crate::bindings::commands::{Answer, Command, ImagesRequest, ListedImage};
use crate::component::Request;
use crate::harmless::escape;
use crate::output::{self, Ids, Level, Purpose, Report, Stream, json};
use keepdocker_console::values::settle;

/// List the images that the cluster has.
#[derive(Debug, Args)]
#[command(
    about = "List the images that the cluster has",
    visible_alias = "ls",
    after_help = "\
Examples:
  keepdocker images
  keepdocker images lab/tool:1.2
  keepdocker images --filter 'lab/*' --sort name
  keepdocker images --format '{{.Repository}}:{{.Tag}} {{.Collection}}'"
)]
pub(crate) struct Images {
    /// Only images of this name or ID.
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
    /// The order of the rows.
    #[arg(
        long,
        value_name = "KEY",
        default_value = "created",
        help_heading = "Output"
    )]
    pub sort: Sort,
    /// How to print the rows: table, json, csv, or a template with {{.Repository}}, {{.Tag}}, {{.ID}},
    /// {{.Collection}} and {{.Created}}.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "table",
        conflicts_with = "json",
        help_heading = "Output"
    )]
    pub format: Format,
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
}

/// The form of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// Columns: on a terminal they fit it, elsewhere they are as the Python program prints them.
    Table,
    /// One object.
    Json,
    /// Comma-separated values by RFC 4180, with a heading.
    Csv,
    /// A line for each row, with the fields put into the text.
    Template(String),
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "table" => Self::Table,
            "json" => Self::Json,
            "csv" => Self::Csv,
            text if text.contains("{{") => Self::Template(template(text)?),
            _ => {
                return Err(
                    "expected table, json, csv, or a template such as '{{.Repository}}:{{.Tag}}'"
                        .to_owned(),
                );
            }
        })
    }
}

/// The fields of a row that a template can name.
const FIELDS: [&str; 5] = ["Repository", "Tag", "ID", "Collection", "Created"];

/// Checks the fields of a template.
fn template(text: &str) -> Result<String, String> {
    for part in text.split("{{").skip(1) {
        let name = part.split("}}").next().unwrap_or_default().trim();
        let is_known = name
            .strip_prefix('.')
            .is_some_and(|name| FIELDS.contains(&name));
        if !part.contains("}}") || !is_known {
            return Err(format!(
                "a template has no field `{}`; the fields are: {}",
                escape(name),
                FIELDS.map(|field| format!("{{{{.{field}}}}}")).join(", ")
            ));
        }
    }
    Ok(text.to_owned())
}

impl Request for ImagesRequest {
    type Answer = Vec<ListedImage>;
    const COMMAND: &'static str = "images";

    fn purpose(&self) -> Purpose {
        Purpose::Find
    }

    fn command(self) -> Command {
        Command::Images(self)
    }

    fn answer(answer: Answer) -> Option<Vec<ListedImage>> {
        match answer {
            Answer::Images(answer) => Some(answer),
            _ => None,
        }
    }
}

impl Execute for Images {
    fn settle(&mut self) {
        settle(&mut self.project_uuid);
        settle(&mut self.tag);
    }

    fn is_json(&self) -> bool {
        self.json || self.format == Format::Json
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let console = invocation.console;
        let request = ImagesRequest {
            project: self.project_uuid.clone(),
            image: self.image.clone(),
            tag: self.tag.clone(),
            exact_name: self.exact_name.clone(),
        };
        let is_quiet = invocation.is_quiet;
        let surroundings = invocation.surroundings().await?;
        let mut listed = surroundings.ask(&request).await?;
        let count = listed.len();
        if let Some(pattern) = &self.filter {
            listed.retain(|image| matches(pattern, &name(image)));
        }
        if self.sort == Sort::Name {
            listed.sort_by_key(name);
        }
        if listed.is_empty() && !is_quiet {
            console.message(Level::Info, &self.emptiness(count));
            if let Some(image) = self.image.as_deref().filter(|_| count == 0) {
                let names = like(&surroundings, image).await;
                if !names.is_empty() {
                    console.hint(&format!("did you mean {}?", names.join(", ")));
                }
            }
        }
        request::answer(console, self.text(&listed))
    }
}

impl Images {
    /// Says why there are no rows, of which `count` were left out.
    fn emptiness(&self, count: usize) -> String {
        let place = match &self.project_uuid {
            Some(project) => format!("project {} has", escape(project)),
            None => "the cluster has".to_owned(),
        };
        match (&self.image, &self.exact_name, &self.filter) {
            (_, _, Some(pattern)) if count > 0 => format!(
                "no name matches `{}`; without --filter there are {count}",
                escape(pattern)
            ),
            (Some(image), ..) => {
                let tag = self.tag.as_deref().map(|tag| format!(":{tag}"));
                let tag = tag.unwrap_or_default();
                format!(
                    "{place} no image `{}{}`; a name without a tag means `:latest`, and --filter '{}*' finds all tags",
                    escape(image),
                    escape(&tag),
                    escape(image)
                )
            }
            (None, Some(name), _) => format!("{place} no image `{}`", escape(name)),
            (None, None, _) => format!("{place} no images"),
        }
    }

    fn text(&self, listed: &[ListedImage]) -> String {
        let ids = match self.no_trunc {
            true => Ids::Whole,
            false => Ids::Short,
        };
        if self.is_json() {
            return json::images(listed);
        }
        match &self.format {
            Format::Table | Format::Json => match output::width_of(Stream::Output) {
                Some(width) => output::fitted_table(listed, ids, width, Utc::now()),
                None => output::table(listed, ids),
            },
            Format::Csv => {
                let rows = listed
                    .iter()
                    .map(|image| fields(image).map(quoted).join(","));
                let heading = FIELDS.join(",").to_lowercase();
                std::iter::once(heading)
                    .chain(rows)
                    .map(|row| format!("{row}\r\n"))
                    .collect()
            }
            Format::Template(template) => listed
                .iter()
                .map(|image| format!("{}\n", filled(template, image)))
                .collect(),
        }
    }
}

/// Returns the name of an image, which may be empty.
fn name(image: &ListedImage) -> String {
    match (&image.repository, &image.tag) {
        (Some(repository), Some(tag)) => format!("{repository}:{tag}"),
        (Some(repository), None) => repository.clone(),
        (None, _) => String::new(),
    }
}

/// Returns the fields of a row, in the order of their names.
fn fields(image: &ListedImage) -> [Cow<'_, str>; 5] {
    [
        image.repository.as_deref().unwrap_or_default(),
        image.tag.as_deref().unwrap_or_default(),
        image.image.as_deref().unwrap_or_default(),
        &image.collection,
        &image.timestamp,
    ]
    .map(escape)
}

/// Quotes a field where it needs that.
fn quoted(field: Cow<'_, str>) -> String {
    match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.into_owned(),
    }
}

/// Puts the fields of a row into a template that was checked.
fn filled(template: &str, image: &ListedImage) -> String {
    let mut parts = template.split("{{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (field, rest) = part.split_once("}}").unwrap_or((part, ""));
        let place = FIELDS
            .iter()
            .position(|known| field.trim().strip_prefix('.') == Some(known));
        if let Some(place) = place {
            text.push_str(&fields(image)[place]);
        }
        text.push_str(rest);
    }
    text
}

/// Tells whether a name matches a pattern, in which `*` stands for any characters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        // Without a `*`, the whole repository or the whole name is meant.
        return rest.is_empty() || rest.starts_with(':');
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(repository: &str, tag: &str) -> ListedImage {
        ListedImage {
            repository: Some(repository.into()),
            tag: Some(tag.into()),
            image: Some("sha256:aa".into()),
            collection: "zzzzz-4zz18-0123456789abcde".into(),
            timestamp: "2024-05-06T07:08:09Z".into(),
        }
    }

    #[test]
    fn patterns_match_as_shells_have_them() {
        for (pattern, name, expected) in [
            ("lab/*", "lab/tool:1", true),
            ("lab/*", "laboratory/tool:1", false),
            ("*tool:1", "lab/tool:1", true),
            ("*:1*", "lab/tool:1.2", true),
            ("lab/*ol:*", "lab/tool:1", true),
            ("lab/tool", "lab/tool:1", true),
            ("lab/tool", "lab/tools:1", false),
            ("lab/tool:1", "lab/tool:1", true),
            ("*", "", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_template_names_fields_that_there_are() {
        let Ok(Format::Template(text)) = "{{.Repository}}:{{ .Tag }} is {{.Collection}}".parse()
        else {
            panic!("it is a template");
        };
        assert_eq!(
            filled(&text, &image("lab/tool", "1")),
            "lab/tool:1 is zzzzz-4zz18-0123456789abcde"
        );
        for wrong in ["{{.Size}}", "{{Tag}}", "{{.Tag", "wide"] {
            assert!(wrong.parse::<Format>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_row_of_csv_is_quoted_and_cannot_reach_the_terminal() {
        let hostile = image("a\u{1b}[31m,\"b\"", "1");
        let row = fields(&hostile).map(quoted).join(",");
        assert!(row.starts_with('"') && row.contains("\"\"b\"\""), "{row}");
        assert!(!row.contains('\u{1b}'), "{row}");
    }
}
