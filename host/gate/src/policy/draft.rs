//! A first draft of a policy, from the record of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use keepdocker_terms::uuid;
use serde_json::Value;

use super::context::Cluster;
use super::keys::Key;
use super::reader::SCHEMA;
use crate::{ObjectError, Operation, Verb};

/// Why a record makes no draft.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// A line is not JSON.
    #[error("line {line} of the record is not JSON: {source}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// Why not.
        source: serde_json::Error,
    },
    /// A line's object is none of its verb's.
    #[error("line {line} of the record: {source}")]
    Object {
        /// The line, from 1.
        line: usize,
        /// Why not.
        source: ObjectError,
    },
    /// The record has no attempt in it.
    #[error("the record holds no attempt, so there is nothing to allow")]
    Empty,
}

/// The conditions of one rule by their names: key and values.
type Conditions = BTreeMap<&'static str, (Key, BTreeSet<String>)>;

/// Writes the narrowest policy under which the recorded run would have gone through.
///
/// Each line of the record is a JSON object; those with `"phase": "attempt"` count, by `verb` and
/// `object`. A person should read the draft: it allows what was done, not what should be done.
///
/// # Errors
/// If a line is not understood, or there is no attempt.
pub fn draft(record: &str) -> Result<String, DraftError> {
    let cluster = cluster_of(record);
    let mut rules: BTreeMap<(Verb, &'static str), (Operation, Conditions, usize)> = BTreeMap::new();
    let (mut calls, mut writes) = (0_u64, 0_u64);
    for (index, text) in record
        .lines()
        .enumerate()
        .filter(|(_, text)| !text.trim().is_empty())
    {
        let line = index + 1;
        let entry: Value =
            serde_json::from_str(text).map_err(|source| DraftError::NotJson { line, source })?;
        if entry["phase"] != "attempt" {
            continue;
        }
        let verb = entry["verb"].as_str().unwrap_or_default();
        let object = entry["object"].as_object().cloned().unwrap_or_default();
        let operation = Operation::from_object(verb, &object)
            .map_err(|source| DraftError::Object { line, source })?;
        calls += 1;
        writes += u64::from(operation.writes());
        let class = operation.about().link_class.unwrap_or_default();
        let (_, conditions, times) = rules
            .entry((operation.verb(), class))
            .or_insert_with(|| (operation.clone(), Conditions::new(), 0));
        *times += 1;
        for key in Key::ALL {
            let seen = key.seen(&operation, &cluster);
            if !seen.is_empty() {
                conditions
                    .entry(key.name())
                    .or_insert((key, BTreeSet::new()))
                    .1
                    .extend(seen);
            }
        }
    }
    if rules.is_empty() {
        return Err(DraftError::Empty);
    }
    let mut text = format!(
        "# A draft from the record of a run: it allows what was done there and nothing else.\n# Read it, widen what must be wider, and say why in each `reason`.\nschema = \"{SCHEMA}\"\n\n[limits]\nhost-calls = {calls}\nwrites = {writes}\n"
    );
    for ((_, class), (operation, conditions, times)) in rules {
        write_rule(&mut text, class, &operation, conditions, times);
    }
    Ok(text)
}

fn write_rule(
    text: &mut String,
    class: &str,
    operation: &Operation,
    conditions: Conditions,
    times: usize,
) {
    let verb = operation.verb().name();
    let suffix = class
        .strip_prefix("docker_image_")
        .map(|class| format!("-{}", class.replace('+', "-")))
        .unwrap_or_default();
    let id = format!("{}{suffix}", verb.replace('.', "-"));
    write!(text, "\n[[allow]]\nid = {id:?}\nverbs = [{verb:?}]\n")
        .expect("writing to a string does not fail");
    for (name, (key, values)) in conditions {
        // Not everything had this, so the rule must not ask for it.
        if values.contains("") {
            continue;
        }
        let values: Vec<String> = values
            .iter()
            .map(|value| Value::from(value.as_str()).to_string())
            .collect();
        writeln!(text, "{name} = {}", key.drafted(&values))
            .expect("writing to a string does not fail");
    }
    let times = match times {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    writeln!(text, "reason = \"done {times} in the recorded run\"")
        .expect("writing to a string does not fail");
}

/// Returns the cluster that the run was on: by what it began with, and by what the cluster said of itself.
fn cluster_of(record: &str) -> Cluster {
    let mut cluster = Cluster::default();
    for entry in record
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
    {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        if entry["phase"] == "open" {
            cluster.host = text(&entry["cluster"]["host"]).unwrap_or_default();
            cluster.id = text(&entry["cluster"]["id"]);
        } else if entry["verb"] == Verb::ClusterGet.name() {
            let told = text(&entry["answer"]["ok"]["id"]);
            cluster.id = cluster.id.or(told.filter(|id| uuid::is_cluster(id)));
        }
    }
    cluster
}
