//! Names: repository, registry host, tag, digest.

use std::fmt;

use super::{ReferenceError, Spelled, hub};

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
    /// Reads a name, also where the text could be an image ID as well.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let spelled = Spelled::parse(text)?;
        Ok(Self {
            host: spelled.host.map(Into::into),
            path: spelled.path.into(),
            tag: spelled.tag.map(Into::into),
            digest: spelled.digest.map(Into::into),
            is_literal: false,
        })
    }

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
        (is_port && is_split_there).then_some(Self {
            is_literal: true,
            ..name
        })
    }

    /// Returns the repository under which the image is registered, spelled as Docker shows it.
    ///
    /// A registry on the default port is named without it, Docker Hub not at all, nor its folder
    /// `library`: `index.docker.io/library/debian` is `debian`.
    pub fn repository(&self) -> String {
        let (host, path) = hub::shortened(self.host.as_deref(), &self.path, self.tag.as_deref());
        joined(host, path)
    }

    /// Returns the tag that was given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest that was given.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Tells whether it is that of a repository alone, without a tag or a digest.
    pub fn is_repository(&self) -> bool {
        self.tag.is_none() && self.digest.is_none() && !self.is_literal
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

    /// Returns the name without its digest, where it has a tag to be known by.
    pub fn tagged_or_pinned(mut self) -> Self {
        if self.tag.is_some() {
            self.digest = None;
        }
        self
    }

    /// Returns the name as Docker shows it; nothing is added to what was given.
    pub fn familiar(&self) -> String {
        self.tagged(self.repository())
    }

    /// Tells whether a text is this name too, however it is spelled.
    pub fn is(&self, text: &str) -> bool {
        Self::parse(text).is_ok_and(|other| other.registered() == self.registered())
    }

    /// Returns the names under which a cluster may have the image: as it is registered, and as other
    /// programs do, which keep Docker Hub in a name that has it.
    pub fn known_as(&self) -> Vec<String> {
        let host = self.host.as_deref().map(hub::without_default_port);
        let mut names = vec![self.registered(), self.completed(joined(host, &self.path))];
        names.dedup();
        names
    }

    /// Returns the names under which an engine may have the image: as it was given, and with the
    /// registry as engines write it. Docker keeps a default port that was given, others leave it out;
    /// an engine that is not Docker may not know Docker Hub by its former host.
    ///
    /// The registry is never left out: engines look for a name without one in several.
    pub fn local(&self) -> Vec<String> {
        let given = self.host.as_deref();
        let mut names = vec![self.completed(joined(given, &self.path))];
        if let Some(host) = given.map(hub::without_default_port) {
            names.push(self.completed(if hub::is_hub(host) {
                joined(Some(hub::HOST), &hub::whole_path(&self.path))
            } else {
                joined(Some(host), &self.path)
            }));
        }
        names.dedup();
        names
    }

    /// Returns the name with its registry, whatever that is, as stores of containerd write it:
    /// `docker.io/library/debian:12`.
    pub fn whole(&self) -> String {
        let host = self.host.as_deref().map(hub::without_default_port);
        self.completed(match host.filter(|host| !hub::is_hub(host)) {
            Some(host) => joined(Some(host), &self.path),
            None => joined(Some(hub::HOST), &hub::whole_path(&self.path)),
        })
    }

    fn completed(&self, mut name: String) -> String {
        if self.tag.is_none() && self.digest.is_none() {
            name.push_str(":latest");
        }
        self.tagged(name)
    }

    fn tagged(&self, mut name: String) -> String {
        if let Some(tag) = &self.tag {
            name = format!("{name}:{tag}");
        }
        if let Some(digest) = &self.digest {
            name = format!("{name}@{digest}");
        }
        name
    }
}

fn joined(host: Option<&str>, path: &str) -> String {
    match host {
        Some(host) => format!("{host}/{path}"),
        None => path.to_owned(),
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tagged(joined(self.host.as_deref(), &self.path)))
    }
}
