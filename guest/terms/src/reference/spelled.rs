//! Names as they are spelled, borrowed from their text.

use super::ReferenceError;
use super::grammar::{
    LONGEST_REPOSITORY, is_digest, is_host, is_path_component, is_tag, looks_like_host,
};
use super::hub;

/// The longest text that is looked at; the grammar's own limits are far below.
pub(super) const LONGEST_TEXT: usize = 1024;

/// The parts of a name, as they stand in its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spelled<'a> {
    pub(super) host: Option<&'a str>,
    pub(super) path: &'a str,
    pub(super) tag: Option<&'a str>,
    pub(super) digest: Option<&'a str>,
    repository: &'a str,
}

impl<'a> Spelled<'a> {
    /// Takes a name apart.
    ///
    /// A text of hexadecimal digits is one too here; whether it means an image ID, [`Reference`]
    /// tells.
    ///
    /// # Errors
    /// If the text is no name, or one that an engine makes up for an image without any.
    ///
    /// [`Reference`]: super::Reference
    pub fn parse(text: &'a str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if text.len() > LONGEST_TEXT {
            return Err(ReferenceError::TooLong);
        }
        let (named, digest) = match text.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (text, None),
        };
        if let Some(digest) = digest.filter(|digest| !is_digest(digest)) {
            return Err(ReferenceError::Digest(digest.into()));
        }
        let (host, rest) = match named.split_once('/') {
            Some((first, rest)) if looks_like_host(first) => (Some(first), rest),
            _ => (None, named),
        };
        if let Some(host) = host.filter(|host| !is_host(host)) {
            return Err(ReferenceError::Host(host.into()));
        }
        let (path, tag) = match rest.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (rest, None),
        };
        if !path.split('/').all(is_path_component) {
            return Err(ReferenceError::Repository(path.into()));
        }
        if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
            return Err(ReferenceError::Tag(tag.into()));
        }
        let length = host.map_or(0, |host| host.len() + 1) + path.len();
        if length > LONGEST_REPOSITORY {
            return Err(ReferenceError::TooLong);
        }
        let spelled = Self {
            host,
            path,
            tag,
            digest,
            repository: &text[..length],
        };
        if spelled.is_made_up() {
            return Err(ReferenceError::MadeUp(text.into()));
        }
        Ok(spelled)
    }

    /// Returns the registry: its host, with its port unless that is 443.
    ///
    /// It is `docker.io` where there is no host, and where that is Docker Hub's former one.
    #[must_use]
    pub fn registry(&self) -> &'a str {
        match self.host.map(hub::without_default_port) {
            Some(host) if !hub::is_hub(host) => host,
            _ => hub::HOST,
        }
    }

    /// Returns the path in the registry, as it stands there.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// Returns the text without tag and digest.
    #[must_use]
    pub fn repository(&self) -> &'a str {
        self.repository
    }

    /// Returns the tag that was given.
    #[must_use]
    pub fn tag(&self) -> Option<&'a str> {
        self.tag
    }

    /// Returns the digest that was given.
    #[must_use]
    pub fn digest(&self) -> Option<&'a str> {
        self.digest
    }

    /// Tells whether an engine made the name up because the image has none: containerd's tools take
    /// the store's name or the day of the import, and Docker a word of its own.
    fn is_made_up(&self) -> bool {
        const WORDS: [&str; 13] = [
            "moby-dangling",
            "overlayfs",
            "fuse-overlayfs",
            "native",
            "btrfs",
            "zfs",
            "devmapper",
            "blockfile",
            "erofs",
            "stargz",
            "soci",
            "nydus",
            "overlaybd",
        ];
        let path = self.path.strip_prefix(hub::OFFICIAL).unwrap_or(self.path);
        self.digest.is_some()
            && self.tag.is_none()
            && self.registry() == hub::HOST
            && (WORDS.contains(&path) || path.strip_prefix("import-").is_some_and(is_day))
    }
}

/// Tells whether the text is a day such as `2026-01-31`.
fn is_day(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}
