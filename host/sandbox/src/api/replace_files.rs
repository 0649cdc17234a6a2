//! Puts a collection together from files of others: `replace_files` and `replace_segments`.

use std::collections::BTreeMap;

use hyper::StatusCode;
use rusqlite::Connection;
use serde_json::{Map, Value};

use super::Call;
use super::auth::Actor;
use super::collections::{find_by_hash, is_hash};
use crate::clock::SECOND;
use crate::error::ApiError;
use crate::manifest;
use crate::manifest_tree::{Node, Segment};
use crate::query::words::json_type;
use crate::store::record::Record;

/// What a request wants to be replaced.
#[derive(Debug, Default)]
pub(crate) struct Replacements {
    files: BTreeMap<String, String>,
    segments: BTreeMap<String, String>,
}

impl Replacements {
    /// Reads the parameters; `of` names the options in messages.
    ///
    /// # Errors
    ///
    /// Refuses what is no object of texts, and targets and sources that cannot be.
    pub(crate) fn read(call: &Call<'_>, of: &str) -> Result<Replacements, ApiError> {
        let replacements = Replacements {
            files: texts(call, "replace_files", of)?,
            segments: texts(call, "replace_segments", of)?,
        };
        replacements.check_targets()?;
        Ok(replacements)
    }

    /// Says whether the request wants nothing of this kind.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.segments.is_empty()
    }

    /// Works out the new manifest and puts it among the attributes.
    ///
    /// The signatures of a manifest given as a source have been checked by then.
    ///
    /// # Errors
    ///
    /// Refuses sources that are not there and targets below a file.
    pub(crate) fn apply(
        &self,
        call: &Call<'_>,
        connection: &Connection,
        actor: &Actor,
        old: Option<&Record>,
        attributes: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        let given = attributes
            .get("manifest_text")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let is_used = |source: &String| source.starts_with("manifest_text");
        if !self.files.is_empty() && !given.is_empty() && !self.files.values().any(is_used) {
            return refuse(
                "invalid request: attrs['manifest_text'] was provided, but would not be used \
                 because it is not referenced by any 'replace_files' entry",
            );
        }
        let given = read(given)?;
        let stored = old
            .and_then(|old| old.text("manifest_text"))
            .unwrap_or_default();
        let current = read(stored)?;
        let mut result = match attributes.get("manifest_text") {
            Some(_) if self.files.is_empty() => given.clone(),
            _ => current.clone(),
        };
        for (target, source) in &self.files {
            let path = parts(target);
            if source.is_empty() {
                result.remove(&path);
                continue;
            }
            let (name, rest) = source.split_once('/').unwrap_or((source, ""));
            let other;
            let tree = match name {
                "current" => &current,
                "manifest_text" => &given,
                hash if is_hash(hash) => {
                    let record = find_by_hash(connection, &actor.permissions, hash, false)?;
                    other = read(record.text("manifest_text").unwrap_or_default())?;
                    &other
                }
                _ => {
                    return refuse(&format!(
                        "invalid source {source:?} for replace_files[{target:?}]: must be \"\" or \
                         \"SRC\" or \"SRC/path\" where SRC is \"current\", \"manifest_text\", or a \
                         portable data hash"
                    ));
                }
            };
            let Some(node) = tree.find(&parts(rest)) else {
                return refuse(&format!("replace_files: nonexistent source {source:?}"));
            };
            result.put(&path, node.clone()).map_err(|_| {
                ApiError::controller(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    format!(
                        "error splicing snapshot onto path {target:?}: open {target}: not a \
                         directory"
                    ),
                )
            })?;
        }
        self.replace_segments(call, actor, &mut result)?;
        attributes.insert("manifest_text".to_owned(), result.write().into());
        Ok(())
    }

    /// Puts pieces of blocks in the place of others that hold the same.
    fn replace_segments(
        &self,
        call: &Call<'_>,
        actor: &Actor,
        tree: &mut Node,
    ) -> Result<(), ApiError> {
        let now = call.cluster.clock.now() / SECOND;
        let mut pairs = Vec::new();
        for (old, new) in &self.segments {
            let (Some(old), Some(signed)) = (segment(old), segment(new)) else {
                return refuse(&format!("invalid replace_segments entry {old:?}: {new:?}"));
            };
            let is_signed = actor.permissions.is_admin
                || call
                    .cluster
                    .signer
                    .verify(&signed.locator, &actor.token, now)
                    .is_ok();
            if !is_signed {
                return Err(ApiError::permission_denied());
            }
            pairs.push((plain(old), plain(signed)));
        }
        tree.for_each_segment(&mut |found: &mut Segment| {
            if let Some((_, new)) = pairs.iter().find(|(old, _)| old == found) {
                *found = new.clone();
            }
        });
        Ok(())
    }

    fn check_targets(&self) -> Result<(), ApiError> {
        for target in self.files.keys() {
            let is_clean = target == "/"
                || target.strip_prefix('/').is_some_and(|path| {
                    path.split('/')
                        .all(|part| !part.is_empty() && part != "." && part != "..")
                });
            if !is_clean {
                return refuse(&format!("invalid replace_files target: {target:?}"));
            }
            let outer = self.files.iter().find(|(outer, source)| {
                let prefix = format!("{}/", outer.trim_end_matches('/'));
                !source.is_empty() && *outer != target && target.starts_with(&prefix)
            });
            if let Some((outer, _)) = outer {
                return refuse(&format!(
                    "replace_files: cannot operate on target {target:?} inside non-empty target \
                     {outer:?}"
                ));
            }
        }
        Ok(())
    }
}

fn refuse<T>(text: &str) -> Result<T, ApiError> {
    Err(ApiError::controller(StatusCode::BAD_REQUEST, text))
}

/// Reads an object of texts.
fn texts(call: &Call<'_>, name: &str, of: &str) -> Result<BTreeMap<String, String>, ApiError> {
    let fail = |value: &Value, field: &str, kind: &str| {
        ApiError::transcode(format!(
            "json: cannot unmarshal {} into Go struct field {of}.{field} of type {kind}",
            json_type(value)
        ))
    };
    let object = match call.params.get(name) {
        None => return Ok(BTreeMap::new()),
        Some(Value::Object(object)) => object,
        Some(other) => return Err(fail(other, name, "map[string]string")),
    };
    object
        .iter()
        .map(|(key, value)| match value {
            Value::String(text) => Ok((key.clone(), text.clone())),
            other => {
                let pointer = key.replace('~', "~0").replace('/', "~1");
                Err(fail(other, &format!("{name}.{pointer}"), "string"))
            }
        })
        .collect()
}

fn read(text: &str) -> Result<Node, ApiError> {
    Node::read(&manifest::strip_signatures(text)).map_err(|_| {
        ApiError::controller(
            StatusCode::BAD_REQUEST,
            "cannot read manifest: a path is both a file and a directory",
        )
    })
}

/// Splits a path into its steps.
fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// Reads `locator offset length`.
fn segment(text: &str) -> Option<Segment> {
    let mut words = text.split(' ');
    Some(Segment {
        locator: words
            .next()
            .filter(|word| manifest::is_locator(word))?
            .to_owned(),
        offset: words.next()?.parse().ok()?,
        length: words.next()?.parse().ok()?,
    })
}

fn plain(segment: Segment) -> Segment {
    let mut parts = segment.locator.split('+').take(2);
    let locator = format!(
        "{}+{}",
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default()
    );
    Segment { locator, ..segment }
}
