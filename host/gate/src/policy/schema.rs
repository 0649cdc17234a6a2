//! The JSON Schema of policy files: a frame, and the rules as the list of keys has them.

use serde_json::{Value, json};

use super::keys::Key;
use super::rule::{Effect, Verbs};
use crate::Verb;

/// All but the rules.
const FRAME: &str = include_str!("schema_frame.json");

/// Returns the JSON Schema of policy files, as it is published.
///
/// # Panics
/// Never: a test reads the frame.
#[must_use]
pub fn schema_json() -> String {
    let mut schema: Value = serde_json::from_str(FRAME).expect("the frame is JSON");
    let rules =
        [Effect::Allow, Effect::Deny].map(|effect| (effect.name().to_owned(), rule(effect)));
    schema["$defs"] = rules.into_iter().collect();
    format!("{schema:#}\n")
}

/// Returns the schema of the rules of one kind.
fn rule(effect: Effect) -> Value {
    let mut properties = json!({
        "id": {
            "description": "The rule's name, unique in the file.",
            "type": "string",
            "pattern": "^[A-Za-z0-9_.-]{1,64}$",
        },
        "reason": {
            "description": "Why the rule is there.",
            "type": "string",
            "pattern": "\\S",
            "maxLength": 1000,
        },
        "verbs": {
            "description": "The verbs that the rule is about.",
            "type": "array",
            "items": { "enum": verbs() },
            "minItems": 1,
            "maxItems": 1000,
            "uniqueItems": true,
        },
    });
    let mut dependent = json!({});
    for key in Key::ALL.into_iter().filter(|key| key.is_for(effect)) {
        properties[key.name()] = key.schema();
        dependent[key.name()] = json!({
            "properties": { "verbs": { "items": { "enum": verbs_of(key) } } },
        });
        if let Some(beside) = key.beside() {
            dependent[key.name()]["required"] = json!([beside]);
        }
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": ["id", "reason", "verbs"],
        "additionalProperties": false,
        "dependentSchemas": dependent,
    })
}

/// Returns the words that name verbs.
fn verbs() -> Vec<String> {
    let interfaces = Verb::INTERFACES
        .iter()
        .map(|interface| format!("{interface}.*"));
    let names = Verb::NAMES.iter().map(|&name| name.to_owned());
    std::iter::once("*".to_owned())
        .chain(interfaces)
        .chain(names)
        .collect()
}

/// Returns those of the words that name only verbs whose object the key says something about.
fn verbs_of(key: Key) -> Vec<String> {
    let is_about = |word: &String| {
        Verbs::covered_by(word).is_some_and(|covered| covered.iter().all(|verb| key.is_about(verb)))
    };
    verbs().into_iter().filter(is_about).collect()
}
