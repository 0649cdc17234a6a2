//! Which image of an archive is meant.

use std::collections::HashSet;

use crate::bindings::archives::Selection;
use crate::bindings::types::Platform;

use super::entry::{Entry, is_same_name};
use super::error::{Error, quoted};

/// The platform that is taken where there is a choice and none is asked for.
const USUAL: (&str, &str) = ("linux", "amd64");

/// Which image is meant, as far as the source and the user say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice {
    /// The name that was given with the source, as in `docker-archive:FILE:NAME`: a name, a
    /// digest, or `@` and the image's place in the archive's list, counted from 0, as in
    /// containers-transports(5).
    pub name: Option<String>,
    /// The platform that was asked for.
    pub platform: Option<Platform>,
}

impl Choice {
    /// Returns the images that the source's own name and the platform leave.
    pub(crate) fn narrow(&self, entries: Vec<Entry>) -> Result<Vec<Entry>, Error> {
        let held = list(&entries);
        let by_name: Vec<Entry> = match &self.name {
            None => entries,
            Some(name) => {
                let mut named = entries;
                named.retain(|entry| {
                    has_position(entry, name)
                        || has_name(entry, name)
                        || has_digest(entry, name)
                        || entry.references.contains(name)
                });
                if named.is_empty() {
                    return Err(none(format!("`{}`", quoted(name)), held));
                }
                named
            }
        };
        self.by_platform(by_name, held)
    }

    /// Returns the image that `selection` means.
    pub(crate) fn select(
        &self,
        entries: Vec<Entry>,
        selection: &Selection,
    ) -> Result<Entry, Error> {
        let mut entries = self.narrow(entries)?;
        let held = list(&entries);
        let wanted = match selection {
            Selection::Only => String::new(),
            Selection::Id(id) => format!("`{}`", quoted(id)),
            Selection::Name(name) => format!("`{}`", quoted(name)),
        };
        entries.retain(|entry| match selection {
            Selection::Only => true,
            Selection::Id(id) => has_digest(entry, id),
            Selection::Name(name) => has_name(entry, name),
        });
        // One image may stand there under several names.
        let mut seen = HashSet::new();
        entries.retain(|entry| seen.insert(entry.id));
        let mut matching = entries.into_iter();
        match (matching.next(), matching.next()) {
            (Some(entry), None) => Ok(entry),
            (None, _) if wanted.is_empty() => Err(none("at all".into(), held)),
            (None, _) => Err(none(wanted, held)),
            (Some(first), Some(second)) => Err(Error::Ambiguous {
                wanted: if wanted.is_empty() {
                    wanted
                } else {
                    format!(" that match {wanted}")
                },
                held: list(&[vec![first, second], matching.collect()].concat()),
            }),
        }
    }

    /// Leaves one platform of each group.
    fn by_platform(&self, entries: Vec<Entry>, held: String) -> Result<Vec<Entry>, Error> {
        if let Some(platform) = &self.platform {
            let mut matching = entries;
            matching.retain(|entry| is_for(entry, platform));
            if matching.is_empty() {
                return Err(none(format!("for {}", platform_text(platform)), held));
            }
            return Ok(matching);
        }
        let mut left = Vec::with_capacity(entries.len());
        for entry in &entries {
            let group: Vec<&Entry> = entries
                .iter()
                .filter(|other| other.group == entry.group)
                .collect();
            let one_platform = group
                .iter()
                .all(|other| other.image.platform == entry.image.platform);
            let is_usual = |entry: &Entry| {
                let platform = &entry.image.platform;
                (platform.os.as_str(), platform.architecture.as_str()) == USUAL
            };
            if one_platform || is_usual(entry) {
                left.push(entry.clone());
            } else if !group.iter().any(|other| is_usual(other)) {
                return Err(none(
                    format!("for {}/{}; choose another platform", USUAL.0, USUAL.1),
                    held,
                ));
            }
        }
        Ok(left)
    }
}

fn is_for(entry: &Entry, wanted: &Platform) -> bool {
    let platform = &entry.image.platform;
    platform.os == wanted.os
        && platform.architecture == wanted.architecture
        && (wanted.variant.is_empty() || platform.variant == wanted.variant)
}

fn has_position(entry: &Entry, name: &str) -> bool {
    name.strip_prefix('@')
        .and_then(|position| position.parse().ok())
        .is_some_and(|position: usize| entry.position == position)
}

fn has_digest(entry: &Entry, digest: &str) -> bool {
    entry.image.id == digest
        || entry.image.manifest.as_deref() == Some(digest)
        || entry
            .indexes
            .iter()
            .any(|index| index.to_string() == digest)
}

fn has_name(entry: &Entry, name: &str) -> bool {
    let mut held = entry.image.repo_tags.iter();
    held.any(|held| is_same_name(name, held))
}

fn platform_text(platform: &Platform) -> String {
    let mut text = format!(
        "{}/{}",
        quoted(&platform.os),
        quoted(&platform.architecture)
    );
    if !platform.variant.is_empty() {
        text += &format!("/{}", quoted(&platform.variant));
    }
    text
}

/// Lists images for people.
fn list(entries: &[Entry]) -> String {
    const MOST: usize = 10;
    let mut lines: Vec<String> = entries
        .iter()
        .take(MOST)
        .map(|entry| {
            let names = match entry.image.repo_tags.join(", ") {
                none if none.is_empty() => "unnamed".to_owned(),
                names => quoted(&names),
            };
            format!(
                "{} ({names}, {})",
                entry.image.id,
                platform_text(&entry.image.platform)
            )
        })
        .collect();
    if lines.is_empty() {
        return "none".into();
    }
    if entries.len() > MOST {
        lines.push(format!("and {} more", entries.len() - MOST));
    }
    lines.join(", ")
}

fn none(wanted: String, held: String) -> Error {
    Error::NoSuchImage { wanted, held }
}
