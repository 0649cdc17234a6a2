//! Names: repository, registry host, tag, digest.

use std::fmt;

use super::ReferenceError;
use super::grammar::{
    LONGEST_REPOSITORY, is_digest, is_host, is_path_component, is_tag, looks_like_host,
};

/// A repository, possibly with a registry host, a tag and a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub(super) host: Option<String>,
    pub(super) path: String,
    pub(super) tag: Option<String>,
    pub(super) digest: Option<String>,
    /// Whether it is registered letter by letter as it was given; see `with_halves`.
    pub(super) is_literal: bool,
}

impl Name {
    /// Reads a name that was split at the colon of its registry's port: `localhost` and `5000/lab/tool`.
    ///
    /// Callers of the Python program split so, and it registers what it is given with a colon between: with a tag
    /// only where the second half has one, and with the default port. The server looks such a name up as it is.
    pub(super) fn with_halves(first: &str, second: &str) -> Option<Self> {
        let (port, _) = second.split_once('/')?;
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let name = Self::parse(&format!("{first}:{second}")).ok()?;
        let is_split_there = name
            .host
            .as_deref()
            .is_some_and(|host| host.strip_prefix(first) == Some(&format!(":{port}")));
        (is_port && is_split_there).then(|| Self {
            is_literal: true,
            ..name
        })
    }

    pub(super) fn parse(text: &str) -> Result<Self, ReferenceError> {
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
        if host.map_or(0, |host| host.len() + 1) + path.len() > LONGEST_REPOSITORY {
            return Err(ReferenceError::TooLong);
        }
        Ok(Self {
            host: host.map(Into::into),
            path: path.into(),
            tag: tag.map(Into::into),
            digest: digest.map(Into::into),
            is_literal: false,
        })
    }

    /// Returns the repository under which the image is registered.
    ///
    /// A registry on the default port is named without it, as engines do.
    pub fn repository(&self) -> String {
        match &self.host {
            Some(host) => format!(
                "{}/{}",
                host.strip_suffix(":443").unwrap_or(host),
                self.path
            ),
            None => self.path.clone(),
        }
    }

    /// Returns the tag that was given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest that was given.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Returns the `repository:tag` under which the image is registered.
    ///
    /// The tag is `latest` unless there is a tag or a digest, or the name was given in halves. A digest stays a
    /// part of the name.
    pub fn registered(&self) -> String {
        if self.is_literal {
            return self.to_string();
        }
        self.completed(self.repository())
    }

    /// Returns the names under which an engine may have the image: Docker keeps a default port that
    /// was given, others leave it out.
    pub fn local(&self) -> Vec<String> {
        let given = match &self.host {
            Some(host) => format!("{host}/{}", self.path),
            None => self.path.clone(),
        };
        let mut names = vec![self.completed(given), self.completed(self.repository())];
        names.dedup();
        names
    }

    fn completed(&self, mut name: String) -> String {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => name = format!("{name}:{tag}"),
            (None, None) => name.push_str(":latest"),
            (None, Some(_)) => {}
        }
        match &self.digest {
            Some(digest) => format!("{name}@{digest}"),
            None => name,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(host) = &self.host {
            write!(f, "{host}/")?;
        }
        f.write_str(&self.path)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}
