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
    segments: Vec<(Segment, Segment)>,
}

impl Replacements {
    /// Reads the parameters; `of` names the options in messages.
    ///
    /// # Errors
    ///
    /// Refuses what is no object of texts, and pieces of blocks that cannot be read.
    pub(crate) fn read(call: &Call<'_>, of: &str) -> Result<Replacements, ApiError> {
        Ok(Replacements {
            files: texts(call, "replace_files", of)?,
            segments: texts(call, "replace_segments", of)?
                .iter()
                .map(|(old, new)| Ok((segment(old)?, segment(new)?)))
                .collect::<Result<_, ApiError>>()?,
        })
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
        let is_used = |source: &String| source.starts_with("manifest_text/");
        if !self.files.is_empty() && !given.is_empty() && !self.files.values().any(is_used) {
            return refuse(
                "invalid request: attrs['manifest_text'] was provided, but would not be used \
                 because it is not referenced by any 'replace_files' entry",
            );
        }
        self.check_targets()?;
        let given = read(given)?;
        let stored = old
            .and_then(|old| old.text("manifest_text"))
            .unwrap_or_default();
        // Whoever replaces everything begins with nothing.
        let current = if self.files.contains_key("/") {
            Node::directory()
        } else {
            read(stored)?
        };
        for source in self.files.values() {
            let Some(path) = source.strip_prefix("current/") else {
                continue;
            };
            if current.find(&parts(path)).is_none() {
                return match current.is_below_file(&parts(path)) {
                    true => Err(broken(&format!("{source}: not a directory"))),
                    false => refuse(&format!("replace_files: nonexistent source {source:?}")),
                };
            }
        }
        let mut result = match attributes.get("manifest_text") {
            Some(_) if self.files.is_empty() => given.clone(),
            _ => current.clone(),
        };
        // What is to go goes first.
        let (gone, new): (Vec<_>, Vec<_>) =
            self.files.iter().partition(|(_, source)| source.is_empty());
        for (target, _) in gone {
            result.remove(&parts(target));
        }
        for (target, source) in new {
            let (name, rest) = source.split_once('/').unwrap_or((source, ""));
            let other;
            let tree = match name {
                "current" if source == "current" => {
                    return Err(broken("internal error: current[current] == nil"));
                }
                "current" => &current,
                "manifest_text" => &given,
                hash if is_plain_hash(hash) => {
                    other = of_hash(call, connection, actor, hash)?;
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
                let reason = match tree.is_below_file(&parts(rest)) {
                    true => "not a directory",
                    false => "file does not exist",
                };
                return refuse(&format!(
                    "error getting snapshot of {rest:?} from {name:?}: {reason}"
                ));
            };
            if target == "/" && matches!(node, Node::File(_)) {
                return Err(broken(
                    "error splicing snapshot onto path \"/\": cannot use Splice to replace a \
                     top-level directory with a file: invalid operation",
                ));
            }
            result.put(&parts(target), node.clone()).map_err(|_| {
                broken(&format!(
                    "error splicing snapshot onto path {target:?}: open {target}: not a directory"
                ))
            })?;
        }
        self.replace_segments(call, actor, &mut result)?;
        attributes.insert("manifest_text".to_owned(), result.write().into());
        Ok(())
    }

    /// Puts pieces of blocks in the place of others that hold the same; what is not there is not
    /// replaced, nor is anything else by the same block.
    fn replace_segments(
        &self,
        call: &Call<'_>,
        actor: &Actor,
        tree: &mut Node,
    ) -> Result<(), ApiError> {
        let now = call.cluster.clock.now() / SECOND;
        let mut present = Vec::new();
        tree.for_each_segment(&mut |found: &mut Segment| present.push(found.clone()));
        let is_present = |old: &Segment| present.contains(&plain(old.clone()));
        let skipped: Vec<&str> = self
            .segments
            .iter()
            .filter(|(old, _)| !is_present(old))
            .map(|(_, new)| new.locator.as_str())
            .collect();
        let mut pairs = Vec::new();
        for (old, new) in &self.segments {
            if skipped.contains(&new.locator.as_str()) {
                continue;
            }
            check_segments(old, new)?;
            let signer = &call.cluster.signer;
            let is_signed = signer.verify(&new.locator, &actor.token, now).is_ok();
            if !is_signed && !actor.permissions.is_admin {
                return Err(ApiError::permission_denied());
            }
            pairs.push((plain(old.clone()), plain(new.clone())));
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

/// The files of a collection that the user can see.
fn of_hash(
    call: &Call<'_>,
    connection: &Connection,
    actor: &Actor,
    hash: &str,
) -> Result<Node, ApiError> {
    let Ok(record) = find_by_hash(connection, &actor.permissions, hash, false) else {
        *call.place.borrow_mut() = format!("/arvados/v1/collections/{hash}");
        return Err(ApiError::not_found());
    };
    read(record.text("manifest_text").unwrap_or_default())
}

/// Reads an object of texts.
fn texts(call: &Call<'_>, name: &str, of: &str) -> Result<BTreeMap<String, String>, ApiError> {
    let fail = |value: &Value, field: &str, kind: &str| {
        ApiError::transcode(format!(
            "json: cannot unmarshal {} into Go struct field {of}.{field} of type {kind}",
            json_type(value)
        ))
    };
    let kind = if name == "replace_segments" {
        "map[arvados.BlockSegment]arvados.BlockSegment"
    } else {
        "map[string]string"
    };
    let object = match call.params.get(name) {
        None => return Ok(BTreeMap::new()),
        Some(Value::Object(object)) => object,
        Some(other) => return Err(fail(other, name, kind)),
    };
    object
        .iter()
        .map(|(key, value)| match value {
            Value::String(text) => Ok((key.clone(), text.clone())),
            // The controller's decoder leaves a text empty for which there is null.
            Value::Null => Ok((key.clone(), String::new())),
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
fn segment(text: &str) -> Result<Segment, ApiError> {
    let mut words = text.split_whitespace();
    let locator = words.next();
    let mut number = || match words.next() {
        None => Err(ApiError::transcode("unexpected EOF")),
        Some(word) => word
            .parse()
            .map_err(|_| ApiError::transcode("expected integer")),
    };
    Ok(Segment {
        offset: number()?,
        length: number()?,
        locator: locator.unwrap_or_default().to_owned(),
    })
}

/// Checks that a piece can stand for another.
fn check_segments(old: &Segment, new: &Segment) -> Result<(), ApiError> {
    if old.length != new.length {
        return refuse(&format!(
            "replace_segments: mismatched length: replacing segment length {} with segment length \
             {}",
            old.length, new.length
        ));
    }
    let Some(size) = new.locator.split('+').nth(1) else {
        return refuse("replace_segments: invalid replacement locator");
    };
    let Ok(size) = size.parse::<u64>() else {
        return refuse(&format!(
            "replace_segments: invalid size hint in replacement locator: strconv.ParseInt: parsing \
             {size:?}: invalid syntax"
        ));
    };
    if new.offset.saturating_add(new.length) > size {
        return refuse(&format!(
            "replace_segments: invalid replacement: offset {} + length {} > block size {size}",
            new.offset, new.length
        ));
    }
    Ok(())
}

/// Says whether a text is a hash with a size and no further hints.
fn is_plain_hash(text: &str) -> bool {
    is_hash(text) && text.split('+').count() == 2
}

/// A failure for which nobody provided.
fn broken(text: &str) -> ApiError {
    ApiError::controller(StatusCode::INTERNAL_SERVER_ERROR, text)
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
