//! The listing: from links to rows, in the Python program's order.
//!
//! A `repository:tag` link gives one row for its collection, with the ID that the best hash link
//! of that collection tells. A collection without any such name gives one row for its ID. The
//! best link is that of the latest build, then the latest made, whatever else there is. Other
//! programs take the first row, and people compare listings, so the order is fixed, down to ties.
//!
//! The server has an order of its own; see `resolution`.

use crate::image::IMAGE_TIMESTAMP;
use crate::sorting::sort_by_key;
use crate::timestamp::Timestamp;
use crate::types::{Link, LinkClass as Class};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

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
    Timestamp::from_json(&property.value)
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
    numbers: HashMap<&'a str, usize>,
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
        *self.numbers.entry(head).or_insert_with(|| {
            self.found.push(Head::default());
            self.found.len() - 1
        })
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
mod tests {
    use super::*;
    use crate::testing::{hash_link, repo_tag_link};

    const C1: &str = "zzzzz-4zz18-1v45jub259sjjgb";
    const C2: &str = "zzzzz-4zz18-1g4g0vhpjn9wq7i";
    const C3: &str = "zzzzz-4zz18-t68oksiu9m80s4y";
    const H: &str = "d8309758b8fe2c81034ffc8a10c36460b77db7bc5e7b448c4e5b684f9d95a678";
    const T2010: &str = "\"2010-06-10T14:30:00.184019565Z\"";
    const T2014: &str = "\"2014-06-10T14:30:00.184019565Z\"";

    /// Returns `repository tag image-start collection-end` of each row.
    fn printed(links: &[Link]) -> Vec<String> {
        let line = |row: Row| {
            let image = row
                .image
                .map_or("<unknown>".into(), |image| crate::image::short(&image));
            format!(
                "{} {} {} {}",
                row.repository.unwrap_or("<none>".into()),
                row.tag.unwrap_or("<none>".into()),
                image,
                &row.collection[12..15]
            )
        };
        rows(links).into_iter().map(line).collect()
    }

    fn fixture_links() -> Vec<Link> {
        let june = "2014-06-11T14:30:00.184389000Z";
        let long = "a".repeat(64);
        vec![
            hash_link(H, C1, june, Some(T2014)),
            repo_tag_link("arvados/apitestfixture:latest", C1, june, Some(T2014)),
            repo_tag_link("arvados/apitestfixture:june10", C1, june, Some(T2014)),
            repo_tag_link(&format!("{long}:latest"), C1, june, Some(T2014)),
            hash_link(H, C3, "2014-06-12T14:30:00.184389000Z", Some(T2010)),
            repo_tag_link(
                "arvados/apitestfixture:latest",
                C3,
                "2014-06-12T14:30:00.184389000Z",
                Some(T2010),
            ),
            hash_link(
                &format!("sha256:{H}"),
                C2,
                "2017-02-13T21:35:12.602828000Z",
                None,
            ),
            repo_tag_link(
                "arvados/apitestfixture:latest",
                C2,
                "2017-02-13T21:37:47.441406000Z",
                None,
            ),
            repo_tag_link(
                "arvados/apitestfixture:B",
                C2,
                "2017-02-13T21:37:47.441406000Z",
                None,
            ),
            repo_tag_link(
                "arvados/apitestfixture:B",
                C1,
                "2017-02-13T21:41:06.769936000Z",
                None,
            ),
        ]
    }

    #[test]
    fn the_public_fixtures_come_in_the_recorded_order() {
        let long = "a".repeat(64);
        assert_eq!(
            printed(&fixture_links()),
            [
                "arvados/apitestfixture latest d8309758b8fe 1v4".to_owned(),
                "arvados/apitestfixture june10 d8309758b8fe 1v4".into(),
                format!("{long} latest d8309758b8fe 1v4"),
                "arvados/apitestfixture latest d8309758b8fe t68".into(),
                "arvados/apitestfixture B d8309758b8fe 1v4".into(),
                "arvados/apitestfixture latest sha256:d8309 1g4".into(),
                "arvados/apitestfixture B sha256:d8309 1g4".into(),
            ]
        );
    }

    #[test]
    fn a_collection_without_a_name_is_listed_by_its_id_among_the_others() {
        let links = [
            repo_tag_link(
                "old:1",
                C1,
                "2020-01-01T00:00:00Z",
                Some("\"2010-01-01T00:00:00Z\""),
            ),
            hash_link(
                H,
                C2,
                "2020-01-01T00:00:00Z",
                Some("\"2011-01-01T00:00:00Z\""),
            ),
        ];
        assert_eq!(
            printed(&links),
            ["<none> <none> d8309758b8fe 1g4", "old 1 <unknown> 1v4"]
        );
    }

    #[test]
    fn a_link_without_a_readable_time_is_the_oldest() {
        let links = [
            repo_tag_link("lost:1", C1, "", None),
            repo_tag_link("odd:1", C2, "some day", None),
            repo_tag_link("old:1", C3, "1970-01-01T00:00:00Z", None),
        ];
        let rows = printed(&links);
        assert_eq!(rows[0], "old 1 <unknown> t68");
        assert_eq!(rows.len(), 3);
    }

    #[test]
    fn a_name_is_split_at_its_last_colon() {
        let links = [
            repo_tag_link(
                "registry.example:1234/repo:latest",
                C1,
                "2020-01-01T00:00:03Z",
                None,
            ),
            repo_tag_link("justname", C1, "2020-01-01T00:00:02Z", None),
            repo_tag_link("img@sha256:abc", C1, "2020-01-01T00:00:01Z", None),
        ];
        assert_eq!(
            printed(&links),
            [
                "registry.example:1234/repo latest <unknown> 1v4",
                "justname <none> <unknown> 1v4",
                "img@sha256 abc <unknown> 1v4"
            ]
        );
    }

    #[test]
    fn a_name_twice_on_one_collection_is_one_row_and_on_two_is_two() {
        let links = [
            repo_tag_link(
                "a:1",
                C1,
                "2020-01-01T00:00:00Z",
                Some("\"2019-01-01T00:00:00Z\""),
            ),
            repo_tag_link(
                "a:1",
                C2,
                "2020-01-02T00:00:00Z",
                Some("\"2020-01-01T00:00:00Z\""),
            ),
            repo_tag_link(
                "a:1",
                C1,
                "2020-01-03T00:00:00Z",
                Some("\"2022-01-01T00:00:00Z\""),
            ),
        ];
        let rows = rows(&links);
        assert_eq!(
            rows.iter()
                .map(|row| row.collection.as_str())
                .collect::<Vec<_>>(),
            [C1, C2]
        );
        assert_eq!(rows[0].timestamp.text(), "2022-01-01T00:00:00Z");
    }

    #[test]
    fn the_best_hash_link_tells_the_id() {
        let links = [
            hash_link(
                "sha256:new",
                C1,
                "2020-01-01T00:00:00Z",
                Some("\"2020-01-01T00:00:00Z\""),
            ),
            hash_link("sha256:old", C1, "2021-01-01T00:00:00Z", None),
            repo_tag_link("a:1", C1, "2020-01-01T00:00:00Z", None),
        ];
        assert_eq!(rows(&links)[0].image.as_deref(), Some("sha256:new"));
    }

    #[test]
    fn a_missing_a_wrong_and_a_foreign_build_time_count_as_none() {
        for (property, shown) in [
            (None, "2020-01-01T00:00:00.500Z"),
            (Some("5"), "2020-01-01T00:00:00.500Z"),
            (Some("{}"), "2020-01-01T00:00:00.500Z"),
            (Some("\"soon\""), "2020-01-01T00:00:00.500Z"),
            (Some("\"0001-01-01T00:00:00Z\""), "0001-01-01T00:00:00Z"),
            (
                Some("\"2014-06-10T14:30:00+02:00\""),
                "2014-06-10T12:30:00Z",
            ),
        ] {
            let links = [repo_tag_link("a:1", C1, "2020-01-01T00:00:00.5Z", property)];
            assert_eq!(rows(&links)[0].timestamp.text(), shown, "{property:?}");
        }
    }

    #[test]
    fn an_unreadable_link_time_neither_fails_nor_hides_the_row() {
        let links = [
            repo_tag_link("a:1", C1, "", None),
            repo_tag_link("b:1", C2, "2020-01-01T00:00:00Z", None),
        ];
        assert_eq!(printed(&links), ["b 1 <unknown> 1g4", "a 1 <unknown> 1v4"]);
    }

    #[test]
    fn builds_of_1970_and_of_year_1_differ_from_none_as_in_python() {
        let x = |built| repo_tag_link("a:1", C1, "2022-01-01T00:00:00Z", Some(built));
        let y = repo_tag_link("a:1", C2, "2021-01-01T00:00:00Z", None);
        for built in ["\"1970-01-01T00:00:00Z\"", "\"0001-01-01T00:00:00Z\""] {
            assert_eq!(rows(&[y.clone(), x(built)])[0].collection, C1, "{built}");
        }
    }

    #[test]
    fn full_ties_keep_the_order_of_retrieval() {
        let at = "2020-01-01T00:00:00Z";
        let links = [
            repo_tag_link("b:1", C1, at, None),
            repo_tag_link("a:1", C2, at, None),
            repo_tag_link("c:1", C3, at, None),
        ];
        assert_eq!(
            printed(&links),
            [
                "b 1 <unknown> 1v4",
                "a 1 <unknown> 1g4",
                "c 1 <unknown> t68"
            ]
        );
    }

    #[test]
    fn unnamed_images_that_tie_come_in_reverse() {
        let at = "2020-01-01T00:00:00Z";
        let links = [
            hash_link("sha256:b", C1, at, None),
            hash_link("sha256:a", C2, at, None),
        ];
        assert_eq!(
            printed(&links),
            ["<none> <none> sha256:a 1g4", "<none> <none> sha256:b 1v4"]
        );
    }
}
