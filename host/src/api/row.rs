//! What all rows of lists have in common.

use chrono::DateTime;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::bindings::types::Property;

/// A row that can be told from others and put in order.
pub(super) trait Row {
    /// The row's UUID.
    fn uuid(&self) -> &str;

    /// When the row was created, as the server wrote it.
    fn created_at(&self) -> &str;

    /// When the row was created, in microseconds since 1970, which is what the database keeps.
    ///
    /// The text is of no use for comparing: one moment can be written in several ways.
    fn created_micros(&self) -> Option<i64> {
        DateTime::parse_from_rfc3339(self.created_at())
            .ok()
            .map(|time| time.timestamp_micros())
    }
}

/// Reads null as the type's empty value: the two servers of a cluster differ in this.
pub(super) fn null_as_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Turns an object into the contract's properties.
pub(super) fn properties(object: Map<String, Value>) -> Vec<Property> {
    object
        .into_iter()
        .map(|(key, value)| Property {
            key,
            value: value.to_string(),
        })
        .collect()
}

/// Turns the contract's properties into an object; a value that is no JSON becomes a string.
pub(super) fn object(properties: &[Property]) -> Map<String, Value> {
    properties
        .iter()
        .map(|property| (property.key.clone(), value(&property.value)))
        .collect()
}

/// Reads a property's value.
pub(super) fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|_| Value::String(json.to_owned()))
}
