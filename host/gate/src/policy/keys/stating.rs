//! How keys are stated in a file, and what the schema says of that.

use serde_json::{Value, json};
use toml::Spanned;

use super::super::document::{Document, Entry};
use super::super::matching::Match;

/// Reads a list of patterns or words, and returns them as the file states them, too.
pub(super) fn list<T, C>(
    document: &mut Document<'_>,
    entry: &Entry<'_, '_>,
    parse: impl Fn(&str) -> Result<T, String>,
    condition: impl Fn(Vec<T>) -> C,
) -> (Vec<String>, Option<C>) {
    let texts = document.texts(entry);
    let condition = condition(document.parsed(&texts, parse));
    (
        texts.into_iter().map(Spanned::into_inner).collect(),
        Some(condition),
    )
}

/// Reads one of several words; `what` says what they are.
pub(crate) fn word(text: &str, what: &str, words: &[&'static str]) -> Result<&'static str, String> {
    words
        .iter()
        .find(|word| **word == text)
        .copied()
        .ok_or_else(|| {
            format!(
                "there is no {what} `{text}`; there are: {}",
                words.join(", ")
            )
        })
}

/// Reads a truth that can only be `wanted`, for a key that asks for nothing otherwise.
pub(super) fn truth<C>(
    document: &mut Document<'_>,
    entry: &Entry<'_, '_>,
    wanted: bool,
    condition: C,
) -> (Vec<String>, Option<C>) {
    let is_asked = document.truth(entry) == Some(wanted);
    (vec![wanted.to_string()], is_asked.then_some(condition))
}

/// Returns the schema of a list of texts that have this form.
pub(super) fn texts(pattern: &str) -> Value {
    items(json!({ "type": "string", "pattern": pattern }))
}

/// Returns the schema of a list of these words.
pub(super) fn words(words: &[&str]) -> Value {
    items(json!({ "enum": words }))
}

fn items(items: Value) -> Value {
    json!({
        "type": "array",
        "items": items,
        "minItems": 1,
        "maxItems": 1000,
        "uniqueItems": true,
    })
}

/// Matches an object that has several values: for sure if all match, maybe if one does.
///
/// So a rule that allows `a` does not allow `a` and `b`, and one that denies `a` denies both.
pub(super) fn several<T>(values: &[T], matches: impl Fn(&T) -> Match) -> Match {
    if values.is_empty() {
        return Match::Maybe;
    }
    let all = Match::all(values.iter().map(&matches));
    if all == Match::Yes || Match::any(values.iter().map(&matches)) == Match::No {
        all
    } else {
        Match::Maybe
    }
}
