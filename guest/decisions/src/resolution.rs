//! The API server's own rules for the image of a container request.
//!
//! The server takes a text and finds a collection: by portable data hash, else by a
//! `repository:tag` link, else by the beginning of an image ID. Among several the latest build
//! wins, in whole seconds, then the latest link. The rules have traps, and all of them are here,
//! because what counts is what the server does: the text is split at the *first* colon, so that
//! `sha256:…` finds every image and `host:5000/img` gets no `latest`; `%` and `_` match anything;
//! and of several links to one collection the oldest counts.

use crate::catalog::build_time;
use crate::sorting::sort_by_key;
use crate::timestamp::Timestamp;
use crate::types::{Link, LinkClass as Class};
use crate::{image, manifest};
use keepdocker_terms::image_id::is_marked;
use keepdocker_terms::locator::{self, is_hint};
use keepdocker_terms::{hex, uuid};
use std::cmp::Reverse;

/// What the server looks for, in the order in which it looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// A collection with this portable data hash.
    Content(String),
    /// A collection that links of this name, or of such an image ID, lead to.
    Named(NamedTerm),
}

/// A name to find exactly, and the pattern for image IDs if there is no such name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedTerm {
    /// The `repository:tag` to find exactly.
    pub repo_tag: String,
    /// The pattern of SQL's LIKE for image IDs.
    pub pattern: String,
}

/// Which image formats the cluster runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formats {
    /// Images as Docker had them before 1.10.
    pub v1: bool,
    /// Images as engines have them today.
    pub v2: bool,
}

/// A collection that links lead to, with what the server orders it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its UUID.
    pub collection: String,
    /// Seconds since 1970; 0 if the link has no build time.
    pub built: i64,
    /// Seconds since 1970.
    pub made: i64,
    /// How many of the links lead to it; more than one means that the oldest decided.
    pub links: usize,
}

impl Term {
    /// Reads the text as the server does.
    pub fn parse(text: &str) -> Self {
        if let Some(content) = content(text) {
            return Self::Content(content);
        }
        Self::Named(match text.split_once(':') {
            Some((term, tag)) => NamedTerm::new(term, Some(tag)),
            None => NamedTerm::new(text, None),
        })
    }
}

impl NamedTerm {
    /// Makes what the server looks for when term and tag are known apart.
    pub fn new(term: &str, tag: Option<&str>) -> Self {
        Self {
            repo_tag: format!("{term}:{}", tag.unwrap_or("latest")),
            pattern: format!("{term}%"),
        }
    }

    /// Returns the text with which every match of the pattern begins.
    pub fn beginning(&self) -> &str {
        let end = self
            .pattern
            .find(['%', '_', '\\'])
            .unwrap_or(self.pattern.len());
        &self.pattern[..end]
    }

    /// Returns those links of this class that the server would consider: of names those of exactly this one, of image
    /// hashes those that match the pattern.
    pub fn of_class<'a>(&self, class: Class, links: &'a [Link]) -> Vec<&'a Link> {
        let is_meant = |link: &&Link| {
            link.class == class
                && match class {
                    Class::RepoTag => link.name == self.repo_tag,
                    _ => like(&self.pattern, &link.name),
                }
        };
        links.iter().filter(is_meant).collect()
    }
}

impl Formats {
    /// Reads what the cluster says; one that says nothing is taken to have the server's default.
    pub fn from_config(formats: Option<&[String]>) -> Self {
        match formats {
            None => Self {
                v1: false,
                v2: true,
            },
            Some(formats) => Self {
                v1: formats.iter().any(|format| format == "v1"),
                v2: formats.iter().any(|format| format == "v2"),
            },
        }
    }

    /// Tells whether the server takes a collection of this manifest for an image that it can run.
    pub fn accept(self, manifest_text: &str) -> bool {
        let Some((path, _)) = manifest::only_file(manifest_text) else {
            return false;
        };
        let name = path.rsplit('/').next().unwrap_or_default();
        match image::id_of_file(name) {
            Some(id) if is_marked(id) => self.v2,
            Some(_) => self.v1,
            None => false,
        }
    }
}

/// Returns the collections that the links lead to, the server's first choice first.
///
/// The server leaves open what comes first when all times are equal; here it is the lower UUID.
pub fn candidates(links: &[&Link]) -> Vec<Candidate> {
    let mut dated: Vec<(Timestamp, &Link)> = links.iter().map(|&link| (made(link), link)).collect();
    sort_by_key(&mut dated, |(made, link)| (link.head.as_str(), *made));
    let mut candidates: Vec<Candidate> = dated
        .chunk_by(|a, b| a.1.head == b.1.head)
        .map(|of_one| {
            let (made, oldest) = of_one[0];
            Candidate {
                collection: oldest.head.clone(),
                built: build_time(oldest).map_or(0, Timestamp::seconds),
                made: made.seconds(),
                links: of_one.len(),
            }
        })
        .collect();
    // By collection they are in order already.
    sort_by_key(&mut candidates, |candidate| {
        (Reverse(candidate.built), Reverse(candidate.made))
    });
    candidates
}

/// Returns where the migration links of the cluster lead from this portable data hash.
///
/// Only those of the system user count, and of several the newest.
pub fn migrated<'a>(links: &'a [Link], content: &str) -> Option<&'a str> {
    let newest = links
        .iter()
        .filter(|link| {
            link.class == Class::Migration
                && link.tail == content
                && uuid::is_system_user(&link.owner)
        })
        .max_by_key(|link| made(link))?;
    Some(&newest.head)
}

/// Returns when the link was created; one that does not tell is older than all others.
fn made(link: &Link) -> Timestamp {
    Timestamp::parse(&link.created_at).unwrap_or(Timestamp::YEAR_ONE)
}

/// Returns the portable data hash that the text is, without hints, or none.
///
/// The server reads 32 hexadecimal digits without a size as one too, which no collection has.
fn content(text: &str) -> Option<String> {
    let mut parts = text.split('+');
    let hash = parts
        .next()
        .filter(|hash| hex::are_digits(hash, locator::DIGITS))?;
    let Some(second) = parts.next() else {
        return Some(hash.into());
    };
    let is_size = !second.is_empty() && second.bytes().all(|byte| byte.is_ascii_digit());
    if !(is_size || is_hint(second)) || !parts.all(is_hint) {
        return None;
    }
    Some(if is_size {
        format!("{hash}+{second}")
    } else {
        hash.into()
    })
}

/// Tells whether the text matches a pattern of SQL's LIKE, letter case counting.
///
/// A backslash takes the meaning from the character behind it.
fn like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on when a try fails: behind the last `%`, one character further in the text.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(p) {
            Some('%') => {
                retry = Some((p + 1, t));
                p += 1;
                continue;
            }
            Some('_') if t < text.len() => Some(1),
            Some('\\') if pattern.get(p + 1).is_some() && pattern.get(p + 1) == text.get(t) => {
                Some(2)
            }
            Some('_' | '\\') => None,
            Some(character) if text.get(t) == Some(character) => Some(1),
            None if t == text.len() => return true,
            _ => None,
        };
        match (step, retry) {
            (Some(width), _) => {
                p += width;
                t += 1;
            }
            (None, Some((after, from))) if from < text.len() => {
                retry = Some((after, from + 1));
                (p, t) = (after, from + 1);
            }
            (None, _) => return false,
        }
    }
}

#[cfg(test)]
mod tests;
