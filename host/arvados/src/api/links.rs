//! The links that make a collection known as an image.

use std::borrow::Cow;

pub use keepdocker_terms::link_class::LinkClass as Class;
use keepdocker_terms::uuid::{self, Kind};
use keepdocker_wording::harmless::one_line;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::filter::{self, Filter};
use super::page::{self, Page, Pages};
use super::property::object;
use super::row::{self, Row};
use super::{Api, Error, Property};
use crate::http::Http;

const PATH: &str = "arvados/v1/links";

/// A link as the server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its identifier.
    pub uuid: String,
    /// Its class.
    pub class: Class,
    /// An image ID, a `repository:tag`, or any text: the server does not insist.
    pub name: String,
    /// The collection's UUID; of a migration link, a portable data hash. May be anything: the server does not
    /// insist.
    pub head: String,
    /// Empty but for migration links.
    pub tail: String,
    /// The user or project that owns it; who may read that may read the link.
    pub owner: String,
    /// Its properties, in the order of their names.
    pub properties: Vec<Property>,
    /// When it was created, by the server's clock.
    pub created_at: String,
}

/// A link to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    /// Its class.
    pub class: Class,
    /// An image ID, a `repository:tag`, or any text.
    pub name: String,
    /// The collection that it leads to; it must exist and be readable.
    pub head: String,
    /// The project to own the link; none for the home project of the user.
    pub owner: Option<String>,
    /// Its properties.
    pub properties: Vec<Property>,
}

/// A link that is to be removed, as it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Its identifier.
    pub uuid: String,
    /// Its class.
    pub class: Class,
    /// Its name.
    pub name: String,
    /// What it leads to.
    pub head: String,
    /// The project that owns it; none for the home project of the user.
    pub owner: Option<String>,
}

/// Which names a query matches, letter by letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names {
    /// Every name.
    All,
    /// One of these.
    Exactly(Vec<String>),
    /// Names that begin with this text; no character in it is a wildcard.
    StartingWith(String),
}

/// How much to say of each link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What a listing shows: its class, name, head, properties, and the time of its creation. All else is
    /// empty.
    Brief,
    /// All.
    Full,
}

/// Which links to list, and how much of them; all conditions hold together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Only links of these classes.
    pub classes: Vec<Class>,
    /// Only links with such a name.
    pub names: Names,
    /// Only links whose head is one of these.
    pub heads: Option<Vec<String>>,
    /// Only links whose owner is this user or project.
    pub owner: Option<String>,
    /// How much to say of each.
    pub detail: Detail,
    /// At most so many, those created last; none for all that match.
    pub newest: Option<u32>,
}

/// A link as the server lists it.
#[derive(Debug, Deserialize)]
struct LinkRow {
    uuid: String,
    /// None for a class that concerns no images.
    #[serde(default, rename = "link_class", deserialize_with = "class")]
    class: Option<Class>,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    name: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    head_uuid: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    tail_uuid: String,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    owner_uuid: String,
    #[serde(default, deserialize_with = "row::properties")]
    properties: Vec<Property>,
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    created_at: String,
}

impl Row for LinkRow {
    fn uuid(&self) -> &str {
        &self.uuid
    }

    fn created_at(&self) -> &str {
        &self.created_at
    }
}

impl LinkRow {
    /// Returns the link, unless it is of a class that was not asked for.
    fn into_link(self) -> Option<Link> {
        Some(Link {
            class: self.class?,
            uuid: self.uuid,
            name: self.name,
            head: self.head_uuid,
            tail: self.tail_uuid,
            owner: self.owner_uuid,
            properties: self.properties,
            created_at: self.created_at,
        })
    }
}

/// Reads a class without keeping its name, which as many rows repeat as a list has.
fn class<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Class>, D::Error> {
    #[derive(Deserialize)]
    struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
    let name = Option::<Name>::deserialize(deserializer)?;
    Ok(name.and_then(|Name(name)| Class::named(&name)))
}

/// A list of links under one set of filters.
struct LinkPages<'a, H> {
    api: &'a Api<H>,
    filters: Vec<Filter>,
    detail: Detail,
}

impl<H: Http> Pages<LinkRow> for LinkPages<'_, H> {
    async fn fetch(&self, which: page::Which<'_>) -> Result<Page<LinkRow>, Error> {
        const SELECT: [&str; 8] = [
            "uuid",
            "created_at",
            "link_class",
            "name",
            "head_uuid",
            "properties",
            "tail_uuid",
            "owner_uuid",
        ];
        let select = match self.detail {
            Detail::Brief => &SELECT[..6],
            Detail::Full => &SELECT[..],
        };
        let query = page::query(which, &self.filters, select);
        self.api.read("list links", PATH, &query).await
    }
}

impl<H: Http> Api<H> {
    /// Returns every link that matches and that the token may read, oldest first; or the newest
    /// of them.
    ///
    /// # Errors
    /// If the token is not accepted, or the cluster does not answer.
    pub async fn list_links(&self, query: &Query) -> Result<Vec<Link>, Error> {
        // This is how a link is looked for whose creation was not answered.
        if query.heads.is_some() && matches!(query.names, Names::Exactly(_)) {
            self.settle().await;
        }
        let lists = filter_sets(query)
            .into_iter()
            .map(|filters| {
                let pages = LinkPages {
                    api: self,
                    filters,
                    detail: query.detail,
                };
                (pages, None)
            })
            .collect();
        let rows: Vec<LinkRow> = page::all("list links", lists, query.newest).await?;
        let mut links: Vec<Link> = rows
            .into_iter()
            .filter_map(LinkRow::into_link)
            // The server compares prefixes by patterns, and may take letters for wildcards.
            .filter(|link| matches(link, query))
            .collect();
        if query.detail == Detail::Brief {
            // Read for the order of pages.
            links.iter_mut().for_each(Link::shorten);
        }
        Ok(links)
    }

    /// Creates a link. A second link like it is legal: the server does not look.
    ///
    /// # Errors
    /// If the head is no collection's UUID, the server refuses, or whether it did it is unknown.
    pub async fn create_link(&self, link: &NewLink) -> Result<Link, Error> {
        link.check()?;
        #[derive(Serialize)]
        struct Body<'a> {
            link: Attributes<'a>,
        }
        #[derive(Serialize)]
        struct Attributes<'a> {
            link_class: &'static str,
            name: &'a str,
            head_uuid: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            owner_uuid: Option<&'a str>,
            properties: Map<String, Value>,
        }
        let body = Body {
            link: Attributes {
                link_class: link.class.name(),
                name: &link.name,
                head_uuid: &link.head,
                owner_uuid: link.owner.as_deref(),
                properties: object(&link.properties),
            },
        };
        let row: LinkRow = self.create("create the link", PATH, &body).await?;
        row.into_link().ok_or_else(|| Error::Malformed {
            action: "create the link",
            host: self.host().to_owned(),
            reason: "the new link is of another class".to_owned(),
        })
    }
}

impl<H: Http> Api<H> {
    /// Removes a link, if it is what it is believed to be; one that is gone counts as removed.
    ///
    /// Links of other classes say who may read what, so that each is looked at before.
    ///
    /// # Errors
    /// If it is another link by now, or the server refuses.
    pub async fn delete_link(&self, link: &Removal) -> Result<(), Error> {
        const ACTION: &str = "remove the link";
        let other = || Error::OtherLink {
            action: ACTION,
            link: one_line(&link.uuid, 80),
        };
        if !uuid::is(&link.uuid, Kind::Link) {
            return Err(other());
        }
        let owner = self.owner(link.owner.as_deref()).await?;
        let path = format!("{PATH}/{}", link.uuid);
        let row: LinkRow = match self.read(ACTION, &path, &[]).await {
            Err(Error::NotFound(_)) => return Ok(()),
            row => row?,
        };
        let is_it = row.uuid == link.uuid
            && row.class == Some(link.class)
            && (&row.name, &row.head_uuid, &row.owner_uuid) == (&link.name, &link.head, &owner);
        match is_it {
            true => self.remove(ACTION, &path).await,
            false => Err(other()),
        }
    }
}

impl Link {
    /// Leaves what a listing shows.
    pub(crate) fn shorten(&mut self) {
        (self.uuid, self.tail, self.owner) = Default::default();
    }
}

impl NewLink {
    /// Refuses a link to something else than a collection. The server would take anything, nothing at all
    /// included.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if uuid::is(&self.head, Kind::Collection) {
            return Ok(());
        }
        Err(Error::NoCollection {
            action: "create the link",
            head: one_line(&self.head, 80),
        })
    }
}

/// Returns the filters of each list to read: several where a query names more than fit one.
fn filter_sets(query: &Query) -> Vec<Vec<Filter>> {
    if query.classes.is_empty() {
        return Vec::new();
    }
    let mut classes: Vec<&str> = query.classes.iter().map(|class| class.name()).collect();
    classes.sort_unstable();
    classes.dedup();
    let mut base = vec![Filter::one_of("link_class", &classes)];
    if let Some(owner) = &query.owner {
        base.push(Filter::equals("owner_uuid", owner.as_str()));
    }
    let mut sets = vec![base];
    match &query.names {
        Names::All => {}
        Names::Exactly(names) => sets = with_each(sets, "name", names),
        Names::StartingWith(prefix) if prefix.is_empty() => {}
        Names::StartingWith(prefix) => {
            for set in &mut sets {
                set.push(Filter::starts_with("name", prefix));
            }
        }
    }
    if let Some(heads) = &query.heads {
        sets = with_each(sets, "head_uuid", heads);
    }
    sets
}

/// Combines every set with every chunk of the values.
fn with_each(sets: Vec<Vec<Filter>>, attribute: &str, values: &[String]) -> Vec<Vec<Filter>> {
    let chunks = filter::chunks(values);
    sets.iter()
        .flat_map(|set| {
            chunks.iter().map(|chunk| {
                let mut set = set.clone();
                set.push(Filter::one_of(attribute, chunk));
                set
            })
        })
        .collect()
}

fn matches(link: &Link, query: &Query) -> bool {
    query.classes.contains(&link.class)
        && match &query.names {
            Names::StartingWith(prefix) => link.name.starts_with(prefix),
            Names::All | Names::Exactly(_) => true,
        }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn query() -> Query {
        Query {
            classes: vec![Class::RepoTag],
            names: Names::All,
            heads: None,
            owner: None,
            detail: Detail::Full,
            newest: None,
        }
    }

    fn sets(query: &Query) -> Value {
        json!(
            filter_sets(query)
                .into_iter()
                .map(|set| set.into_iter().map(|filter| filter.0).collect::<Vec<_>>())
                .collect::<Vec<_>>()
        )
    }

    #[test]
    fn a_query_becomes_filters() {
        assert_eq!(
            sets(&query()),
            json!([[["link_class", "=", "docker_image_repo+tag"]]])
        );
        let all = Query {
            classes: vec![Class::RepoTag, Class::ImageHash, Class::RepoTag],
            names: Names::Exactly(vec!["b:1".into(), "a:1".into(), "b:1".into()]),
            heads: Some(vec!["h".into()]),
            owner: Some("o".into()),
            detail: Detail::Full,
            newest: None,
        };
        assert_eq!(
            sets(&all),
            json!([[
                [
                    "link_class",
                    "in",
                    ["docker_image_hash", "docker_image_repo+tag"]
                ],
                ["owner_uuid", "=", "o"],
                ["name", "in", ["a:1", "b:1"]],
                ["head_uuid", "=", "h"],
            ]])
        );
    }

    #[test]
    fn a_query_that_can_match_nothing_asks_nothing() {
        for nothing in [
            Query {
                classes: vec![],
                ..query()
            },
            Query {
                names: Names::Exactly(vec![]),
                ..query()
            },
            Query {
                heads: Some(vec![]),
                ..query()
            },
        ] {
            assert!(filter_sets(&nothing).is_empty(), "{nothing:?}");
        }
    }

    #[test]
    fn long_lists_are_read_in_parts() {
        let many = |n: usize| (0..n).map(|i| format!("{i:05}")).collect::<Vec<_>>();
        let query = Query {
            names: Names::Exactly(many(1001)),
            heads: Some(many(2001)),
            ..query()
        };
        assert_eq!(filter_sets(&query).len(), 6);
    }

    #[test]
    fn a_row_with_nulls_is_a_link_with_empty_texts() {
        let row: LinkRow = serde_json::from_value(json!({
            "uuid": "zzzzz-o0j2j-000000000000001", "link_class": "docker_image_hash",
            "name": null, "head_uuid": null, "tail_uuid": null, "owner_uuid": "o",
            "properties": null, "created_at": "2026-01-01T00:00:00.000000000Z", "etag": "x"
        }))
        .unwrap();
        let link = row.into_link().unwrap();
        assert_eq!((link.class, link.head.as_str()), (Class::ImageHash, ""));
        assert!(link.properties.is_empty());
    }

    #[test]
    fn what_only_the_pattern_matches_is_left_out() {
        let link = Link {
            uuid: "u".into(),
            class: Class::RepoTag,
            name: "axb:1".into(),
            head: String::new(),
            tail: String::new(),
            owner: String::new(),
            properties: vec![],
            created_at: String::new(),
        };
        let query = Query {
            names: Names::StartingWith("a_b".into()),
            ..query()
        };
        assert!(!matches(&link, &query));
    }
}
