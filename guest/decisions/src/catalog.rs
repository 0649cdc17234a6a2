//! The listing: from links to rows, in the Python program's order.
//!
//! A `repository:tag` link gives one row for its collection, with the ID that the best hash link
//! of that collection tells. A collection without any such name gives one row for its ID. The
//! best link is that of the latest build, then the latest made, whatever else there is. Other
//! programs take the first row, and people compare listings, so the order is fixed, down to ties.
//!
//! The server has an order of its own; see `resolution`.

use crate::image::IMAGE_TIMESTAMP;
use crate::json;
use crate::numbers::Numbers;
use crate::sorting::sort_by_key;
use crate::timestamp::Timestamp;
use crate::types::{Link, LinkClass as Class};
use std::cmp::Reverse;
use std::collections::HashSet;

/// One line of the listing; a name or an ID that no link tells is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// None where only the ID is known.
    pub repository: Option<String>,
    /// None where the name has no tag.
    pub tag: Option<String>,
    /// None where no link tells the ID.
    pub image: Option<String>,
    /// The UUID of the collection that holds the image.
    pub collection: String,
    /// The time of the build, else that of the link.
    pub timestamp: Timestamp,
}

/// By what links compare: the build time, then the time of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// Year 1 if there is none, or none that can be read.
    built: Timestamp,
    made: Timestamp,
}

/// Returns the build time that a link carries.
pub fn build_time(link: &Link) -> Option<Timestamp> {
    let property = link
        .properties
        .iter()
        .find(|property| property.key == IMAGE_TIMESTAMP)?;
    // Anything but a string is no time.
    Timestamp::parse(&json::text(&property.value)?)
}

/// Puts the best link first. Links that are equal stay as they are, which is by UUID when they
/// come from the server.
pub fn sort(links: &mut Vec<&Link>) {
    sort_by_key(links, |link| Reverse(Dated::new(link).key));
}

/// A link with its times, which are read once: that is most of the work for a long listing.
#[derive(Clone, Copy)]
struct Dated<'a> {
    link: &'a Link,
    key: Key,
    /// The time to show: that of the build, else that of the link.
    shown: Timestamp,
}

impl<'a> Dated<'a> {
    fn new(link: &'a Link) -> Self {
        let built = build_time(link);
        let made = Timestamp::parse(&link.created_at).unwrap_or(Timestamp::YEAR_ONE);
        Self {
            link,
            key: Key {
                built: built.unwrap_or(Timestamp::YEAR_ONE),
                made,
            },
            shown: built.unwrap_or(made),
        }
    }
}

/// The heads of links, numbered: a long listing compares each text but once.
#[derive(Default)]
struct Heads<'a> {
    numbers: Numbers<'a>,
    found: Vec<Head<'a>>,
}

/// What is known of a collection that links lead to.
#[derive(Default)]
struct Head<'a> {
    /// The hash link that tells its image's ID.
    best: Option<Dated<'a>>,
    /// Whether it has a row.
    is_listed: bool,
}

impl<'a> Heads<'a> {
    /// Returns the place of the head among those found, where it is put if it is new.
    fn number(&mut self, head: &'a str) -> usize {
        let number = self.numbers.number(head);
        if number == self.found.len() {
            self.found.push(Head::default());
        }
        number
    }
}

/// Returns the rows that the links give, best first.
///
/// The links are expected oldest first, and of one creation time by UUID, as `links.list`
/// returns them. Whether a row's collection exists is for the caller to find out.
pub fn rows(links: &[Link]) -> Vec<Row> {
    let of_class = |class: Class| {
        let chosen = links.iter().filter(|link| link.class == class);
        let mut chosen: Vec<Dated> = chosen.map(Dated::new).collect();
        sort_by_key(&mut chosen, |dated| Reverse(dated.key));
        chosen
    };
    let hash_links = of_class(Class::ImageHash);
    let name_links = of_class(Class::RepoTag);

    let mut heads = Heads::default();
    let mut hash_heads = Vec::with_capacity(hash_links.len());
    for &dated in &hash_links {
        let number = heads.number(&dated.link.head);
        heads.found[number].best.get_or_insert(dated);
        hash_heads.push(number);
    }

    let mut seen: HashSet<(usize, &str)> = HashSet::with_capacity(name_links.len());
    let mut rows: Vec<(Key, Row)> = Vec::with_capacity(name_links.len());
    for &Dated { link, key, shown } in &name_links {
        let number = heads.number(&link.head);
        let head = &mut heads.found[number];
        head.is_listed = true;
        if !seen.insert((number, &link.name)) {
            continue;
        }
        let (repository, tag) = match link.name.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag.to_owned())),
            None => (link.name.as_str(), None),
        };
        let row = Row {
            repository: Some(repository.into()),
            tag,
            image: head.best.map(|hash| hash.link.name.clone()),
            collection: link.head.clone(),
            timestamp: shown,
        };
        rows.push((key, row));
    }

    // Rows that tie to the microsecond come in the order in which the Python program meets their
    // collections, from the worst link to the best.
    for number in hash_heads.into_iter().rev() {
        let head = &mut heads.found[number];
        let Some(best) = head.best.filter(|_| !head.is_listed) else {
            continue;
        };
        head.is_listed = true;
        let row = Row {
            repository: None,
            tag: None,
            image: Some(best.link.name.clone()),
            collection: best.link.head.clone(),
            timestamp: best.shown,
        };
        rows.push((best.key, row));
    }
    sort_by_key(&mut rows, |(key, _)| Reverse(*key));
    rows.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests;
