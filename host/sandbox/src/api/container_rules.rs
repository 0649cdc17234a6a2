//! The rules that every container request must keep.

use rusqlite::types::Value as Sql;
use serde_json::{Map, Value, json};

use super::assign::human;
use super::container_mounts;
use super::container_requests::{constraints, default_json};
use crate::clock;
use crate::query::words::ruby_inspect;
use crate::store::record::Record;
use crate::store::table::{CONTAINER_REQUESTS, Type};

/// What may change at any time.
const ALWAYS: [&str; 5] = ["description", "name", "owner_uuid", "properties", "state"];

/// What may change until a request is committed.
const BEFORE_COMMIT: [&str; 23] = [
    "command",
    "container_count_max",
    "container_image",
    "container_uuid",
    "cwd",
    "environment",
    "filters",
    "mounts",
    "output_glob",
    "output_name",
    "output_path",
    "output_properties",
    "output_storage_classes",
    "output_ttl",
    "priority",
    "published_ports",
    "runtime_constraints",
    "runtime_token",
    "scheduling_parameters",
    "secret_mounts",
    "service",
    "state",
    "use_existing",
];

/// What may change in a committed request, beside what always may.
const COMMITTED: [&str; 5] = [
    "container_count",
    "container_count_max",
    "container_uuid",
    "cumulative_cost",
    "priority",
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

/// Checks a request; `errors` collects what is wrong with it, in the order of the real service.
///
/// `numbers` is what is wrong with the numbers as the client sent them.
pub(super) fn check(
    old: Option<&Record>,
    record: &Record,
    numbers: Vec<String>,
    errors: &mut Vec<String>,
) {
    let state = |record: &Record| record.text("state").unwrap_or_default().to_owned();
    let (from, to) = (old.map(state).unwrap_or_default(), state(record));
    for name in ["command", "container_image", "output_path", "cwd"] {
        if record
            .text(name)
            .is_none_or(|text| matches!(text.trim(), "" | "[]"))
        {
            errors.push(format!("{} can't be blank", human(name)));
        }
    }
    errors.extend(numbers);
    check_texts(record, errors);
    // What lies there already is not looked at again, unless it is to run now.
    if to == "Committed" || old.is_none() {
        check_environment(record, errors);
        container_mounts::check(record, errors);
        check_constraints(record, to == "Committed", errors);
        check_schedule(record, to == "Committed" && from != to, errors);
    }
    let is_allowed = matches!(
        (from.as_str(), to.as_str()),
        ("", "Uncommitted" | "Committed") | ("Uncommitted", "Committed") | ("Committed", "Final")
    );
    if (old.is_none() || from != to) && !is_allowed {
        errors.push(format!("State cannot change from {from} to {to}"));
    }
    check_changes(old, record, &from, &to, errors);
    let (mounts, secrets) = (object(record, "mounts"), object(record, "secret_mounts"));
    if secrets.keys().any(|path| mounts.contains_key(path)) {
        errors.push("Secret mounts conflict with non-secret mounts".to_owned());
    }
    check_ports(record, errors);
}

/// Checks that lists hold texts.
fn check_texts(record: &Record, errors: &mut Vec<String>) {
    for (name, may_be_empty) in [
        ("command", true),
        ("output_glob", false),
        ("output_storage_classes", false),
    ] {
        let items = record.json(name).unwrap_or_default();
        let is_text = |item: &Value| {
            item.as_str()
                .is_some_and(|text| may_be_empty || !text.is_empty())
        };
        if !items
            .as_array()
            .is_some_and(|items| items.iter().all(is_text))
        {
            let kind = if may_be_empty { "" } else { "non-empty " };
            errors.push(format!("{} must be an array of {kind}strings", human(name)));
        }
    }
}

fn check_environment(record: &Record, errors: &mut Vec<String>) {
    for (name, value) in object(record, "environment") {
        if name.contains(['\0', '=']) {
            errors.push(format!(
                "Environment key {name:?} contains an invalid character NUL or '='"
            ));
        }
        if name.is_empty() {
            errors.push("Environment key cannot be empty".to_owned());
        }
        match value.as_str() {
            None => errors.push(format!(
                "Environment [{name}]: incompatible value type: string required"
            )),
            Some(text) if text.contains('\0') => errors.push(format!(
                "Environment value for {name:?} contains invalid character NUL"
            )),
            Some(_) => {}
        }
    }
}

fn check_constraints(record: &Record, is_committed: bool, errors: &mut Vec<String>) {
    let constraints = object(record, "runtime_constraints");
    if is_committed {
        for name in ["vcpus", "ram"] {
            let given = &constraints[name];
            if given.as_i64().is_none_or(|number| number < 1) {
                errors.push(format!(
                    "Runtime constraints [{name}]={} must be a positive integer",
                    ruby_inspect(given)
                ));
            }
        }
        if !constraints["gpu"].is_object() {
            errors.push("Runtime constraints [gpu] must be a hash".to_owned());
        }
    }
    let known = [
        "API",
        "gpu",
        "keep_cache_disk",
        "keep_cache_ram",
        "ram",
        "vcpus",
        "cuda",
    ];
    check_keys("Runtime constraints", &constraints, &known, errors);
}

fn check_schedule(record: &Record, is_committed_now: bool, errors: &mut Vec<String>) {
    let schedule = object(record, "scheduling_parameters");
    let partitions = &schedule["partitions"];
    let is_list = partitions
        .as_array()
        .is_some_and(|list| list.iter().all(Value::is_string));
    if !partitions.is_null() && !is_list {
        errors.push("Scheduling parameters partitions must be an array of strings".to_owned());
    }
    if schedule["max_run_time"]
        .as_i64()
        .is_none_or(|time| time < 0)
    {
        errors.push("Scheduling parameters max_run_time must be positive integer".to_owned());
    }
    let known = ["max_run_time", "partitions", "preemptible", "supervisor"];
    check_keys("Scheduling parameters", &schedule, &known, errors);
    let is_preemptible = !matches!(schedule["preemptible"], Value::Null | Value::Bool(false));
    if is_committed_now && is_preemptible {
        errors.push(
            "Scheduling parameters preemptible instances are not configured in InstanceTypes"
                .to_owned(),
        );
    }
}

/// Refuses keys that an object may not have.
fn check_keys(label: &str, given: &Map<String, Value>, known: &[&str], errors: &mut Vec<String>) {
    let unknown: Vec<Value> = given
        .keys()
        .filter(|key| !known.contains(&key.as_str()))
        .map(|key| key.as_str().into())
        .collect();
    if !unknown.is_empty() {
        errors.push(format!(
            "{label} contains unexpected keys {}",
            ruby_inspect(&unknown.into())
        ));
    }
}

/// Checks the ports that a service shows.
fn check_ports(record: &Record, errors: &mut Vec<String>) {
    if record.is("service") && record.is("use_existing") {
        errors.push("Use existing cannot be true if 'service' is true".to_owned());
    }
    for (port, entry) in object(record, "published_ports") {
        let start = format!("Published ports entry {port}");
        if !port.parse::<u16>().is_ok_and(|port| port > 0) {
            errors.push(format!(
                "{start} must be a decimal port number in the range 1-65535"
            ));
            continue;
        }
        let Value::Object(entry) = &entry else {
            errors.push(format!("{start} must be an hash: {}", ruby_inspect(&entry)));
            continue;
        };
        for key in entry.keys() {
            if !["access", "label", "initial_path"].contains(&key.as_str()) {
                errors.push(format!("{start} has invalid key: {key:?}"));
            }
        }
        let given = |key: &str| entry.get(key).cloned().unwrap_or_default();
        let (access, label, path) = (given("access"), given("label"), given("initial_path"));
        if access != "private" && access != "public" {
            errors.push(format!(
                "{start} 'access' must be one of 'public' or 'private' but was: {}",
                ruby_inspect(&access)
            ));
        }
        if !label.is_string() {
            errors.push(format!(
                "{start} 'label' must be a string but was: {}",
                ruby_inspect(&label)
            ));
        } else if label == "" {
            errors.push(format!("{start} 'label' cannot be empty"));
        }
        if !path.is_string() {
            errors.push(format!(
                "{start} 'initial_path' must be a string but was: {}",
                ruby_inspect(&path)
            ));
        }
    }
}

/// Refuses changes that the state of a request does not allow.
fn check_changes(
    old: Option<&Record>,
    record: &Record,
    from: &str,
    to: &str,
    errors: &mut Vec<String>,
) {
    let is_open = matches!(from, "" | "Uncommitted");
    let is_ending = (from, to) == ("Committed", "Final");
    let defaults = old.is_none().then(|| {
        let mut defaults = Record::new(&CONTAINER_REQUESTS);
        set_defaults(&mut defaults);
        defaults
    });
    for column in CONTAINER_REQUESTS
        .columns
        .iter()
        .filter(|column| column.is_visible)
    {
        let name = column.name;
        let is_stamped = matches!(
            name,
            "uuid" | "created_at" | "modified_at" | "modified_by_user_uuid"
        );
        let is_permitted = ALWAYS.contains(&name)
            || (is_open && BEFORE_COMMIT.contains(&name))
            || (to == "Committed" && COMMITTED.contains(&name))
            || (is_ending && matches!(name, "priority" | "cumulative_cost"));
        let Some(before) = old.or(defaults.as_ref()) else {
            continue;
        };
        if is_stamped || is_permitted || record.value(name) == before.value(name) {
            continue;
        }
        errors.push(format!(
            "{} cannot be modified in state '{to}' ({}, {})",
            human(name),
            inspect(before, name, column.kind),
            inspect(record, name, column.kind)
        ));
    }
}

/// Refuses changes of what only the cluster itself sets.
pub(super) fn check_container(old: Option<&Record>, record: &Record, errors: &mut Vec<String>) {
    let is_changed = |name: &str, default: &Sql| {
        let before = old.map_or(default, |old| old.value(name));
        record.value(name) != before
    };
    if is_changed("container_uuid", &Sql::Null) && record.text("container_uuid").is_some() {
        errors.push("Container uuid can only be updated to nil.".to_owned());
    } else if is_changed("container_count", &Sql::Integer(0)) {
        errors.push("Container count cannot be updated directly.".to_owned());
    }
}

/// Shows a value as the service's language does.
fn inspect(record: &Record, name: &str, kind: Type) -> String {
    match (kind, record.value(name)) {
        (Type::Boolean, Sql::Integer(number)) => (*number != 0).to_string(),
        (Type::Time, Sql::Integer(moment)) => clock::format_ruby(*moment),
        (_, Sql::Integer(number)) => number.to_string(),
        (_, Sql::Real(number)) => format!("{number:?}"),
        (Type::Object | Type::Mounts | Type::Array, Sql::Text(text)) => {
            ruby_inspect(&serde_json::from_str(text).unwrap_or_default())
        }
        (_, Sql::Text(text)) => format!("{text:?}"),
        _ => "nil".to_owned(),
    }
}

fn object(record: &Record, name: &str) -> Map<String, Value> {
    match record.json(name) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}
