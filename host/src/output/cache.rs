//! What the cache holds, and what was removed of it, for people and for programs.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use keepdocker_console::json::line;
use keepdocker_console::{Column, Columns, Give, Stream, width_of};
use serde::Serialize;

use crate::cache::Entry;
use crate::locks::Usage;
use crate::run::{Cleaned, Inventory};
use crate::wording::count;

#[derive(Serialize)]
struct List<'a> {
    schema: &'static str,
    folder: String,
    size: u64,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct Clean<'a> {
    schema: &'static str,
    folder: String,
    freed: u64,
    removed: Vec<File<'a>>,
    kept: Vec<File<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    name: &'a str,
    kind: &'static str,
    image: Option<&'a str>,
    size: u64,
    modified: String,
    used_by: Option<&'a str>,
}

impl<'a> File<'a> {
    fn new(entry: &'a Entry, usage: &'a Usage) -> Self {
        Self {
            name: &entry.name,
            kind: entry.kind.name(),
            image: entry.image.as_deref(),
            size: entry.size,
            modified: DateTime::<Utc>::from(entry.modified)
                .to_rfc3339_opts(SecondsFormat::Secs, true),
            used_by: user(usage),
        }
    }
}

/// Returns the inventory as JSON.
#[must_use]
pub(crate) fn inventory_json(inventory: &Inventory) -> String {
    line(&List {
        schema: "keepdocker.cache-list/1",
        folder: inventory.folder.display().to_string(),
        size: size(inventory.files.iter().map(|(entry, _)| entry)),
        files: inventory
            .files
            .iter()
            .map(|(entry, usage)| File::new(entry, usage))
            .collect(),
    })
}

/// Returns what was removed as JSON.
#[must_use]
pub(crate) fn cleaned_json(cleaned: &Cleaned) -> String {
    line(&Clean {
        schema: "keepdocker.cache-clean/1",
        folder: cleaned.folder.display().to_string(),
        freed: size(&cleaned.removed),
        removed: cleaned
            .removed
            .iter()
            .map(|entry| File::new(entry, &Usage::Unused))
            .collect(),
        kept: cleaned
            .kept
            .iter()
            .map(|(entry, usage)| File::new(entry, usage))
            .collect(),
    })
}

/// Returns the inventory as a table, with the sum below it.
#[must_use]
pub(crate) fn inventory_table(inventory: &Inventory, now: SystemTime) -> String {
    let mut text = match width_of(Stream::Output) {
        Some(width) => fitted(inventory, now, width),
        None => laid_out(inventory, now),
    };
    let bytes = size(inventory.files.iter().map(|(entry, _)| entry));
    let files = count(inventory.files.len(), "file");
    let folder = crate::harmless::escape(&inventory.folder.to_string_lossy()).into_owned();
    writeln!(text, "{bytes} bytes in {files} of {folder}")
        .expect("writing to a string does not fail");
    text
}

/// Returns the rows for a terminal: twelve digits of an ID are enough to know an image by.
fn fitted(inventory: &Inventory, now: SystemTime, width: usize) -> String {
    let columns = vec![
        Column::new("KIND", Give::Nothing),
        Column::of_numbers("SIZE", Give::Nothing),
        Column::of_numbers("AGE", Give::Nothing),
        Column::new("IMAGE", Give::Nothing),
        Column::new("IN USE BY", Give::Cut(9)),
    ];
    let rows = inventory.files.iter().map(|(entry, usage)| {
        let image = entry.image.as_deref().unwrap_or("-");
        let image = image.strip_prefix("sha256:").unwrap_or(image);
        vec![
            Cow::Borrowed(entry.kind.name()),
            Cow::Owned(crate::wording::bytes(entry.size)),
            Cow::Owned(age(entry.age(now))),
            Cow::Owned(image.chars().take(12).collect()),
            Cow::Borrowed(user(usage).unwrap_or("-")),
        ]
    });
    Columns::new(columns, rows.collect()).fitted(width)
}

/// Returns the rows for files and programs.
fn laid_out(inventory: &Inventory, now: SystemTime) -> String {
    let mut text = row("KIND", "BYTES", "AGE", "IMAGE", "IN USE BY");
    for (entry, usage) in &inventory.files {
        text.push_str(&row(
            entry.kind.name(),
            &entry.size.to_string(),
            &age(entry.age(now)),
            entry.image.as_deref().unwrap_or("-"),
            user(usage).unwrap_or("-"),
        ));
    }
    text
}

/// Returns what was removed in lines for people.
#[must_use]
pub(crate) fn cleaned_text(cleaned: &Cleaned) -> String {
    let mut text = String::new();
    for (entry, usage) in &cleaned.kept {
        let why = match usage {
            Usage::By(user) => format!("in use by {user}"),
            _ => "nobody can tell whether it is in use; remove it yourself once no upload runs"
                .into(),
        };
        writeln!(text, "kept {}: {why}", entry.name).expect("writing to a string does not fail");
    }
    let (files, bytes) = (count(cleaned.removed.len(), "file"), size(&cleaned.removed));
    writeln!(text, "removed {files}, {bytes} bytes").expect("writing to a string does not fail");
    text
}

/// Returns who uses a file, in words; none if nobody does.
fn user(usage: &Usage) -> Option<&str> {
    match usage {
        Usage::Unused => None,
        Usage::By(user) => Some(user),
        Usage::Unknown => Some("unknown"),
    }
}

fn row(kind: &str, size: &str, age: &str, image: &str, user: &str) -> String {
    format!("{kind:8} {size:>12} {age:>5}  {image:71}  {user}\n")
}

fn size<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> u64 {
    entries.into_iter().map(|entry| entry.size).sum()
}

/// Writes an age in its largest whole unit.
fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    [(86_400, "d"), (3600, "h"), (60, "m")]
        .into_iter()
        .find(|(unit, _)| seconds >= *unit)
        .map_or_else(
            || format!("{seconds}s"),
            |(unit, name)| format!("{}{name}", seconds / unit),
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Kind;

    #[test]
    fn the_table_tells_kind_size_age_image_and_user() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let entry = Entry {
            name: "stream.journal".into(),
            kind: Kind::Journal,
            image: None,
            size: 130,
            modified: now - Duration::from_secs(7300),
        };
        let inventory = Inventory {
            folder: "/cache/docker".into(),
            files: vec![(entry, Usage::By("an upload".into()))],
        };
        let table = inventory_table(&inventory, now);
        let lines: Vec<String> = table
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            lines,
            [
                "KIND BYTES AGE IMAGE IN USE BY",
                "journal 130 2h - an upload",
                "130 bytes in 1 file of /cache/docker",
            ]
        );
        let json: serde_json::Value = serde_json::from_str(&inventory_json(&inventory)).unwrap();
        assert_eq!(json["files"][0]["modified"], "1970-01-12T11:45:00Z");
        assert_eq!(json["files"][0]["used_by"], "an upload");
        assert_eq!(json["size"], 130);
    }

    #[test]
    fn an_age_is_written_in_its_largest_unit() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (7199, "1h"),
            (200_000, "2d"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
    }
}
