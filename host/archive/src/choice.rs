//! Which image of an archive is meant.

use std::collections::HashSet;

use crate::image::Selection;
use keepdocker_terms::platform::Platform;

use super::entry::Entry;
use super::error::{Error, Fault, quoted};
use super::oci_layout::{self, is_at};
use keepdocker_terms::digest::Digest;

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
    /// Returns the platform that is meant where there is a choice.
    pub(crate) fn platform(&self) -> Platform {
        self.platform.clone().unwrap_or_else(Platform::usual)
    }

    /// Returns the images that the source's own name and the platform leave.
    pub(crate) fn narrow(&self, entries: Vec<Entry>) -> Result<Vec<Entry>, Error> {
        let held = list(&entries);
        let by_name: Vec<Entry> = match &self.name {
            None => entries,
            Some(name) => {
                let mut named = entries;
                named.retain(|entry| {
                    is_at(entry.position, name)
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
            (Some(entry), None) => readable(entry),
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
    fn by_platform(&self, mut entries: Vec<Entry>, held: String) -> Result<Vec<Entry>, Error> {
        let wanted = self.platform();
        let is_asked = self.platform.is_some();
        let fits = |entry: &Entry| entry.image.platform.is_for(&wanted);
        let is_exact = |entry: &Entry| entry.image.platform.is(&wanted);
        let was_empty = entries.is_empty();
        let stays = |entry: &Entry| {
            let group = || entries.iter().filter(|other| other.group == entry.group);
            let one = &entry.image.platform;
            if !is_asked && group().all(|other| other.image.platform.is(one)) {
                return true;
            }
            // Where no variant is asked for, the plain one comes before the special ones.
            fits(entry) && (is_exact(entry) || !group().any(is_exact))
        };
        let stays: Vec<bool> = entries.iter().map(stays).collect();
        let mut stays = stays.into_iter();
        entries.retain(|_| stays.next().unwrap_or_default());
        if entries.is_empty() && !was_empty {
            let text = platform_text(&wanted);
            return Err(none(
                match is_asked {
                    true => format!("for {text}"),
                    false => format!("for {text}; choose another with `--platform`"),
                },
                held,
            ));
        }
        Ok(entries)
    }
}

/// Returns the image, unless only others can read it.
fn readable(entry: Entry) -> Result<Entry, Error> {
    match entry.layers.iter().find(|layer| layer.is_encrypted) {
        Some(layer) => Err(Error::member(
            layer.member.clone(),
            Fault::Refused(
                "is an encrypted layer; decrypt the image first, as `skopeo copy --decryption-key` does",
            ),
        )),
        None => Ok(entry),
    }
}

fn has_digest(entry: &Entry, digest: &str) -> bool {
    let manifest = entry.image.manifest.as_deref();
    let manifest = manifest.and_then(Digest::parse);
    let all = [entry.id].into_iter().chain(manifest);
    let all: Vec<Digest> = all.chain(entry.indexes.iter().copied()).collect();
    oci_layout::has_digest(&all, digest)
}

fn has_name(entry: &Entry, name: &str) -> bool {
    oci_layout::has_name(&entry.image.repo_tags, name)
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
