//! The file `config.toml`: where it may be, and what it says, to the letter.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::{ImageId, PROGRESS, Preferences, PreferencesError, Said};
use crate::settings::environment::is_cluster;

/// The keys of the file, and of what it says of one cluster; the last is of the file alone.
const KEYS: [&str; 7] = [
    "image-id", "engine", "project", "platform", "threads", "progress", CLUSTERS,
];

/// What is said of clusters.
const CLUSTERS: &str = "clusters";

/// A longer file is none of ours.
const LONGEST: u64 = 64 << 10;

/// What a file says of all clusters, or of one.
pub(super) struct Table {
    /// The cluster; none if it is about all.
    pub(super) cluster: Option<String>,
    pub(super) said: Preferences,
}

/// What is wrong at a place of the file.
struct Fault {
    at: usize,
    reason: String,
}

/// Reads a file that need not be there.
pub(super) fn text_of(file: &Path) -> Result<Option<String>, PreferencesError> {
    let unreadable = |reason: String| PreferencesError::Unreadable {
        file: file.to_owned(),
        reason,
    };
    match fs::symlink_metadata(file) {
        // A home may be no folder at all, as `/dev/null` of users that only run services.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error.to_string())),
        Ok(_) => {}
    }
    // A link to nothing is one whose disk is not there, and no reason to go on as if nothing were said.
    match fs::metadata(file) {
        Err(error) => return Err(unreadable(error.to_string())),
        // Whoever opened a pipe would wait for its other end.
        Ok(metadata) if !metadata.is_file() => return Err(unreadable("it is not a file".into())),
        Ok(_) => {}
    }
    let mut text = String::new();
    File::open(file)
        .and_then(|opened| opened.take(LONGEST + 1).read_to_string(&mut text))
        .map_err(|error| unreadable(error.to_string()))?;
    if text.len() as u64 > LONGEST {
        return Err(unreadable(format!(
            "it has more than {} KiB",
            LONGEST >> 10
        )));
    }
    Ok(Some(text))
}

/// Reads what a file says, to the letter.
pub(super) fn tables(file: &Path, text: &str) -> Result<Vec<Table>, PreferencesError> {
    read(file, text).map_err(|Fault { at, reason }| PreferencesError::Invalid {
        file: file.to_owned(),
        line: text.as_bytes()[..at.min(text.len())]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1,
        reason,
    })
}

fn read(file: &Path, text: &str) -> Result<Vec<Table>, Fault> {
    let parsed = DeTable::parse(text).map_err(|error| Fault {
        at: error.span().map_or(0, |span| span.start),
        reason: error
            .message()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    })?;
    let from = file.display().to_string();
    let mut tables = vec![Table {
        cluster: None,
        said: said(parsed.get_ref(), &KEYS, &from)?,
    }];
    let Some((_, clusters)) = parsed
        .get_ref()
        .iter()
        .find(|(key, _)| *key.get_ref() == CLUSTERS)
    else {
        return Ok(tables);
    };
    let wrong = |at: usize| Fault {
        at,
        reason: format!("`{CLUSTERS}` has tables: `[clusters.NAME]`"),
    };
    let DeValue::Table(named) = clusters.get_ref() else {
        return Err(wrong(clusters.span().start));
    };
    for (name, value) in named {
        let DeValue::Table(table) = value.get_ref() else {
            return Err(wrong(value.span().start));
        };
        if !is_cluster(name.get_ref()) {
            return Err(Fault {
                at: name.span().start,
                reason: format!(
                    "`{}` cannot be the name of a cluster; it may have letters, digits, `-`, `_` and `.`",
                    name.get_ref().escape_debug()
                ),
            });
        }
        let from = format!("{from} [clusters.{}]", name.get_ref());
        tables.push(Table {
            cluster: Some(name.get_ref().clone().into_owned()),
            said: said(table, &KEYS[..KEYS.len() - 1], &from)?,
        });
    }
    Ok(tables)
}

/// Reads what a table says itself.
fn said(table: &DeTable<'_>, known: &[&str], from: &str) -> Result<Preferences, Fault> {
    let mut said = Preferences::default();
    for (key, value) in table {
        let name: &str = key.get_ref();
        let cannot = |reason: String| Fault {
            at: value.span().start,
            reason: format!("`{name}` {reason}"),
        };
        let text = match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.clone().into_owned()),
            _ => None,
        };
        let no_text = || cannot("is a text, and not an empty one".to_owned());
        let of_text = || {
            let value = text.clone().ok_or_else(no_text)?;
            Ok(Some(Said {
                value,
                from: from.to_owned(),
            }))
        };
        match name {
            _ if !known.contains(&name) => {
                return Err(Fault {
                    at: key.span().start,
                    reason: format!(
                        "unknown key `{}`; there are: {}",
                        name.escape_debug(),
                        known.join(", ")
                    ),
                });
            }
            "image-id" => {
                let id = text.as_deref().and_then(ImageId::parse);
                let value = id.ok_or_else(|| cannot(format!("can be: {}", ImageId::words())))?;
                said.image_id = Some(Said {
                    value,
                    from: from.to_owned(),
                });
            }
            "engine" => said.engine = of_text()?,
            "project" => said.project = of_text()?,
            "platform" => said.platform = of_text()?,
            "progress" => {
                said.progress = of_text()?.filter(|said| PROGRESS.contains(&&*said.value));
                if said.progress.is_none() {
                    return Err(cannot(format!("can be: {}", PROGRESS.join(", "))));
                }
            }
            "threads" => {
                let number = match value.get_ref() {
                    DeValue::Integer(number) => number.to_string().parse().ok(),
                    _ => None,
                };
                let value = number
                    .filter(|number| (1..=32).contains(number))
                    .ok_or_else(|| cannot("is a number from 1 to 32".to_owned()))?;
                said.threads = Some(Said {
                    value,
                    from: from.to_owned(),
                });
            }
            // What is said of clusters is read by itself.
            _ => {}
        }
    }
    Ok(said)
}
