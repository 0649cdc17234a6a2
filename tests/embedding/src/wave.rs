//! Values as the program `wasmtime` takes and prints them: the text form WAVE.

use std::fmt::Write as _;

use wasmtime::component::Val;

/// Returns the text of a value as the program prints it, or none for a kind that the contract does
/// not use.
///
/// A field that is `none` is left out, as there; the program reads it in this form too.
pub fn wave(value: &Val) -> Option<String> {
    let case = |name: &str, payload: &Option<Box<Val>>| match payload {
        Some(payload) => Some(format!("{name}({})", wave(payload)?)),
        None => Some(name.to_owned()),
    };
    match value {
        Val::Bool(value) => Some(value.to_string()),
        Val::S32(value) => Some(value.to_string()),
        Val::U32(value) => Some(value.to_string()),
        Val::U64(value) => Some(value.to_string()),
        Val::String(text) => Some(quoted(text)),
        Val::Enum(name) => Some(name.clone()),
        Val::Option(None) => Some("none".to_owned()),
        Val::Option(Some(value)) => Some(format!("some({})", wave(value)?)),
        Val::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(wave).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Val::Record(fields) => {
            let fields: Option<Vec<String>> = fields
                .iter()
                .filter(|(_, value)| !matches!(value, Val::Option(None)))
                .map(|(name, value)| Some(format!("{name}: {}", wave(value)?)))
                .collect();
            let fields = fields?;
            Some(match fields.is_empty() {
                true => "{:}".to_owned(),
                false => format!("{{{}}}", fields.join(", ")),
            })
        }
        Val::Variant(name, payload) => case(name, payload),
        Val::Result(Ok(payload)) => case("ok", payload),
        Val::Result(Err(payload)) => case("err", payload),
        _ => None,
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '\t' => quoted.push_str("\\t"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '"' | '\'' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            character if character.is_control() => {
                let _ = write!(quoted, "\\u{{{:x}}}", u32::from(character));
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
