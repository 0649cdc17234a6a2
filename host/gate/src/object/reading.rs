//! The members of an object, as they are read.

use serde_json::{Map, Value};

use super::ObjectError;
use crate::Verb;

/// The JSON form of a verb's object, of which it is read member by member.
pub(crate) struct Object<'a> {
    verb: Verb,
    members: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    pub(crate) fn new(verb: Verb, members: &'a Map<String, Value>) -> Self {
        Self { verb, members }
    }

    pub(crate) fn verb(&self) -> Verb {
        self.verb
    }

    pub(crate) fn text(&self, member: &'static str) -> Result<Option<String>, ObjectError> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.value(member, other, "a string")),
        }
    }

    pub(crate) fn needed(&self, member: &'static str) -> Result<String, ObjectError> {
        self.text(member)?.ok_or(ObjectError::Missing {
            verb: self.verb,
            member,
        })
    }

    /// Returns a text that a question may leave open, which is empty then.
    pub(crate) fn asked(&self, member: &'static str) -> Result<String, ObjectError> {
        Ok(self.text(member)?.unwrap_or_default())
    }

    /// Returns several of these words.
    pub(crate) fn words_of(
        &self,
        member: &'static str,
        words: &[&'static str],
    ) -> Result<Vec<&'static str>, ObjectError> {
        let texts = self.texts(member)?;
        texts
            .iter()
            .map(|text| self.one_of(member, text, words))
            .collect()
    }

    pub(crate) fn word(
        &self,
        member: &'static str,
        words: &[&'static str],
    ) -> Result<&'static str, ObjectError> {
        let text = self.needed(member)?;
        self.one_of(member, &text, words)
    }

    fn one_of(
        &self,
        member: &'static str,
        text: &str,
        words: &[&'static str],
    ) -> Result<&'static str, ObjectError> {
        words
            .iter()
            .find(|word| **word == text)
            .copied()
            .ok_or_else(|| self.value(member, &Value::from(text), &words.join(", ")))
    }

    pub(crate) fn texts(&self, member: &'static str) -> Result<Vec<String>, ObjectError> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(parts)) => parts
                .iter()
                .map(|part| {
                    part.as_str()
                        .map(str::to_owned)
                        .ok_or_else(|| self.value(member, part, "a list of strings"))
                })
                .collect(),
            Some(other) => Err(self.value(member, other, "a list of strings")),
        }
    }

    pub(crate) fn texts_if_any(
        &self,
        member: &'static str,
    ) -> Result<Option<Vec<String>>, ObjectError> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.texts(member).map(Some),
        }
    }

    pub(crate) fn number(&self, member: &'static str) -> Result<Option<u64>, ObjectError> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.value(member, value, "a number")),
            },
        }
    }

    pub(crate) fn count(&self, member: &'static str) -> Result<Option<u32>, ObjectError> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64().and_then(|count| u32::try_from(count).ok()) {
                Some(count) => Ok(Some(count)),
                None => Err(self.value(member, value, "a number")),
            },
        }
    }

    pub(crate) fn truth(&self, member: &'static str) -> Result<bool, ObjectError> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(truth)) => Ok(*truth),
            Some(other) => Err(self.value(member, other, "true or false")),
        }
    }

    fn value(&self, member: &str, value: &Value, wanted: &str) -> ObjectError {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        ObjectError::Value {
            verb: self.verb,
            member: member.to_owned(),
            value,
            wanted: wanted.to_owned(),
        }
    }
}
