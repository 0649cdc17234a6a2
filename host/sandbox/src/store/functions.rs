//! Gives SQLite the operators and the text order of the real database.

use std::cmp::Ordering;

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use serde_json::Value;

/// The name of the text order below.
pub(crate) const COLLATION: &str = "locale";

/// Registers everything on a new connection.
pub(crate) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_collation(COLLATION, compare)?;
    connection
        .create_scalar_function("matches", 2, flags, |context| with_texts(context, matches))?;
    connection.create_scalar_function("imatches", 2, flags, |context| {
        with_texts(context, |text, pattern| {
            matches(&text.to_lowercase(), &pattern.to_lowercase())
        })
    })?;
    connection.create_scalar_function("json_contains", 2, flags, |context| {
        with_texts(context, |text, part| match (parse(text), parse(part)) {
            (Some(whole), Some(part)) => contains(&whole, &part),
            _ => false,
        })
    })?;
    connection.create_scalar_function("json_equals", 2, flags, |context| {
        with_texts(context, |left, right| {
            parse(left).is_some_and(|left| Some(left) == parse(right))
        })
    })?;
    // Says whether a text is a key of an object, or an element of an array.
    connection.create_scalar_function("json_has", 2, flags, |context| {
        with_texts(context, |text, wanted| match parse(text) {
            Some(Value::Object(object)) => object.contains_key(wanted),
            Some(Value::Array(items)) => items.iter().any(|item| item == wanted),
            _ => false,
        })
    })?;
    connection.create_scalar_function("json_order", 2, flags, |context| {
        let texts: (Option<String>, Option<String>) = (context.get(0)?, context.get(1)?);
        let (Some(left), Some(right)) = texts else {
            return Ok(None);
        };
        Ok(match (parse(&left), parse(&right)) {
            (Some(left), Some(right)) => Some(compare_json(&left, &right) as i64),
            _ => None,
        })
    })?;
    // Returns the JSON of one key, or null if there is no such key.
    connection.create_scalar_function("json_key", 2, flags, |context| {
        let texts: (Option<String>, String) = (context.get(0)?, context.get(1)?);
        Ok(texts
            .0
            .as_deref()
            .and_then(parse)
            .and_then(|object| object.get(&texts.1).map(ToString::to_string)))
    })?;
    // Returns one key as text, or null if it is absent or null.
    connection.create_scalar_function("json_text", 2, flags, |context| {
        let texts: (Option<String>, String) = (context.get(0)?, context.get(1)?);
        Ok(texts
            .0
            .as_deref()
            .and_then(parse)
            .and_then(|object| match object.get(&texts.1) {
                None | Some(Value::Null) => None,
                Some(Value::String(text)) => Some(text.clone()),
                Some(other) => Some(other.to_string()),
            }))
    })
}

/// Applies a test to two texts; null if one is null.
fn with_texts(
    context: &Context<'_>,
    test: impl Fn(&str, &str) -> bool,
) -> rusqlite::Result<Option<bool>> {
    let left = context.get_raw(0).as_str_or_null()?;
    let right = context.get_raw(1).as_str_or_null()?;
    Ok(left.zip(right).map(|(left, right)| test(left, right)))
}

fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// SQL's LIKE: `%` stands for any text, `_` for one character, `\` takes the next as it is.
fn matches(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    let (mut t, mut p) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match pattern.get(p) {
            Some('%') => {
                p += 1;
                retry = Some((t, p));
                continue;
            }
            Some('_') if t < text.len() => {
                t += 1;
                p += 1;
                continue;
            }
            Some('\\')
                if pattern
                    .get(p + 1)
                    .is_some_and(|next| text.get(t) == Some(next)) =>
            {
                t += 1;
                p += 2;
                continue;
            }
            Some(character)
                if *character != '\\' && *character != '_' && text.get(t) == Some(character) =>
            {
                t += 1;
                p += 1;
                continue;
            }
            None if t == text.len() => return true,
            _ => {}
        }
        match retry {
            Some((start, after)) if start < text.len() => {
                retry = Some((start + 1, after));
                t = start + 1;
                p = after;
            }
            _ => return false,
        }
    }
}

/// Says whether `whole` contains `part` by the rules of PostgreSQL's `@>`.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(key, value)| whole.get(key).is_some_and(|found| contains(found, value))),
        (Value::Array(whole), Value::Array(part)) => part
            .iter()
            .all(|value| whole.iter().any(|found| contains(found, value))),
        (whole, part) => whole == part,
    }
}

/// Orders JSON values as PostgreSQL does: null, text, number, truth, array, object.
fn compare_json(left: &Value, right: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::String(_) => 1,
        Value::Number(_) => 2,
        Value::Bool(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    };
    match (left, right) {
        (Value::String(left), Value::String(right)) => compare(left, right),
        (Value::Number(left), Value::Number(right)) => {
            let (left, right) = (left.as_f64(), right.as_f64());
            left.partial_cmp(&right).unwrap_or(Ordering::Equal)
        }
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Array(left), Value::Array(right)) => left.len().cmp(&right.len()),
        (Value::Object(left), Value::Object(right)) => left.len().cmp(&right.len()),
        (left, right) => rank(left).cmp(&rank(right)),
    }
}

/// Orders text about as an English locale does: signs, digits, letters; case decides last.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    let key = |c: char| {
        let class = if c.is_alphabetic() {
            2
        } else if c.is_numeric() {
            1
        } else {
            0
        };
        (class, c.to_ascii_lowercase())
    };
    left.chars()
        .map(key)
        .cmp(right.chars().map(key))
        // Lower case comes first where nothing else differs.
        .then_with(|| right.cmp(left))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn like_knows_its_wildcards() {
        for (text, pattern, expected) in [
            ("abc", "abc", true),
            ("abc", "a%", true),
            ("abc", "%c", true),
            ("abc", "a_c", true),
            ("abc", "a_", false),
            ("abc", "%b%", true),
            ("a%c", "a\\%c", true),
            ("abc", "a\\%c", false),
            ("", "%", true),
            ("aXbXc", "a%X%c", true),
            ("abc", "ABC", false),
            ("abc", "", false),
        ] {
            assert_eq!(matches(text, pattern), expected, "{text} like {pattern}");
        }
    }

    #[test]
    fn containment_follows_the_database() {
        assert!(contains(&json!({"a": 1, "b": 2}), &json!({"a": 1})));
        assert!(contains(&json!({"a": [1, 2]}), &json!({"a": [2]})));
        assert!(!contains(&json!({"a": [1, 2]}), &json!({"a": 2})));
        assert!(!contains(&json!({}), &json!({"a": null})));
    }

    #[test]
    fn text_order_ignores_case_first() {
        let mut names = ["b", "A", "a", "1", "-", "B"];
        names.sort_by(|left, right| compare(left, right));
        assert_eq!(names, ["-", "1", "a", "A", "b", "B"]);
    }
}
