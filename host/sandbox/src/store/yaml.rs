//! Reads the YAML that recorded rows keep in some columns.

use serde_json::{Map, Value, json};

use crate::clock;

/// Reads the scopes of a recorded token: a JSON list or the YAML that the database keeps.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn read_scopes(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_else(|_| {
        text.lines()
            .filter_map(|line| line.strip_prefix("- "))
            .map(|scope| scope.trim().to_owned())
            .collect()
    })
}

/// Reads the two levels of plain `key: value` YAML that recorded preferences consist of.
pub(crate) fn yaml_object(text: &str) -> Value {
    if let Ok(object @ Value::Object(_)) = serde_json::from_str(text) {
        return object;
    }
    let mut object = Map::new();
    let mut last = String::new();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if let Some(key) = key.strip_prefix("  ") {
            if let Some(Value::Object(inner)) = object.get_mut(&last) {
                inner.insert(key.to_owned(), scalar(value));
            }
        } else if value.is_empty() {
            last = key.to_owned();
            object.insert(last.clone(), json!({}));
        } else {
            object.insert(key.to_owned(), scalar(value));
        }
    }
    object.into()
}

/// Reads one YAML value; moments become the form of the API.
fn scalar(text: &str) -> Value {
    if text == "{}" {
        return json!({});
    }
    if text.len() > 10
        && let Some(moment) = clock::parse(text)
    {
        return clock::format(moment).into();
    }
    text.trim_matches('\'').trim_matches('"').into()
}
