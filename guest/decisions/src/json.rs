//! Texts in JSON values, without what a general reader of JSON brings along.
//!
//! Components are downloaded and read by people, so that size counts: a reader that words its
//! errors brings the formatting of numbers along, a fifth of the planner. So every value is read by a
//! visitor that takes any kind, and nothing is derived.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

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
    serde_json::from_str::<Any<Text>>(json)
        .ok()?
        .0
        .0
        .map(Cow::Owned)
}

/// Returns the texts that the JSON value is: one, several in a list, or none for null.
///
/// None for a value of another kind.
pub(crate) fn texts(json: &str) -> Option<Vec<String>> {
    serde_json::from_str::<Any<Texts>>(json).ok()?.0.0
}

/// Returns the text that a member of the JSON object is; none if there is no such member, or several, or
/// one of another kind.
pub(crate) fn text_of_member(json: &str, name: &str) -> Option<String> {
    let members: Any<Members> = serde_json::from_str(json).ok()?;
    let mut found = members.0.0.into_iter().filter(|(key, _)| key == name);
    let (_, value) = found.next()?;
    value.filter(|_| found.next().is_none())
}

/// Returns the JSON value of a text.
pub(crate) fn of_text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| unreachable!("a text is always JSON"))
}

/// What is made of a JSON value of any kind.
trait Made: Default {
    /// Makes it of a text.
    fn of_text(_: &str) -> Self {
        Self::default()
    }

    /// Makes it of null.
    fn of_null() -> Self {
        Self::default()
    }

    /// Makes it of a list.
    fn of_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    /// Makes it of an object.
    fn of_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// A text, or none for a value of another kind.
#[derive(Default)]
struct Text(Option<String>);

impl Made for Text {
    fn of_text(text: &str) -> Self {
        Self(Some(text.into()))
    }
}

/// One text, or several in a list, or none for null; none at all for a value of another kind.
#[derive(Default)]
struct Texts(Option<Vec<String>>);

impl Made for Texts {
    fn of_text(text: &str) -> Self {
        Self(Some(vec![text.into()]))
    }

    fn of_null() -> Self {
        Self(Some(Vec::new()))
    }

    fn of_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut texts = Some(Vec::new());
        while let Some(Any(Text(text))) = list.next_element()? {
            match (&mut texts, text) {
                (Some(texts), Some(text)) => texts.push(text),
                _ => texts = None,
            }
        }
        Ok(Self(texts))
    }
}

/// The members of an object with the texts that they are; none for a value of another kind.
#[derive(Default)]
struct Members(Vec<(String, Option<String>)>);

impl Made for Members {
    fn of_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut members = Vec::new();
        while let Some((Any(Text(name)), Any(Text(value)))) = object.next_entry()? {
            members.push((name.unwrap_or_default(), value));
        }
        Ok(Self(members))
    }
}

/// A JSON value of any kind, and what was made of it.
struct Any<T>(T);

impl<'de, T: Made> Deserialize<'de> for Any<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(AnyVisitor(PhantomData))
            .map(Any)
    }
}

struct AnyVisitor<T>(PhantomData<T>);

impl<'de, T: Made> Visitor<'de> for AnyVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::of_text(text))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::of_null())
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::of_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::of_object(object)
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
    fn a_member_is_a_text_if_there_is_one_of_that_name() {
        for (json, expected) in [
            (r#"{"a":"x"}"#, Some("x")),
            (
                r#"{"b":1.5e300,"a":"x","c":{"a":"y"},"d":[{"a":"z"}]}"#,
                Some("x"),
            ),
            (r#"{"\u0061":"x"}"#, Some("x")),
            (r#"{"a":"x","a":"y"}"#, None),
            (r#"{"a":1}"#, None),
            (r#"{"a":null}"#, None),
            (r#"{"b":"x"}"#, None),
            (r#"["a","x"]"#, None),
            (r#""a""#, None),
            (r#"{"a":"x""#, None),
            (r#"{"a":"x"} b"#, None),
            ("1.5", None),
            ("", None),
        ] {
            assert_eq!(text_of_member(json, "a").as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn a_text_comes_back_from_its_json_value() {
        for given in ["", "\"\\\n", "\u{e9}\u{0}"] {
            assert_eq!(text(&of_text(given)).as_deref(), Some(given));
        }
    }
}
