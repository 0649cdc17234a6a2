//! The rules that every container request must keep.

use serde_json::{Map, Value, json};

use super::assign::human;
use super::container_requests::{constraints, default_json};
use crate::store::record::Record;
use crate::store::table::CONTAINER_REQUESTS;

/// What a mount may be.
const KINDS: [&str; 10] = [
    "collection",
    "file",
    "git_tree",
    "json",
    "keep",
    "stderr",
    "stdin",
    "stdout",
    "text",
    "tmp",
];

/// What a secret mount may be.
const SECRET_KINDS: [&str; 2] = ["json", "text"];

/// What may change once a request is committed.
const COMMITTED: [&str; 8] = [
    "container_count_max",
    "description",
    "name",
    "output_name",
    "output_properties",
    "priority",
    "properties",
    "expires_at",
];

/// What may change once a request is final.
const FINAL: [&str; 5] = [
    "description",
    "name",
    "output_uuid",
    "log_uuid",
    "properties",
];

/// Fills in what a client may leave out.
pub(super) fn set_defaults(record: &mut Record) {
    for (name, default) in [("state", "Uncommitted"), ("cwd", ".")] {
        if record.text(name).is_none() {
            record.set(name, default.to_owned());
        }
    }
    for (name, default) in [
        ("container_count", 0),
        ("container_count_max", 3),
        ("output_ttl", 0),
        ("priority", 0),
        ("service", 0),
        ("use_existing", 1),
    ] {
        if record.integer(name).is_none() {
            record.set(name, default);
        }
    }
    if record.value("cumulative_cost") == &rusqlite::types::Value::Null {
        record.set("cumulative_cost", 0.0);
    }
    for name in [
        "environment",
        "mounts",
        "output_properties",
        "properties",
        "published_ports",
    ] {
        default_json(record, name, &json!({}));
    }
    for name in ["command", "output_glob"] {
        default_json(record, name, &json!([]));
    }
    default_json(record, "secret_mounts", &json!({}));
    default_json(record, "output_storage_classes", &json!(["default"]));
    complete(record, "runtime_constraints", constraints());
    let schedule = json!({
        "max_run_time": 0, "partitions": [], "preemptible": false, "supervisor": false,
    });
    complete(record, "scheduling_parameters", schedule);
}

/// Adds to an object the attributes that it lacks.
fn complete(record: &mut Record, name: &str, mut whole: Value) {
    if let (Some(whole), Some(Value::Object(given))) = (whole.as_object_mut(), record.json(name)) {
        whole.extend(given);
    }
    record.set(name, whole.to_string());
}

/// Checks a request; `errors` collects what is wrong with it.
pub(super) fn check(old: Option<&Record>, record: &Record, errors: &mut Vec<String>) {
    let state = |record: &Record| record.text("state").unwrap_or_default().to_owned();
    let (from, to) = (old.map(state).unwrap_or_default(), state(record));
    let is_allowed = matches!(
        (from.as_str(), to.as_str()),
        ("", "Uncommitted" | "Committed") | ("Uncommitted", "Committed")
    );
    if from != to && !is_allowed {
        errors.push(format!("State cannot change from {from} to {to}"));
        return;
    }
    if let Some(old) = old {
        check_changes(old, record, &from, errors);
    }
    let priority = record.integer("priority").unwrap_or_default();
    if priority < 0 {
        errors.push("Priority must be greater than or equal to 0".to_owned());
    } else if priority > 1000 {
        errors.push("Priority must be less than or equal to 1000".to_owned());
    }
    if to == "Committed" && from != "Committed" {
        check_committed(record, errors);
    }
}

/// Refuses changes of what the container of a request was made of.
fn check_changes(old: &Record, record: &Record, state: &str, errors: &mut Vec<String>) {
    let allowed: &[&str] = match state {
        "Committed" => &COMMITTED,
        "Final" => &FINAL,
        _ => return,
    };
    for column in CONTAINER_REQUESTS
        .columns
        .iter()
        .filter(|column| column.is_visible)
    {
        let name = column.name;
        let is_owner = matches!(name, "owner_uuid" | "uuid");
        if is_owner || allowed.contains(&name) || record.value(name) == old.value(name) {
            continue;
        }
        errors.push(format!(
            "{} cannot be modified in state '{state}' ({}, {})",
            human(name),
            inspect(old, name),
            inspect(record, name)
        ));
    }
}

/// Shows a value as the service's language does.
fn inspect(record: &Record, name: &str) -> String {
    let value = match record.value(name) {
        rusqlite::types::Value::Integer(number) => return number.to_string(),
        rusqlite::types::Value::Text(text) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
        }
        _ => return "nil".to_owned(),
    };
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// Checks what a container needs.
fn check_committed(record: &Record, errors: &mut Vec<String>) {
    for name in ["command", "container_image", "output_path", "cwd"] {
        if record
            .text(name)
            .is_none_or(|text| matches!(text.trim(), "" | "[]"))
        {
            errors.push(format!("{} can't be blank", human(name)));
        }
    }
    let constraints = record.json("runtime_constraints").unwrap_or_default();
    for name in ["vcpus", "ram"] {
        let given = &constraints[name];
        if given.as_i64().is_none_or(|number| number < 1) {
            errors.push(format!(
                "Runtime constraints [{name}]={given} must be a positive integer"
            ));
        }
    }
    let mounts = object(record, "mounts");
    let secrets = object(record, "secret_mounts");
    check_mounts("Mounts", &mounts, &KINDS, errors);
    check_mounts("Secret mounts", &secrets, &SECRET_KINDS, errors);
    let output = record.text("output_path").unwrap_or_default();
    if !output.is_empty() && !mounts.contains_key(output) {
        errors.push("Output path must be a mount target".to_owned());
    }
}

fn object(record: &Record, name: &str) -> Map<String, Value> {
    match record.json(name) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn check_mounts(
    label: &str,
    mounts: &Map<String, Value>,
    kinds: &[&str],
    errors: &mut Vec<String>,
) {
    for (path, mount) in mounts {
        let kind = &mount["kind"];
        if !kind.as_str().is_some_and(|kind| kinds.contains(&kind)) {
            errors.push(format!("{label} [{path}][kind]: unsupported value {kind}"));
        }
    }
}
