//! What is amiss with the images of a cluster, as their links and collections show it.
//!
//! Nothing here is an error of a command: a link may lead nowhere, and a later build may have a name that was given to
//! an older one since. These are the cases in which somebody gets another image than was meant, or none.
//!
//! Plain loops, where iterators would read as well: each chain of them adds some hundred bytes to the components.

use crate::catalog::build_time;
use crate::reference::Reference;
use crate::resolution::{Candidate, Formats, candidates};
use crate::sorting::sort_by_key;
use crate::types::{Defect, Finding, Link, LinkClass as Class};
use crate::uuid::{self, Kind};
use crate::{image, manifest};

/// A collection that can be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Held<'a> {
    /// Its identifier.
    pub uuid: &'a str,
    /// The user or project that owns it.
    pub owner: &'a str,
    /// The hash of its manifest without signatures.
    pub portable_data_hash: &'a str,
    /// The text of its manifest; none if it was not looked into, and then nothing but its identifier is known.
    pub manifest: Option<&'a str>,
    /// How many replicas of its blocks are to be kept; none for the cluster's default.
    pub replicas: Option<u32>,
    /// The names that it tells.
    pub names: &'a [String],
}

/// What there is to look at.
#[derive(Debug)]
pub struct Ground<'a> {
    /// The links of images, oldest first.
    pub links: &'a [Link],
    /// The collections that can be read.
    pub collections: &'a [Held<'a>],
    /// The image formats that the cluster runs.
    pub formats: Formats,
    /// Whose links are meant; none for everybody's.
    pub owner: Option<&'a str>,
}

/// Returns all that is amiss: collection by collection, then name by name, then what is there twice.
pub fn findings(ground: &Ground<'_>) -> Vec<Finding> {
    let mut collections = Vec::new();
    for held in ground.collections {
        collections.push(held);
    }
    sort_by_key(&mut collections, |held| held.uuid);
    let mut survey = Survey {
        ground,
        collections,
        found: Vec::new(),
    };
    for is_by_name in [false, true] {
        let links = survey.sorted(is_by_name);
        let mut rest = links.as_slice();
        while let Some(first) = rest.first() {
            let mut count = 1;
            while rest
                .get(count)
                .is_some_and(|link| key(link, is_by_name) == key(first, is_by_name))
            {
                count += 1;
            }
            let (alike, others) = rest.split_at(count);
            rest = others;
            match (survey.are_meant(alike), is_by_name) {
                (false, _) => {}
                (true, true) => survey.look_at_name(alike),
                (true, false) => survey.look_at_head(alike),
            }
        }
    }
    survey.look_for_doubles();
    survey.found
}

/// Makes a finding about these links.
fn finding(
    defect: Defect,
    collection: &str,
    name: Option<&str>,
    links: &[&Link],
    others: Vec<String>,
) -> Finding {
    let mut found = Finding {
        defect,
        collection: collection.into(),
        name: name.map(Into::into),
        links: Vec::new(),
        others,
    };
    for link in links {
        found.links.push(link.uuid.clone());
    }
    found
}

fn key(link: &Link, is_by_name: bool) -> &str {
    if is_by_name { &link.name } else { &link.head }
}

/// Tells whether a container request can have this name.
fn is_usable(name: &str) -> bool {
    match Reference::with_tag(name, None) {
        Ok(Reference::Name(name)) => name.tag().is_some() && name.digest().is_none(),
        _ => false,
    }
}

/// Returns the ID by which a server knows what the collection holds.
fn id_of(held: &Held<'_>) -> Option<String> {
    let (path, _) = manifest::only_file(held.manifest?)?;
    image::id_of_file(path.rsplit('/').next()?).map(Into::into)
}

/// A look at what there is.
struct Survey<'a> {
    ground: &'a Ground<'a>,
    /// The collections, by UUID.
    collections: Vec<&'a Held<'a>>,
    found: Vec<Finding>,
}

impl<'a> Survey<'a> {
    fn add(
        &mut self,
        defect: Defect,
        collection: &str,
        name: Option<&str>,
        links: &[&Link],
        others: Vec<String>,
    ) {
        self.found
            .push(finding(defect, collection, name, links, others));
    }

    /// Returns the links that lead to collections, by what they lead to; or those that give usable names, by name.
    fn sorted(&self, is_by_name: bool) -> Vec<&'a Link> {
        let mut links = Vec::new();
        for link in self.ground.links {
            let is_wanted = match is_by_name {
                true => link.class == Class::RepoTag && is_usable(&link.name),
                false => link.class != Class::Migration,
            };
            if is_wanted {
                links.push(link);
            }
        }
        sort_by_key(&mut links, |link| key(link, is_by_name));
        links
    }

    fn are_meant(&self, links: &[&Link]) -> bool {
        let Some(owner) = self.ground.owner else {
            return true;
        };
        links.iter().any(|link| link.owner == owner)
    }

    fn held(&self, uuid: &str) -> Option<&'a Held<'a>> {
        let place = self.collections.partition_point(|held| held.uuid < uuid);
        let held = *self.collections.get(place)?;
        (held.uuid == uuid).then_some(held)
    }

    /// Looks at the links that lead to one place, and at what is there.
    fn look_at_head(&mut self, links: &[&Link]) {
        let head = &links[0].head;
        let mut names = Vec::new();
        let mut repeated = Vec::new();
        for (place, link) in links.iter().enumerate() {
            if link.class == Class::RepoTag {
                names.push(link.name.clone());
            }
            for before in &links[..place] {
                if before.class == link.class
                    && before.name == link.name
                    && before.owner == link.owner
                {
                    repeated.push(*link);
                    break;
                }
            }
        }
        let Some(held) = self.held(head) else {
            let defect = match (uuid::is(head, Kind::Collection), names.is_empty()) {
                (false, _) => Defect::StrayLink,
                (true, true) => Defect::OrphanHash,
                (true, false) => Defect::OrphanName,
            };
            return self.add(defect, head, None, links, names);
        };
        let Some(text) = held.manifest else {
            return;
        };
        let id = id_of(held);
        let defect = match (manifest::count(text), &id) {
            (Err(_), _) => Some(Defect::BrokenManifest),
            (Ok(0), _) => Some(Defect::NoFile),
            (Ok(1), None) => Some(Defect::MisnamedFile),
            (Ok(1), _) => None,
            (Ok(_), _) => Some(Defect::ExtraFiles),
        };
        if let Some(defect) = defect {
            self.add(defect, head, None, links, names.clone());
        }
        if held.replicas == Some(0) {
            self.add(Defect::NoReplicas, head, None, &[], Vec::new());
        }
        if let Some(id) = id {
            self.look_at_hashes(links, id);
        }
        for link in repeated {
            self.add(
                Defect::RepeatedLink,
                head,
                Some(&link.name),
                &[link],
                Vec::new(),
            );
        }
        for name in held.names {
            // Anybody writes what a collection tells: what nobody can have for a name is not passed on as one.
            if !names.contains(name) && is_usable(name) {
                self.add(Defect::MissingName, head, Some(name), &[], Vec::new());
            }
        }
        for link in links {
            if link.class == Class::RepoTag && !is_usable(&link.name) {
                self.add(
                    Defect::UnusableName,
                    head,
                    Some(&link.name),
                    &[link],
                    Vec::new(),
                );
            }
        }
    }

    /// Looks at what links say that a collection holds, whose file is named by this ID.
    fn look_at_hashes(&mut self, links: &[&Link], id: String) {
        let mut is_told = false;
        for link in links {
            if link.class != Class::ImageHash {
                continue;
            }
            if link.name.eq_ignore_ascii_case(&id) {
                is_told = true;
            } else {
                let told = vec![link.name.clone()];
                self.add(Defect::WrongHash, &link.head, None, &[link], told);
            }
        }
        if !is_told {
            self.add(Defect::MissingHash, &links[0].head, None, &[], vec![id]);
        }
    }

    /// Looks at what a name leads to, where all collections that have it were looked into.
    fn look_at_name(&mut self, links: &[&Link]) {
        let mut readable = Vec::new();
        for link in links {
            match self.held(&link.head) {
                None => {}
                Some(held) if held.manifest.is_none() => return,
                Some(_) => readable.push(*link),
            }
        }
        let Some(last) = readable.last() else {
            return;
        };
        let name = &last.name;
        let order = candidates(&readable);
        let Some(chosen) = self.chosen(&order) else {
            // What is of an old format may have been brought into one that runs.
            if self
                .ground
                .links
                .iter()
                .all(|link| link.class != Class::Migration)
            {
                self.add(Defect::RunsNowhere, &last.head, Some(name), &[], Vec::new());
            }
            return;
        };
        if order.len() == 1 {
            return;
        }
        let mut other = last.head.as_str();
        let mut defect = Defect::OverruledName;
        let mut newest = self.built(&chosen.collection);
        for candidate in &order {
            let built = self.built(&candidate.collection);
            if built > newest {
                (newest, other, defect) = (built, &candidate.collection, Defect::NewestBuildLoses);
            }
        }
        let content = |uuid: &str| self.held(uuid).map(|held| held.portable_data_hash);
        if content(other) != content(&chosen.collection) {
            self.add(
                defect,
                other,
                Some(name),
                &[],
                vec![chosen.collection.clone()],
            );
        }
    }

    /// Returns the first that the cluster runs.
    fn chosen<'b>(&self, order: &'b [Candidate]) -> Option<&'b Candidate> {
        let is_run = |candidate: &&Candidate| {
            let text = self
                .held(&candidate.collection)
                .and_then(|held| held.manifest);
            text.is_some_and(|text| self.ground.formats.accept(text))
        };
        order.iter().find(is_run)
    }

    /// Returns when what a collection holds was built, as far as any link tells: in seconds since 1970.
    fn built(&self, uuid: &str) -> i64 {
        let mut built = 0;
        for link in self.ground.links {
            if link.head == uuid
                && let Some(told) = build_time(link)
            {
                built = built.max(told.seconds());
            }
        }
        built
    }

    /// Looks for images that one owner has in several collections.
    fn look_for_doubles(&mut self) {
        let mut known = Vec::new();
        for held in self.ground.collections {
            let is_meant = self.ground.owner.is_none_or(|owner| held.owner == owner);
            if let Some(id) = id_of(held).filter(|_| is_meant) {
                known.push((id, held));
            }
        }
        let mut is_told = vec![false; known.len()];
        for first in 0..known.len() {
            let (mut same, mut different) = (Vec::new(), Vec::new());
            for other in first + 1..known.len() {
                let ((id, held), (other_id, other_held)) = (&known[first], &known[other]);
                if is_told[first]
                    || is_told[other]
                    || id != other_id
                    || held.owner != other_held.owner
                {
                    continue;
                }
                is_told[other] = true;
                match held.portable_data_hash == other_held.portable_data_hash {
                    true => same.push(other_held.uuid.into()),
                    false => different.push(other_held.uuid.into()),
                }
            }
            for (defect, others) in [(Defect::Duplicate, same), (Defect::StoredTwice, different)] {
                if !others.is_empty() {
                    self.add(defect, known[first].1.uuid, None, &[], others);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
