//! The forms in which a listing is printed.

use std::borrow::Cow;
use std::time::SystemTime;

use keepdocker_console::json::{self, line};
use serde::Serialize;

use super::super::template::Template;
use super::choice::Choices;
use crate::bindings::commands::ListedImage;
use crate::harmless::escape;
use crate::output::{self, Detail, Ids, Stream};
use crate::run::Holdings;
use crate::wording::bytes;

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
    Template(Template),
}

/// The fields of a row that a template can name.
const FIELDS: [&str; 5] = ["Repository", "Tag", "ID", "Collection", "Created"];

/// Those of a long listing besides.
const LONG_FIELDS: [&str; 5] = ["Size", "Owner", "OwnerName", "Chosen", "Platform"];

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "table" => Self::Table,
            "json" => Self::Json,
            "csv" => Self::Csv,
            text if text.contains("{{") => Self::Template(Template::parse(text, known_fields())?),
            _ => {
                return Err(
                    "expected table, json, csv, or a template such as '{{.Repository}}:{{.Tag}}'"
                        .to_owned(),
                );
            }
        })
    }
}

/// Returns all fields, in the order of what [`fields`] gives.
fn known_fields() -> impl Iterator<Item = &'static str> + Clone {
    FIELDS.into_iter().chain(LONG_FIELDS)
}

/// What a long listing has been told besides.
#[derive(Debug, Default)]
pub(crate) struct More {
    /// Sizes and owners.
    pub(super) holdings: Holdings,
    /// Which rows container requests get.
    pub(super) choices: Choices,
}

/// What stands above the same fields in a file of comma-separated values.
const HEADINGS: [&str; 10] = [
    "repository",
    "tag",
    "id",
    "collection",
    "created",
    "size",
    "owner",
    "owner_name",
    "chosen",
    "platform",
];

impl Format {
    /// Tells whether it takes a long listing to print this.
    pub(super) fn names_details(&self) -> bool {
        match self {
            Self::Template(template) => template.names_any(&LONG_FIELDS),
            Self::Table | Self::Json | Self::Csv => false,
        }
    }

    /// Returns the listing in this form. With `more` it is a long one.
    pub(super) fn text(&self, listed: &[ListedImage], more: Option<&More>, ids: Ids) -> String {
        match self {
            Self::Table => table(listed, more, ids),
            Self::Json => match more {
                Some(more) => long_json(listed, more),
                None => json::images(listed),
            },
            Self::Csv => {
                let fields = match more {
                    Some(_) => HEADINGS.len(),
                    None => FIELDS.len(),
                };
                let rows = listed.iter().map(|image| {
                    let row = values(image, more).into_iter().take(fields);
                    row.map(quoted).collect::<Vec<_>>().join(",")
                });
                std::iter::once(HEADINGS[..fields].join(","))
                    .chain(rows)
                    .map(|row| format!("{row}\r\n"))
                    .collect()
            }
            Self::Template(template) => listed
                .iter()
                .map(|image| format!("{}\n", filled(template, image, more)))
                .collect(),
        }
    }
}

/// Returns the columns for whoever reads them.
fn table(listed: &[ListedImage], more: Option<&More>, ids: Ids) -> String {
    let details: Option<Vec<Detail>> = more.map(|more| {
        let holdings = &more.holdings;
        let detail = |image: &ListedImage| {
            let collection = &image.collection;
            let owner = holdings.owner(collection).unwrap_or_default();
            Detail {
                size: holdings.size(collection).map(bytes).unwrap_or_default(),
                platform: holdings.platform(collection).unwrap_or_default().to_owned(),
                owner: holdings.owner_name(collection).unwrap_or(owner).to_owned(),
                is_chosen: more.choices.is_chosen(image),
            }
        };
        listed.iter().map(detail).collect()
    });
    let width = output::width_of(Stream::Output);
    match (width, &details) {
        // Scripts have known these lines since the Python program.
        (None, None) => output::table(listed, ids),
        (width, details) => {
            let width = width.unwrap_or(usize::MAX);
            output::fitted_table(
                listed,
                details.as_deref(),
                ids,
                width,
                SystemTime::now().into(),
            )
        }
    }
}

/// Returns a long listing as JSON.
fn long_json(listed: &[ListedImage], more: &More) -> String {
    #[derive(Serialize)]
    struct Images<'a> {
        schema: &'static str,
        images: Vec<Image<'a>>,
    }
    #[derive(Serialize)]
    struct Image<'a> {
        #[serde(flatten)]
        image: json::ListedImage<'a>,
        size: Option<u64>,
        owner: Option<&'a str>,
        owner_name: Option<&'a str>,
        chosen: Option<bool>,
        platform: Option<&'a str>,
    }
    let holdings = &more.holdings;
    let images = listed.iter().map(|image| Image {
        size: holdings.size(&image.collection),
        owner: holdings.owner(&image.collection),
        owner_name: holdings.owner_name(&image.collection),
        chosen: more.choices.is_chosen(image),
        platform: holdings.platform(&image.collection),
        image: image.into(),
    });
    line(&Images {
        schema: "keepdocker.images/1",
        images: images.collect(),
    })
}

/// Returns the fields of a row, in the order of their names. What is not known is empty.
fn values<'a>(image: &'a ListedImage, more: Option<&'a More>) -> [Cow<'a, str>; 10] {
    let of = |field: fn(&'a Holdings, &str) -> Option<&'a str>| {
        more.and_then(|more| field(&more.holdings, &image.collection))
            .unwrap_or_default()
    };
    let size = more.and_then(|more| more.holdings.size(&image.collection));
    let chosen = more.and_then(|more| more.choices.is_chosen(image));
    [
        escape(image.repository.as_deref().unwrap_or_default()),
        escape(image.tag.as_deref().unwrap_or_default()),
        escape(image.image.as_deref().unwrap_or_default()),
        escape(&image.collection),
        escape(&image.timestamp),
        Cow::Owned(size.map(|size| size.to_string()).unwrap_or_default()),
        escape(of(Holdings::owner)),
        escape(of(Holdings::owner_name)),
        Cow::Owned(chosen.map(|chosen| chosen.to_string()).unwrap_or_default()),
        escape(of(Holdings::platform)),
    ]
}

/// Quotes a field where it needs that.
fn quoted(field: Cow<'_, str>) -> String {
    match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.into_owned(),
    }
}

/// Puts the fields of a row into a template.
fn filled(template: &Template, image: &ListedImage, more: Option<&More>) -> String {
    let values = values(image, more);
    template.filled(|field| {
        let place = known_fields().position(|known| known == field);
        place.map_or(Cow::Borrowed(""), |place| values[place].clone())
    })
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
    fn a_template_names_fields_that_there_are() {
        let Ok(format) = "{{.Repository}}:{{ .Tag }} is {{.Collection}}".parse::<Format>() else {
            panic!("it is a template");
        };
        assert_eq!(
            format.text(&[image("lab/tool", "1")], None, Ids::Short),
            "lab/tool:1 is zzzzz-4zz18-0123456789abcde\n"
        );
        assert!(!format.names_details());
        assert!("{{.Size}}".parse::<Format>().unwrap().names_details());
        for wrong in ["{{.Architecture}}", "{{Tag}}", "{{.Tag", "wide"] {
            assert!(wrong.parse::<Format>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_row_of_csv_is_quoted_and_cannot_reach_the_terminal() {
        let hostile = image("a\u{1b}[31m,\"b\"", "1");
        let text = Format::Csv.text(&[hostile], None, Ids::Short);
        let row = text.lines().nth(1).unwrap();
        assert!(row.starts_with('"') && row.contains("\"\"b\"\""), "{row}");
        assert!(!row.contains('\u{1b}'), "{row}");
        assert!(text.starts_with("repository,tag,id,collection,created\r\n"));
        let long = Format::Csv.text(&[], Some(&More::default()), Ids::Short);
        assert_eq!(
            long,
            "repository,tag,id,collection,created,size,owner,owner_name,chosen,platform\r\n"
        );
    }
}
