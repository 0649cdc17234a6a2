//! Images of a project that go to the trash by a rule.
//!
//! The newest of a repository are those that the server prefers: of the latest build, then the latest made. An age
//! counts from when an image was last given a name or an ID, since what is built long ago may be needed from today on.
//!
//! Of what the rule lets go, all stays that others have a link to, or that containers use: that is asked before
//! anything is moved, and again after each part of it. About what cannot go in this run nothing is asked.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, Fate, PruneRequest, Pruned, PrunedImage,
};
use crate::capabilities::{collections, containers, links, users};
use crate::numbers::Numbers;
use crate::timestamp::Timestamp;
use crate::{catalog, link_heads, pattern, project, query, rm};
use std::collections::HashSet;

/// So many images go at once at most, so that one rule does not use up all writes of a run.
const MOST: usize = 500;

/// So many images are moved until it is asked again who has or uses the next ones.
const PART: usize = 250;

const CLASSES: [links::Class; 3] = [
    links::Class::RepoTag,
    links::Class::ImageHash,
    links::Class::Migration,
];

/// Does what the request asks for.
pub(crate) fn run(request: &PruneRequest) -> Result<Pruned, Failure> {
    if let Some(project) = &request.project {
        project::check(project)?;
    }
    let before = match &request.before {
        None => None,
        Some(text) => match Timestamp::parse(text) {
            None => return Err(Failure::Usage(format!("`{text}` is no time"))),
            before => before,
        },
    };
    let user = users::current()?;
    let mut going = Going {
        owner: request.project.as_ref().unwrap_or(&user),
        used_since: &request.used_since,
        images: Vec::new(),
        contents: Vec::new(),
    };
    going.find(request, before)?;
    let (mut count, mut seen) = (0, 0);
    for place in 0..going.images.len() {
        if place == seen && count < MOST {
            seen = going.look(place)?;
        }
        let image = &mut going.images[place];
        if goes(image) {
            if count == MOST {
                image.fate = Fate::Postponed;
            } else {
                count += 1;
            }
        }
    }
    going.go(&user)?;
    Ok(Pruned {
        images: going.images,
    })
}

fn goes(image: &PrunedImage) -> bool {
    matches!(image.fate, Fate::Outdated | Fate::Unnamed)
}

/// The images of an owner, of which some go.
struct Going<'a> {
    owner: &'a String,
    used_since: &'a String,
    images: Vec<PrunedImage>,
    /// The portable data hash of each.
    contents: Vec<String>,
}

impl Going<'_> {
    /// Finds the images that the rule is about, and what it says of them.
    fn find(&mut self, request: &PruneRequest, before: Option<Timestamp>) -> Result<(), Failure> {
        let links = query::links_to(&CLASSES[..2], links::Names::All, None, Some(self.owner))?;
        let found = query::collections(
            collections::Which::Uuids(link_heads::of(&links)),
            Some(self.owner),
            collections::Detail::Attributes,
        )?;
        let mut numbers = Numbers::default();
        let mut images = Vec::new();
        for collection in &found {
            numbers.number(&collection.uuid);
            images.push(PrunedImage {
                collection: collection.uuid.clone(),
                names: Vec::new(),
                last_named: collection.created_at.clone(),
                size: collection.size,
                fate: Fate::Outdated,
                until: None,
            });
        }
        let mut names = Vec::new();
        for link in &links {
            let Some(place) = numbers.find(&link.head) else {
                continue;
            };
            let image = &mut images[place];
            if is_later(&link.created_at, &image.last_named) {
                image.last_named.clone_from(&link.created_at);
            }
            if link.class == links::Class::RepoTag {
                names.push(link);
                if !image.names.contains(&link.name) {
                    image.names.push(link.name.clone());
                }
            }
        }
        catalog::sort(&mut names);
        let mut repositories = Numbers::default();
        let mut counts: Vec<u32> = Vec::new();
        let mut seen: HashSet<(usize, &str)> = HashSet::new();
        for link in names {
            let name = link.name.as_str();
            let Some(place) = numbers.find(&link.head) else {
                continue;
            };
            let repository = name.rsplit_once(':').map_or(name, |(name, _)| name);
            if !means(request, name) || !seen.insert((place, repository)) {
                continue;
            }
            let number = repositories.number(repository);
            if number == counts.len() {
                counts.push(0);
            }
            counts[number] += 1;
            if counts[number] <= request.keep_last {
                images[place].fate = Fate::Newest;
            }
        }
        for (place, mut image) in images.into_iter().enumerate() {
            if judge(request, before, &mut image) {
                self.images.push(image);
                self.contents.push(found[place].portable_data_hash.clone());
            }
        }
        Ok(())
    }

    /// Lets those from this place on stay that others have a link to, that were named since they were listed, or that
    /// containers use; of those that go, as many as can go at once. Returns the place behind the last.
    fn look(&mut self, from: usize) -> Result<usize, Failure> {
        let mut numbers = Numbers::default();
        let mut places = Vec::new();
        let (mut heads, mut contents) = (Vec::new(), Vec::new());
        let mut end = from;
        while end < self.images.len() && places.len() < MOST {
            let place = end;
            end += 1;
            if goes(&self.images[place]) {
                places.push(place);
                heads.push(self.images[place].collection.clone());
                contents.push(self.contents[place].clone());
            }
        }
        if places.is_empty() {
            return Ok(end);
        }
        for head in &heads {
            numbers.number(head);
        }
        let heads = Some(heads.clone());
        for link in query::links_to(&CLASSES[..2], links::Names::All, heads, None)? {
            let Some(number) = numbers.find(&link.head) else {
                continue;
            };
            let image = &mut self.images[places[number]];
            if link.owner != *self.owner {
                image.fate = Fate::LinkedElsewhere;
            } else if link.class == CLASSES[0] && !image.names.contains(&link.name) {
                image.fate = Fate::Recent;
            }
        }
        // Migrations lead to a content, whichever collection has it; there are few.
        for link in query::links(&CLASSES[2..], links::Names::All)? {
            self.keep(&places, &link.head, Fate::LinkedElsewhere);
        }
        for content in containers::used(&contents, Some(self.used_since))? {
            self.keep(&places, &content, Fate::Used);
        }
        Ok(end)
    }

    /// Lets the images of these places stay that have this content.
    fn keep(&mut self, places: &[usize], content: &str, fate: Fate) {
        for place in places {
            if self.contents[*place] == content {
                self.images[*place].fate = fate;
            }
        }
    }

    /// Moves to the trash what goes.
    fn go(&mut self, user: &str) -> Result<(), Failure> {
        let mut count = 0;
        for place in 0..self.images.len() {
            if count == PART {
                self.look(place)?;
                count = 0;
            }
            let image = &self.images[place];
            if !goes(image) {
                continue;
            }
            let disposal = collections::Disposal {
                collection: image.collection.clone(),
                owner: (self.owner != user).then(|| self.owner.clone()),
                portable_data_hash: self.contents[place].clone(),
            };
            match collections::trash(&disposal) {
                Ok(until) => self.images[place].until = until,
                Err(error) => {
                    self.tell_of_removed();
                    return Err(error.into());
                }
            }
            count += 1;
        }
        Ok(())
    }

    /// Says what a run has moved that does not come to its end.
    fn tell_of_removed(&self) {
        for image in &self.images {
            if image.until.is_some() {
                rm::tell_of_trashed(&image.collection);
            }
        }
    }
}

/// Tells whether a name is one of those that the request is about.
fn means(request: &PruneRequest, name: &str) -> bool {
    request.names.is_empty() || request.names.iter().any(|one| pattern::matches(one, name))
}

/// Decides on an image of which it is known whether it is one of the newest, and tells whether the rule is about it at
/// all.
fn judge(request: &PruneRequest, before: Option<Timestamp>, image: &mut PrunedImage) -> bool {
    let mut meant = 0;
    for name in &image.names {
        meant += usize::from(means(request, name));
    }
    if meant == 0 && !request.names.is_empty() {
        return false;
    }
    // What is no time could be any.
    let named = Timestamp::parse(&image.last_named);
    let is_recent = before.is_some_and(|before| named.is_none_or(|named| named >= before));
    image.fate = match image.names.len() {
        0 if !request.unnamed => Fate::KeptUnnamed,
        0 if !is_recent => Fate::Unnamed,
        _ if image.fate == Fate::Newest => Fate::Newest,
        _ if is_recent => Fate::Recent,
        names if names > meant => Fate::NamedOtherwise,
        _ => Fate::Outdated,
    };
    true
}

/// Tells whether a moment is later than another; what is none is later than all that are.
fn is_later(one: &str, other: &str) -> bool {
    let other = Timestamp::parse(other);
    match Timestamp::parse(one) {
        None => true,
        one => other.is_some() && one > other,
    }
}

#[cfg(test)]
mod tests;
