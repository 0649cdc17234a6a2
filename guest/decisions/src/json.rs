//! Texts in JSON values, without what a general reader of JSON brings along.
//!
//! Components are downloaded and read by people, so that size counts: a reader that words its
//! errors brings the formatting of numbers along, a fifth of the planner.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Returns the text that the JSON value is, or none if it is no string or no JSON.
pub(crate) fn text(json: &str) -> Option<Cow<'_, str>> {
    // Nearly every text stands for itself between its quotes, and needs no reader.
    let plain = json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|text| {
            !text
                .bytes()
                .any(|byte| matches!(byte, b'"' | b'\\' | ..b' '))
        });
    if let Some(text) = plain {
        return Some(text.into());
    }
    serde_json::from_str::<Text>(json).ok()?.0.map(Cow::Owned)
}

/// Returns the texts that the JSON value is: one, several in a list, or none for null.
///
/// None for a value of another kind.
pub(crate) fn texts(json: &str) -> Option<Vec<String>> {
    if let Some(text) = text(json) {
        return Some(vec![text.into_owned()]);
    }
    let several: Option<Vec<Text>> = serde_json::from_str(json).ok()?;
    several
        .unwrap_or_default()
        .into_iter()
        .map(|Text(text)| text)
        .collect()
}

/// Returns the JSON value of a text.
pub(crate) fn of_text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| unreachable!("a text is always JSON"))
}

/// A text, or none for a value of another kind.
pub(crate) struct Text(pub(crate) Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(Some(text.into())))
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Text, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_string_is_a_text() {
        assert_eq!(text(r#""a\u00e9\n""#).as_deref(), Some("a\u{e9}\n"));
        for json in [
            "null",
            "true",
            "5",
            "-5",
            "5.5",
            "[]",
            "[\"a\", [1]]",
            "{}",
            "{\"a\":\"b\"}",
            "",
            "\"a",
            "\"a\" b",
        ] {
            assert_eq!(text(json), None, "{json}");
        }
    }

    #[test]
    fn texts_are_one_or_a_list_of_them_or_null() {
        for (json, expected) in [
            (r#""a""#, Some(vec!["a"])),
            (r#"["a", "b"]"#, Some(vec!["a", "b"])),
            ("[]", Some(vec![])),
            ("null", Some(vec![])),
            (r#"["a", 1]"#, None),
            (r#"["a", null]"#, None),
            ("1", None),
            (r#"{"a":"b"}"#, None),
            ("", None),
        ] {
            let found = texts(json);
            let found: Option<Vec<&str>> = found
                .as_ref()
                .map(|texts| texts.iter().map(String::as_str).collect());
            assert_eq!(found, expected, "{json}");
        }
    }

    #[test]
    fn a_text_comes_back_from_its_json_value() {
        for given in ["", "\"\\\n", "\u{e9}\u{0}"] {
            assert_eq!(text(&of_text(given)).as_deref(), Some(given));
        }
    }
}
