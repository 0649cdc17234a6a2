//! The words in which the real services speak of types and values.

use serde_json::Value as Json;

/// Names a JSON type as the controller's decoder does.
pub(crate) fn json_type(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// Names a decoded type as the controller's language does.
pub(crate) fn go_type(value: &Json) -> &'static str {
    match value {
        Json::Null => "<nil>",
        Json::Bool(_) => "bool",
        Json::Number(_) => "float64",
        Json::String(_) => "string",
        Json::Array(_) => "[]interface {}",
        Json::Object(_) => "map[string]interface {}",
    }
}

/// Quotes a decoded value as the controller's language does, types that have no quotes included.
pub(crate) fn go_quoted(value: &Json) -> String {
    match value {
        Json::String(text) => format!("{text:?}"),
        Json::Null => "%!q(<nil>)".to_owned(),
        Json::Object(object) => {
            let pairs: Vec<String> = object
                .iter()
                .map(|(key, value)| format!("{key:?}:{}", go_quoted(value)))
                .collect();
            format!("map[{}]", pairs.join(" "))
        }
        other => format!("%!q({}={other})", go_type(other)),
    }
}

/// Names a decoded type as the service's language does.
pub(crate) fn ruby_type(value: &Json) -> &'static str {
    match value {
        Json::Null => "NilClass",
        Json::Bool(true) => "TrueClass",
        Json::Bool(false) => "FalseClass",
        Json::Number(number) if number.is_f64() => "Float",
        Json::Number(_) => "Integer",
        Json::String(_) => "String",
        Json::Array(_) => "Array",
        Json::Object(_) => "Hash",
    }
}

/// Writes a decoded value as the service's language does where it stands in a text.
pub(crate) fn ruby_text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => ruby_inspect(other),
    }
}

/// Writes a decoded value as the service's language shows it to programmers.
pub(crate) fn ruby_inspect(value: &Json) -> String {
    match value {
        Json::Null => "nil".to_owned(),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(ruby_inspect).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(pairs) => {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(key, value)| format!("{key:?}=>{}", ruby_inspect(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}
