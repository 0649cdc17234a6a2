//! The rules that the mounts of a container request must keep.

use serde_json::{Map, Value};

use crate::query::words::ruby_inspect;
use crate::store::record::Record;

/// What each kind of mount may say of itself.
const FIELDS: [(&str, &[&str]); 6] = [
    (
        "collection",
        &[
            "uuid",
            "portable_data_hash",
            "writable",
            "path",
            "exclude_from_output",
        ],
    ),
    ("tmp", &["capacity", "device_type", "exclude_from_output"]),
    ("keep", &["exclude_from_output"]),
    ("file", &["path", "exclude_from_output"]),
    ("json", &["content", "exclude_from_output"]),
    ("text", &["content", "exclude_from_output"]),
];

/// The devices that hold what a container writes.
const DEVICES: [&str; 5] = ["ram", "ssd", "disk", "network", ""];

/// One list of mounts.
struct List {
    /// Its attribute.
    name: &'static str,
    /// How messages begin.
    label: &'static str,
    /// The streams that may stand for a path.
    streams: &'static [&'static str],
    /// The kinds that are allowed; empty for all.
    kinds: &'static [&'static str],
}

const LISTS: [List; 2] = [
    List {
        name: "mounts",
        label: "Mounts",
        streams: &["stdin", "stdout", "stderr"],
        kinds: &[],
    },
    List {
        name: "secret_mounts",
        label: "Secret mounts",
        streams: &["stdin"],
        kinds: &["json", "text"],
    },
];

/// Checks the mounts of a request, and that its output is one; `errors` collects what is wrong.
pub(super) fn check(record: &Record, errors: &mut Vec<String>) {
    for list in LISTS {
        let mounts = record.json(list.name).unwrap_or_default();
        for (target, mount) in mounts.as_object().into_iter().flatten() {
            list.check(target, mount, errors);
        }
    }
    let mounts = record.json("mounts").unwrap_or_default();
    let output = record.text("output_path");
    if output.is_none_or(|output| mounts.get(output).is_none()) {
        errors.push("Output path must be a mount target".to_owned());
    }
}

impl List {
    fn check(&self, target: &str, mount: &Value, errors: &mut Vec<String>) {
        let label = self.label;
        if !target.starts_with('/') && !self.streams.contains(&target) {
            errors.push(format!(
                "{label} [{target}]: invalid target: must be {} or an absolute path",
                self.streams.join(", ")
            ));
        }
        let Value::Object(mount) = mount else {
            errors.push(format!(
                "{label} [{target}]: invalid mount specification: must be a hash, not a string"
            ));
            return;
        };
        let kind = mount.get("kind").unwrap_or(&Value::Null);
        let fields = FIELDS
            .iter()
            .find(|(known, _)| kind == known)
            .filter(|(known, _)| self.kinds.is_empty() || self.kinds.contains(known));
        let Some((kind, fields)) = fields else {
            errors.push(format!(
                "{label} [{target}][kind]: unsupported value {}",
                ruby_inspect(kind)
            ));
            return;
        };
        for (key, value) in mount {
            if let Some(wanted) = wrong_type(kind, key, value) {
                errors.push(format!(
                    "{label} [{target}][{key}]: incompatible value type: {wanted}"
                ));
            }
        }
        for (key, value) in mount {
            if key != "kind" && !fields.contains(&key.as_str()) && !is_nothing(value) {
                errors.push(format!(
                    "{label} [{target}][{key}]: parameter is not supported for a {kind} mount"
                ));
            }
        }
    }
}

/// Says what a value should have been, if it is not.
fn wrong_type(kind: &str, key: &str, value: &Value) -> Option<&'static str> {
    let (is_right, wanted) = match key {
        "kind" | "uuid" | "portable_data_hash" | "path" => (value.is_string(), "string required"),
        "writable" | "exclude_from_output" => (value.is_boolean(), "boolean required"),
        "capacity" => (value.is_i64(), "integer required"),
        "device_type" => (
            value.as_str().is_some_and(|name| DEVICES.contains(&name)),
            "value from list required",
        ),
        "content" if kind == "text" => (value.is_string(), "string required"),
        _ => (true, ""),
    };
    (!is_right).then_some(wanted)
}

/// Says whether a value is what the controller writes for none.
fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false)) || *value == 0 || *value == ""
}

/// Names mounted collections by their content, where that is not said.
pub(super) fn by_content(
    mounts: Map<String, Value>,
    mut find: impl FnMut(&str) -> Option<String>,
) -> Result<Map<String, Value>, String> {
    let mut resolved = Map::new();
    for (target, mut mount) in mounts {
        if mount["kind"] == "collection"
            && let Some(mount) = mount.as_object_mut()
        {
            let uuid = mount.remove("uuid").unwrap_or_default();
            let is_said = mount
                .get("portable_data_hash")
                .is_some_and(|hash| !hash.is_null());
            if !is_said && let Value::String(uuid) = &uuid {
                let Some(hash) = find(uuid) else {
                    return Err(uuid.clone());
                };
                mount.insert("portable_data_hash".to_owned(), hash.into());
            }
        }
        resolved.insert(target, mount);
    }
    Ok(resolved)
}
