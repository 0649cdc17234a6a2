//! The server's choice for a container request, step by step: what has to be known next, or what is chosen.
//!
//! Who has everything at hand gives it at once ([`choose`]); who has to ask a cluster asks as it is needed. Both get
//! the same answer, as there is one place where it is found.

use crate::manifest;
use crate::resolution::{Candidate, Formats, NamedTerm, Term, candidates, migrated};
use crate::types::{Link, LinkClass};

/// A collection with what the server looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content<'a> {
    /// Its identifier.
    pub uuid: &'a str,
    /// The hash of its manifest without signatures.
    pub portable_data_hash: &'a str,
    /// The text of its manifest, with or without signatures.
    pub manifest: &'a str,
}

/// Why a container request gets no image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoChoice {
    /// Nothing matches the text.
    NoSuchImage,
    /// What matches holds no image of a format that the cluster runs.
    UnsupportedFormat,
}

/// What has to be known next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The `repository:tag` links of exactly this name; to be told by [`Resolution::links`].
    Named(String),
    /// The hash links whose name begins with this text; to be told by [`Resolution::links`].
    Hashed(String),
    /// The migration links; to be told by [`Resolution::links`].
    Migrations,
    /// Which of the collections that the links told last lead to can be read; see [`Resolution::readable`].
    Readable,
    /// These collections, by UUID; to be told by [`Resolution::collections`].
    Collections(Vec<String>),
    /// The collections with this portable data hash; to be told by [`Resolution::collections`].
    Content(String),
}

/// A step on the way to the choice, for who wants to explain it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// So many collections that can be read have a link of this class that matches.
    Matching(LinkClass, usize),
    /// This one is first so far, and holds nothing that the cluster runs.
    PassedOver(String),
    /// The content of the first is of another format; a migration link leads to the second.
    Migrated(String, String),
}

/// The choice in the making.
#[derive(Debug)]
pub struct Resolution {
    term: Term,
    formats: Formats,
    /// How many collections are looked into at a time.
    batch: usize,
    stage: Stage,
    /// Who is considered, the server's first choice first.
    order: Vec<Candidate>,
    looked_at: usize,
    /// What is being looked into.
    pending: Vec<Held>,
    migrations: Option<Vec<Link>>,
    /// What migration links lead to, by portable data hash.
    targets: Vec<(String, Option<Held>)>,
    /// What matches and fits: the collection that matched, and the one that a request gets for it.
    found: Vec<(String, String)>,
    /// All collections of the content that was asked for.
    alike: Vec<String>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Links(LinkClass),
    Readable(LinkClass),
    Content(String),
    Collections,
    Migrations,
    Target(String),
    Done,
    Nothing,
}

/// A collection, and whether it holds an image that the cluster runs.
#[derive(Debug, Clone)]
struct Held {
    uuid: String,
    content: String,
    fits: bool,
}

impl Resolution {
    /// Begins with a text, as a container request has it. Collections are looked into so many at a time, and no more
    /// of them once one is found.
    pub fn of(text: &str, formats: Formats, batch: usize) -> Self {
        let term = Term::parse(text);
        let stage = match &term {
            // Without a size it is the hash of no collection.
            Term::Content(content) if !manifest::is_portable_data_hash(content) => Stage::Nothing,
            Term::Content(content) => Stage::Content(content.clone()),
            Term::Named(_) => Stage::Links(LinkClass::RepoTag),
        };
        Self {
            term,
            formats,
            batch,
            stage,
            order: Vec::new(),
            looked_at: 0,
            pending: Vec::new(),
            migrations: None,
            targets: Vec::new(),
            found: Vec::new(),
            alike: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Tells whether no link has the text for a name, so that what was found has a digest that begins like it: any
    /// image's for a text such as `sha256:1`.
    pub fn is_by_beginning(&self) -> bool {
        let by_beginning = Step::Matching(LinkClass::RepoTag, 0);
        self.steps.contains(&by_beginning)
    }

    /// Begins with those that are considered, the server's first choice first.
    pub fn among(order: Vec<Candidate>, formats: Formats) -> Self {
        let mut resolution = Self::of("", formats, usize::MAX);
        resolution.order = order;
        resolution.stage = Stage::Collections;
        resolution
    }

    /// Returns what has to be known next, or none once the choice is made.
    ///
    /// # Errors
    /// If there is nothing to choose.
    pub fn need(&self) -> Result<Option<Need>, NoChoice> {
        Ok(Some(match &self.stage {
            Stage::Links(class) => match (&self.term, class) {
                (Term::Named(term), LinkClass::RepoTag) => Need::Named(term.repo_tag.clone()),
                (Term::Named(term), _) => Need::Hashed(term.beginning().into()),
                (Term::Content(_), _) => return Err(NoChoice::NoSuchImage),
            },
            Stage::Readable(_) => Need::Readable,
            Stage::Content(content) | Stage::Target(content) => Need::Content(content.clone()),
            Stage::Migrations => Need::Migrations,
            Stage::Collections if self.found.is_empty() && self.looked_at < self.order.len() => {
                let rest = self.order[self.looked_at..].iter().take(self.batch);
                Need::Collections(rest.map(|one| one.collection.clone()).collect())
            }
            Stage::Nothing => return Err(NoChoice::NoSuchImage),
            Stage::Collections | Stage::Done if !self.found.is_empty() => return Ok(None),
            Stage::Collections => return Err(NoChoice::UnsupportedFormat),
            Stage::Done => return Err(NoChoice::NoSuchImage),
        }))
    }

    /// Tells the links that were needed. Others do no harm.
    pub fn links(&mut self, links: &[Link]) {
        match (&self.stage, &self.term) {
            (Stage::Links(class), Term::Named(term)) => {
                self.order = candidates(&term.of_class(*class, links));
                self.stage = Stage::Readable(*class);
            }
            _ => {
                let migrations = links.iter().filter(|it| it.class == LinkClass::Migration);
                self.migrations = Some(migrations.cloned().collect());
                self.follow();
            }
        }
    }

    /// Tells which collections can be read.
    pub fn readable(&mut self, is_readable: impl Fn(&str) -> bool) {
        let Stage::Readable(class) = self.stage else {
            return;
        };
        self.order
            .retain(|candidate| is_readable(&candidate.collection));
        self.steps.push(Step::Matching(class, self.order.len()));
        self.stage = match (self.order.is_empty(), class) {
            (false, _) => Stage::Collections,
            (true, LinkClass::RepoTag) => Stage::Links(LinkClass::ImageHash),
            (true, _) => Stage::Nothing,
        };
    }

    /// Tells the collections that were needed, as far as they are there; of one content in the server's order. Others
    /// do no harm.
    pub fn collections(&mut self, found: &[Content<'_>]) {
        let held = |content: &Content<'_>| Held {
            uuid: content.uuid.into(),
            content: content.portable_data_hash.into(),
            fits: self.formats.accept(content.manifest),
        };
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Target(content) => {
                let mut alike = found.iter().filter(|it| it.portable_data_hash == content);
                let first = alike.next().map(held);
                self.targets.push((content, first));
                return self.follow();
            }
            Stage::Content(content) => {
                for it in found.iter().filter(|it| it.portable_data_hash == content) {
                    if self.alike.is_empty() {
                        self.pending.push(held(it));
                    }
                    self.alike.push(it.uuid.into());
                }
            }
            _ => {
                for one in self.order[self.looked_at..].iter().take(self.batch) {
                    let it = found.iter().find(|it| it.uuid == one.collection);
                    self.pending.extend(it.map(held));
                    self.looked_at += 1;
                }
            }
        }
        if self.pending.iter().all(|held| held.fits) {
            self.judge();
        } else {
            self.follow();
        }
    }

    /// Goes where migration links lead.
    fn follow(&mut self) {
        let Some(migrations) = &self.migrations else {
            self.stage = Stage::Migrations;
            return;
        };
        let unknown = self
            .pending
            .iter()
            .filter_map(|held| migrated(migrations, &held.content))
            .find(|target| self.targets.iter().all(|(known, _)| known != target));
        match unknown {
            Some(target) => self.stage = Stage::Target(target.into()),
            None => self.judge(),
        }
    }

    /// Takes those of what was looked into that fit, or lead to what fits.
    fn judge(&mut self) {
        for held in std::mem::take(&mut self.pending) {
            let fitting = if held.fits {
                Some(held.uuid.clone())
            } else {
                let links = self.migrations.as_deref().unwrap_or_default();
                let target = migrated(links, &held.content);
                let known = self
                    .targets
                    .iter()
                    .find(|(content, _)| Some(&**content) == target);
                let known = known.and_then(|(_, held)| held.as_ref());
                known.filter(|it| it.fits).map(|it| it.uuid.clone())
            };
            let is_first = self.found.is_empty();
            match fitting {
                None if is_first => self.steps.push(Step::PassedOver(held.uuid)),
                None => {}
                Some(uuid) => {
                    if is_first && uuid != held.uuid {
                        let (from, to) = (held.uuid.clone(), uuid.clone());
                        self.steps.push(Step::Migrated(from, to));
                    }
                    self.found.push((held.uuid, uuid));
                }
            }
        }
        self.stage = match self.term {
            Term::Content(_) => Stage::Done,
            Term::Named(_) => Stage::Collections,
        };
    }

    /// Returns the collection that a container request gets, once nothing more is needed.
    pub fn chosen(&self) -> Option<&str> {
        self.found.first().map(|(_, uuid)| uuid.as_str())
    }

    /// Returns the other collections that match and fit, as far as they were looked into, in the server's order; by
    /// content, all that have it.
    pub fn others(&self) -> Vec<String> {
        match &self.term {
            Term::Content(_) => {
                let others = self.alike.iter();
                others
                    .filter(|uuid| Some(uuid.as_str()) != self.chosen())
                    .cloned()
                    .collect()
            }
            Term::Named(_) => {
                let others = self.found.iter().skip(1);
                others.map(|(_, uuid)| uuid.clone()).collect()
            }
        }
    }

    /// Returns what was found out on the way.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the name that is looked for; none where it is a content.
    pub fn term(&self) -> Option<&NamedTerm> {
        match &self.term {
            Term::Named(term) => Some(term),
            Term::Content(_) => None,
        }
    }

    /// Returns what the server orders the collection by that led to the choice.
    pub fn first(&self) -> Option<&Candidate> {
        let (matched, _) = self.found.first()?;
        self.candidate(matched)
    }

    /// Returns what the server orders this collection by.
    pub fn candidate(&self, uuid: &str) -> Option<&Candidate> {
        self.order.iter().find(|one| one.collection == uuid)
    }

    /// Returns how many collections match and come too late to be looked into.
    pub fn left(&self) -> usize {
        self.order.len() - self.looked_at
    }
}

/// Returns the UUIDs of the collections that a container request can get, and never none: the one
/// that it gets, then the others in the server's order.
///
/// A link to a collection that is not among `collections` counts for nothing.
///
/// # Errors
/// If there is none.
pub fn choose(
    text: &str,
    links: &[Link],
    collections: &[Content<'_>],
    formats: Formats,
) -> Result<Vec<String>, NoChoice> {
    let mut resolution = Resolution::of(text, formats, usize::MAX);
    settle(&mut resolution, links, collections)?;
    let chosen = resolution.chosen().map(Into::into);
    Ok(chosen.into_iter().chain(resolution.others()).collect())
}

/// Tells all that is needed, of what is at hand.
fn settle(
    resolution: &mut Resolution,
    links: &[Link],
    collections: &[Content<'_>],
) -> Result<(), NoChoice> {
    while let Some(need) = resolution.need()? {
        match need {
            Need::Named(_) | Need::Hashed(_) | Need::Migrations => resolution.links(links),
            Need::Readable => {
                resolution.readable(|uuid| collections.iter().any(|it| it.uuid == uuid));
            }
            Need::Collections(_) | Need::Content(_) => resolution.collections(collections),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
