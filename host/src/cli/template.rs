//! Templates: text with fields in it, such as `{{.Repository}}:{{.Tag}}`.

use std::borrow::Cow;

use crate::harmless::escape;

/// A template whose fields are all known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(String);

impl Template {
    /// Reads a template that may name these fields.
    pub(super) fn parse(
        text: &str,
        known: impl Iterator<Item = &'static str> + Clone,
    ) -> Result<Self, String> {
        if text.split("{{").skip(1).any(|part| !part.contains("}}")) {
            return Err("a field begins with `{{` here and has no `}}` at its end".to_owned());
        }
        for ((field, _), part) in parts(text).zip(text.split("{{").skip(1)) {
            let is_known = field.is_some_and(|field| known.clone().any(|known| known == field));
            if !is_known {
                let name = part.split("}}").next().unwrap_or_default().trim();
                let known: Vec<String> = known.map(|field| format!("{{{{.{field}}}}}")).collect();
                return Err(format!(
                    "a template has no field `{}`; the fields are: {}",
                    escape(name),
                    known.join(", ")
                ));
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// Tells whether one of these fields is named.
    pub(super) fn names_any(&self, fields: &[&str]) -> bool {
        parts(&self.0).any(|(field, _)| field.is_some_and(|field| fields.contains(&field)))
    }

    /// Returns the text with what `value` tells in the place of each field.
    pub(super) fn filled<'a>(&self, value: impl Fn(&str) -> Cow<'a, str>) -> String {
        let mut text = self.0.split("{{").next().unwrap_or_default().to_owned();
        for (field, rest) in parts(&self.0) {
            if let Some(field) = field {
                text.push_str(&value(field));
            }
            text.push_str(rest);
        }
        text
    }
}

/// Returns what stands between the braces of a template's text, with the text behind each.
fn parts(template: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
    template.split("{{").skip(1).map(|part| {
        let (field, rest) = part.split_once("}}").unwrap_or((part, ""));
        let is_whole = field.len() < part.len();
        let field = field.trim().strip_prefix('.').filter(|_| is_whole);
        (field, rest)
    })
}
