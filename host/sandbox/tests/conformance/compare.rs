//! Compares an answer with the recorded one: everything but what differs from run to run.

use serde_json::{Map, Value};

/// Objects whose keys are site-specific; their values are compared by type.
const SITE_KEYS: [&str; 4] = ["Volumes", "Services", "RemoteClusters", "InstanceTypes"];

/// Compares two JSON values and returns the differences, one line each.
pub(crate) fn json(path: &str, then: &Value, now: &Value, differences: &mut Vec<String>) {
    match (then, now) {
        (Value::Object(old), Value::Object(new)) => {
            let varying = varying(old);
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                differences.push(format!("{path}.{key}: missing"));
            }
            for key in new.keys().filter(|key| !old.contains_key(*key)) {
                differences.push(format!("{path}.{key}: extra"));
            }
            for (key, old) in old
                .iter()
                .filter(|(key, _)| !varying.contains(&key.as_str()))
            {
                let path = format!("{path}.{key}");
                if let Some(new) = new.get(key).filter(|_| !is_row_number(&path)) {
                    json(&path, old, new, differences);
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            if old.len() != new.len() {
                differences.push(format!(
                    "{path}: {} items, recorded {}",
                    new.len(),
                    old.len()
                ));
            }
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                json(&format!("{path}[{index}]"), old, new, differences);
            }
        }
        (Value::String(old), Value::String(new)) => {
            if text(path, old) != text(path, new) {
                differences.push(format!("{path}: {new:?}, recorded {old:?}"));
            }
        }
        (old, new) if old == new => {}
        (old, new) => differences.push(format!("{path}: {new}, recorded {old}")),
    }
}

/// Says whether a path leads to the number of a row. It depends on requests that are absent.
fn is_row_number(path: &str) -> bool {
    path.ends_with("_attributes.id")
}

/// The attributes of a record that differ from run to run, whatever their form.
fn varying(record: &Map<String, Value>) -> &'static [&'static str] {
    match record.get("kind").and_then(Value::as_str) {
        // Every request leaves an event, those of the recording's setup too.
        Some("arvados#log") => &["id", "uuid"],
        // A number made from the time.
        Some("arvados#container") => &["priority"],
        _ => &[],
    }
}

/// Compares names and types alone, for values that are a site's own settings.
pub(crate) fn shape(path: &str, then: &Value, now: &Value, differences: &mut Vec<String>) {
    match (then, now) {
        (Value::Object(old), Value::Object(new)) => {
            let is_site = SITE_KEYS.iter().any(|key| path.ends_with(key));
            if is_site && old.len() == new.len() {
                for (old, new) in old.values().zip(new.values()) {
                    shape(path, old, new, differences);
                }
                return;
            }
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                if !key.starts_with("http") {
                    differences.push(format!("{path}.{key}: missing"));
                }
            }
            for key in new.keys().filter(|key| !old.contains_key(*key)) {
                if !key.starts_with("http") {
                    differences.push(format!("{path}.{key}: extra"));
                }
            }
            for (key, old) in old {
                if let Some(new) = new.get(key) {
                    shape(&format!("{path}.{key}"), old, new, differences);
                }
            }
        }
        (old, new) if std::mem::discriminant(old) == std::mem::discriminant(new) => {}
        (old, new) => differences.push(format!("{path}: {new}, recorded {old}")),
    }
}

/// Checks that every name in `now` is recorded too, with the same stable values; fewer is allowed.
pub(crate) fn subset(path: &str, then: &Value, now: &Value, differences: &mut Vec<String>) {
    match (then, now) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, new) in new {
                match old.get(key) {
                    Some(old) => subset(&format!("{path}.{key}"), old, new, differences),
                    None => differences.push(format!("{path}.{key}: extra")),
                }
            }
        }
        (old, new) if old == new => {}
        (Value::String(_), Value::String(_)) if path.ends_with(".description") => {}
        (old, new) => differences.push(format!("{path}: {new}, recorded {old}")),
    }
}

/// Compares names and types at the start of a document of which only that was recorded.
pub(crate) fn prefix(then: &Value, now: &Value, differences: &mut Vec<String>) {
    let piece = then.as_str().unwrap_or_default();
    let Some((flat, _)) = piece.split_once(",\"parameters\":") else {
        return differences.push("the recorded piece is too short".to_owned());
    };
    let then: Value = serde_json::from_str(&format!("{flat}}}")).unwrap();
    for (name, then) in then.as_object().unwrap() {
        match now.get(name) {
            Some(now) => shape(&format!(".{name}"), then, now, differences),
            None => differences.push(format!(".{name}: missing")),
        }
    }
}

/// Blanks what differs from run to run in one text.
pub(crate) fn text(path: &str, value: &str) -> String {
    let key = path.rsplit('.').next().unwrap_or_default();
    if key == "etag" || key.ends_with("_etag") {
        return if value.is_empty() { "none" } else { "some" }.to_owned();
    }
    if key == "error_token" {
        let is_right = value.split_once('+').is_some_and(|(time, random)| {
            time.bytes().all(|byte| byte.is_ascii_digit()) && random.len() == 8
        });
        return is_right.to_string();
    }
    if let Some(moment) = moment(value) {
        return moment;
    }
    without_times(&without_addresses(&unsigned(&without_request_ids(value))))
}

/// Blanks moments in nanoseconds, as in the index of a store.
fn without_times(value: &str) -> String {
    value
        .split_inclusive(|c: char| !c.is_ascii_digit())
        .map(|part| {
            let digits = part.trim_end_matches(|c: char| !c.is_ascii_digit());
            if digits.len() == 19 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                part.replace(digits, "time")
            } else {
                part.to_owned()
            }
        })
        .collect()
}

/// Blanks the addresses of services.
fn without_addresses(value: &str) -> String {
    let mut parts = value.split("http://127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "http://*" + part.trim_start_matches(|c: char| c.is_ascii_digit())
    })
}

/// Blanks a moment of the recording or of this run, keeping its form: whether digits below the
/// microsecond are there.
fn moment(value: &str) -> Option<String> {
    let bytes = value.as_bytes();
    let is_moment = bytes.len() == 30
        && bytes[10] == b'T'
        && bytes[29] == b'Z'
        && bytes[..4].iter().all(u8::is_ascii_digit);
    if !is_moment {
        return None;
    }
    // The fixtures are older; what is stamped at load or later differs.
    let is_stable = !("2026-11".."2030").contains(&value);
    if is_stable {
        return Some(value.to_owned());
    }
    let has_nanos = !value.ends_with("000Z");
    Some(format!("moment, nanoseconds {has_nanos}"))
}

fn without_request_ids(value: &str) -> String {
    let mut result = String::new();
    let mut rest = value;
    while let Some(start) = rest.find("(req-") {
        let (before, id) = rest.split_at(start);
        let end = id.find(')').unwrap_or(id.len());
        result.push_str(before);
        let name = &id[5..end];
        // The recorded client's own id must come back; others are made up anew.
        if name == "abcdefghij0123456789" {
            result.push_str(&id[..end]);
        } else {
            result.push_str("(req-");
            let is_right = (15..=20).contains(&name.len());
            result.push_str(if is_right { "*" } else { name });
        }
        rest = &id[end..];
    }
    result + rest
}

/// Blanks signatures, keeping that they are there.
fn unsigned(value: &str) -> String {
    let mut result = String::new();
    let mut rest = value;
    while let Some(start) = rest.find("+A") {
        let (before, hint) = rest.split_at(start);
        result.push_str(before);
        if hint.len() >= 51 && hint.as_bytes()[42] == b'@' {
            result.push_str("+A*");
            rest = &hint[51..];
        } else {
            result.push_str("+A");
            rest = &hint[2..];
        }
    }
    result + rest
}
