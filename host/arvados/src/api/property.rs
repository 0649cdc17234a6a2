//! Properties of Arvados objects, whose values are passed on as JSON text: their meaning belongs to others.

use serde_json::Value;

/// One property of an Arvados object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name.
    pub key: String,
    /// Its value as JSON text.
    pub value: String,
}

/// Returns the properties as a map; the value of one that is no JSON becomes a string.
pub(crate) fn object<M: FromIterator<(String, Value)>>(properties: &[Property]) -> M {
    properties
        .iter()
        .map(|property| (property.key.clone(), value(&property.value)))
        .collect()
}

/// Reads the value of a property; what is no JSON becomes a string.
pub(crate) fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|_| Value::from(json))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_json_is_a_string() {
        for (text, expected) in [
            (r#""a""#, json!("a")),
            (r#"{"a":[1,null]}"#, json!({"a": [1, null]})),
            ("1.5", json!(1.5)),
            ("a", json!("a")),
            ("", json!("")),
            ("{", json!("{")),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }
}
