//! A first draft of a policy, from the record of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use keepdocker_terms::link_class::LinkClass;
use serde_json::Value;

use super::reader::SCHEMA;
use super::repository::{is_image_id, repository_of};
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

/// The conditions of one rule: key and values.
type Conditions = BTreeMap<&'static str, BTreeSet<String>>;

/// Writes the narrowest policy under which the recorded run would have gone through.
///
/// Each line of the record is a JSON object; those with `"phase": "attempt"` count, by `verb` and
/// `object`. A person should read the draft: it allows what was done, not what should be done.
///
/// # Errors
/// If a line is not understood, or there is no attempt.
pub fn draft(record: &str) -> Result<String, DraftError> {
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
        let class = if let Operation::LinksCreate { class, .. } = operation {
            class
        } else {
            ""
        };
        let (_, conditions, times) = rules
            .entry((operation.verb(), class))
            .or_insert_with(|| (operation.clone(), Conditions::new(), 0));
        *times += 1;
        for (key, value) in seen(&operation) {
            conditions.entry(key).or_default().insert(value);
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
    for (key, values) in conditions {
        // Not everything had this, so the rule must not ask for it.
        if values.contains("") {
            continue;
        }
        let values: Vec<String> = values
            .iter()
            .map(|value| Value::from(value.as_str()).to_string())
            .collect();
        match key {
            "manifests" => text.push_str("manifests = false\n"),
            "max-replicas" => writeln!(text, "max-replicas = {}", most(&values))
                .expect("writing to a string does not fail"),
            _ => writeln!(text, "{key} = [{}]", values.join(", "))
                .expect("writing to a string does not fail"),
        }
    }
    writeln!(
        text,
        "reason = \"was done {times} times in the recorded run\""
    )
    .expect("writing to a string does not fail");
}

fn most(values: &[String]) -> u64 {
    values
        .iter()
        .filter_map(|value| value.trim_matches('"').parse().ok())
        .max()
        .unwrap_or_default()
}

/// Returns what a rule must ask for to allow just this operation; an empty value asks for nothing.
fn seen(operation: &Operation) -> Vec<(&'static str, String)> {
    let owner = |owner: &Option<String>, none: &str| {
        ("projects", owner.clone().unwrap_or_else(|| none.to_owned()))
    };
    let image = |id: &str| {
        (
            "images",
            if is_image_id(id) {
                id.to_owned()
            } else {
                String::new()
            },
        )
    };
    let stored = |replicas: Option<u32>, classes: &[String]| {
        let mut seen: Vec<_> = classes
            .iter()
            .map(|class| ("storage-classes", class.clone()))
            .collect();
        if classes.is_empty() {
            seen.push(("storage-classes", "cluster-default".to_owned()));
        }
        seen.push((
            "max-replicas",
            replicas
                .map(|replicas| replicas.to_string())
                .unwrap_or_default(),
        ));
        seen
    };
    match operation {
        Operation::EngineFind { name }
        | Operation::EnginePull { name }
        | Operation::RegistryResolve { name } => {
            vec![("repositories", repository(name))]
        }
        Operation::RegistryFetch { name, platform, .. } => vec![
            ("repositories", repository(name)),
            ("platforms", platform.clone().unwrap_or_default()),
        ],
        Operation::ArchivesOpen { source, image: id } => vec![
            ("sources", (*source).to_owned()),
            image(id.as_deref().unwrap_or_default()),
        ],
        Operation::ArchivesForget { image: id } | Operation::LocksAcquire { image: id } => {
            vec![image(id)]
        }
        Operation::KeepExamine { image: id, .. } => vec![image(id)],
        Operation::KeepFetch { target, image: id } => {
            vec![("targets", (*target).to_owned()), image(id)]
        }
        Operation::KeepStore {
            replicas,
            storage_classes,
            ..
        } => stored(*replicas, storage_classes),
        Operation::ProjectsGet { project } => vec![("projects", project.clone())],
        Operation::LinksList { classes, owner: of } => {
            let classes = classes
                .iter()
                .map(|class| ("link-classes", (*class).to_owned()));
            classes.chain([owner(of, "*")]).collect()
        }
        Operation::LinksCreate {
            class,
            name,
            owner: of,
            ..
        } => {
            let object = match LinkClass::named(class) {
                Some(LinkClass::ImageHash) => image(name),
                Some(LinkClass::RepoTag) => ("repositories", repository(name)),
                Some(LinkClass::Migration) | None => ("repositories", String::new()),
            };
            vec![
                ("link-classes", (*class).to_owned()),
                owner(of, "home"),
                object,
            ]
        }
        Operation::CollectionsList {
            manifests,
            owner: of,
        } => vec![
            (
                "manifests",
                if *manifests {
                    String::new()
                } else {
                    "false".to_owned()
                },
            ),
            owner(of, "*"),
        ],
        Operation::CollectionsCreate {
            owner: of,
            replicas,
            storage_classes,
            ..
        } => {
            let mut seen = stored(*replicas, storage_classes);
            seen.push(owner(of, "home"));
            seen
        }
        Operation::CollectionsUpdate { owner: of, .. } => vec![owner(of, "home")],
        Operation::LogWrite { .. }
        | Operation::ArchivesImages
        | Operation::ClusterGet
        | Operation::UsersCurrent => Vec::new(),
    }
}

fn repository(reference: &str) -> String {
    repository_of(reference).unwrap_or_default()
}
