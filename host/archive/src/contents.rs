//! The members of an archive by name, and where its links lead.

use std::collections::HashMap;

use super::error::{Error, Fault};
use super::members::{Kind, Member};
use super::names;

/// How many links may follow each other.
const MOST_LINKS: usize = 8;

/// The members of an archive that were met so far, with a `T` for each file.
pub(crate) struct Contents<T> {
    by_name: HashMap<String, Content<T>>,
}

enum Content<T> {
    File(T),
    Folder,
    Link(String),
}

impl<T> Contents<T> {
    /// Begins with nothing.
    pub(crate) fn new() -> Self {
        Contents {
            by_name: HashMap::new(),
        }
    }

    /// Adds a member that is not a file, and tells whether it was one.
    ///
    /// # Errors
    /// If there is another member of that name. The same one may come more than once; whether a file
    /// does, [`Contents::former`] helps to find out.
    pub(crate) fn add(&mut self, member: &Member) -> Result<bool, Error> {
        match (self.by_name.get(&member.name), &member.kind) {
            (None, _) | (Some(Content::Folder), Kind::Folder) => {}
            (Some(Content::File(_)), Kind::File) => {}
            (Some(Content::Link(former)), Kind::Link(target)) if former == target => {}
            _ => return Err(doubled(&member.name)),
        }
        let content = match &member.kind {
            Kind::File => return Ok(false),
            Kind::Folder => Content::Folder,
            Kind::Link(target) => Content::Link(target.clone()),
        };
        self.by_name.insert(member.name.clone(), content);
        Ok(true)
    }

    /// Returns the file that had this name before.
    pub(crate) fn former(&self, name: &str) -> Option<&T> {
        match self.by_name.get(name) {
            Some(Content::File(file)) => Some(file),
            _ => None,
        }
    }

    /// Adds the file that [`Contents::add`] did not.
    pub(crate) fn add_file(&mut self, name: String, file: T) {
        self.by_name.insert(name, Content::File(file));
    }

    /// Tells whether the member of that name is a link.
    pub(crate) fn is_link(&self, name: &str) -> bool {
        matches!(self.by_name.get(name), Some(Content::Link(_)))
    }

    /// Returns the file of that name, following links, or none if there is none.
    pub(crate) fn file(&self, name: &str) -> Result<Option<&T>, Error> {
        let blame = |fault| Error::member(name, fault);
        let mut at = names::member(name.as_bytes()).map_err(blame)?;
        for _ in 0..=MOST_LINKS {
            match self.by_name.get(&at) {
                Some(Content::File(file)) => return Ok(Some(file)),
                Some(Content::Link(target)) => at.clone_from(target),
                Some(Content::Folder) => {
                    return Err(blame(Fault::Refused("is a folder where a file should be")));
                }
                None => return Ok(None),
            }
        }
        Err(blame(Fault::Refused("is a link that leads in a circle")))
    }
}

/// Says that two members have one name and are not the same.
pub(crate) fn doubled(name: &str) -> Error {
    Error::member(name, Fault::Doubled)
}
