//! The server's filters.

use serde_json::{Value, json};

/// How many values a list in a filter holds at most; a page has as many rows.
pub(super) const CHUNK: usize = 1000;

/// One condition: an attribute, an operator, an operand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filter(pub(super) Value);

impl Filter {
    pub(super) fn equals(attribute: &str, value: impl Into<Value>) -> Self {
        Self(json!([attribute, "=", value.into()]))
    }

    /// The server means a value that is equal, or a list with such a member.
    pub(super) fn contains(attribute: &str, value: impl Into<Value>) -> Self {
        Self(json!([attribute, "contains", value.into()]))
    }

    pub(super) fn compare(attribute: &str, operator: &str, value: &str) -> Self {
        Self(json!([attribute, operator, value]))
    }

    pub(super) fn one_of<S: AsRef<str>>(attribute: &str, values: &[S]) -> Self {
        let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
        match values.as_slice() {
            [value] => Self::equals(attribute, *value),
            _ => Self(json!([attribute, "in", values])),
        }
    }

    /// Matches values that begin with `prefix`, letter by letter.
    ///
    /// The server's `like` has wildcards, which are escaped; whether the server heeds that is
    /// for the caller to check.
    pub(super) fn starts_with(attribute: &str, prefix: &str) -> Self {
        let mut pattern = String::with_capacity(prefix.len() + 1);
        for c in prefix.chars() {
            if matches!(c, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('%');
        Self(json!([attribute, "like", pattern]))
    }
}

/// Returns the values, each once and in order, in lists that fit a filter.
pub(super) fn chunks(values: &[String]) -> Vec<Vec<&str>> {
    let mut unique: Vec<&str> = values.iter().map(String::as_str).collect();
    unique.sort_unstable();
    unique.dedup();
    unique.chunks(CHUNK).map(<[&str]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_prefix_are_escaped() {
        assert_eq!(
            Filter::starts_with("name", r"a_b%c\d").0,
            json!(["name", "like", r"a\_b\%c\\d%"])
        );
    }

    #[test]
    fn a_list_of_one_is_an_equality() {
        assert_eq!(Filter::one_of("a", &["x"]).0, json!(["a", "=", "x"]));
        assert_eq!(
            Filter::one_of("a", &["x", "y"]).0,
            json!(["a", "in", ["x", "y"]])
        );
    }

    #[test]
    fn chunks_hold_every_value_once() {
        let values: Vec<String> = (0..2500).chain(0..10).map(|i| format!("{i:05}")).collect();
        let chunks = chunks(&values);
        assert_eq!(
            chunks.iter().map(Vec::len).collect::<Vec<_>>(),
            [1000, 1000, 500]
        );
        assert!(super::chunks(&[]).is_empty());
    }
}
