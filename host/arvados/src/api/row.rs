//! What all rows of lists have in common.

use std::fmt;

use keepdocker_terms::timestamp::Timestamp;
use serde::Deserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::Value;

use super::Property;

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
        Timestamp::parse(self.created_at()).map(Timestamp::micros)
    }
}

/// Reads an object, or null, as properties in the order of their names.
///
/// A long list has as many objects as rows: no tree is built of them only to be written again.
pub(super) fn properties<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Property>, D::Error> {
    deserializer.deserialize_any(Properties)
}

struct Properties;

impl<'de> Visitor<'de> for Properties {
    type Value = Vec<Property>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }

    fn visit_unit<E>(self) -> Result<Vec<Property>, E> {
        Ok(Vec::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Vec<Property>, A::Error> {
        let mut properties: Vec<Property> = Vec::new();
        while let Some((key, value)) = members.next_entry::<String, Value>()? {
            let value = serde_json::to_string(&value).map_err(A::Error::custom)?;
            properties.push(Property { key, value });
        }
        if !properties.is_sorted_by(|a, b| a.key < b.key) {
            // Of two members of one name, the last counts.
            properties.reverse();
            properties.sort_by(|a, b| a.key.cmp(&b.key));
            properties.dedup_by(|a, b| a.key == b.key);
        }
        Ok(properties)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_come_in_order_once_and_as_json() {
        let read = |json: &str| {
            let mut deserializer = serde_json::Deserializer::from_str(json);
            properties(&mut deserializer).map(|properties| {
                let pairs = properties.into_iter();
                pairs
                    .map(|property| (property.key, property.value))
                    .collect::<Vec<_>>()
            })
        };
        let text = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            read(r#"{"b": 1, "a": "x\u00e9\"", "c": {"z": null, "y": [ 1.50 ]}, "b": "2"}"#)
                .unwrap(),
            [
                text("a", r#""xé\"""#),
                text("b", r#""2""#),
                text("c", r#"{"y":[1.5],"z":null}"#)
            ]
        );
        assert_eq!(read("null").unwrap(), []);
        assert_eq!(read("{}").unwrap(), []);
        assert!(read("[]").is_err() && read("\"a\"").is_err());
    }
}
