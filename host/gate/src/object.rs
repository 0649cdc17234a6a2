//! Operations as words and as JSON: what a person types to have one explained, what a log shows.

mod reading;

use std::fmt;

use serde_json::{Map, Value};

use super::operation::{Operation, Verb};
pub(crate) use reading::Object;

/// Why words or JSON denote no operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// There is no such verb.
    #[error("there is no verb `{0}`; the verbs are: {verbs}", verbs = Verb::NAMES.join(", "))]
    UnknownVerb(String),
    /// The verb's object has no such member.
    #[error("the object of {verb} has no `{member}`; it has: {}", members(*verb))]
    UnknownMember {
        /// The verb.
        verb: Verb,
        /// What was given.
        member: String,
    },
    /// The object lacks what the verb needs.
    #[error("the object of {verb} lacks `{member}`")]
    Missing {
        /// The verb.
        verb: Verb,
        /// What is needed.
        member: &'static str,
    },
    /// A member's value is none of those that it can have.
    #[error("`{member}` of {verb} cannot be `{value}`; expected {wanted}")]
    Value {
        /// The verb.
        verb: Verb,
        /// The member.
        member: String,
        /// What was given.
        value: String,
        /// What can be given.
        wanted: String,
    },
    /// There are more words than the object has members.
    #[error("`{word}` is one word too many for {verb}")]
    Surplus {
        /// The verb.
        verb: Verb,
        /// The word.
        word: String,
    },
}

fn members(verb: Verb) -> String {
    match verb.members() {
        [] => "no members".to_owned(),
        members => members.join(", "),
    }
}

impl Operation {
    /// Makes an operation of a verb and the JSON form of its object.
    ///
    /// This is the inverse of serialising the operation. A member that is absent counts as none;
    /// names, heads and collections that are absent count as empty, since a question need not be complete.
    ///
    /// # Errors
    /// If there is no such verb, or the object is none of that verb's.
    pub(crate) fn from_object(
        verb: &str,
        object: &Map<String, Value>,
    ) -> Result<Self, ObjectError> {
        let verb = Verb::named(verb).ok_or_else(|| ObjectError::UnknownVerb(verb.to_owned()))?;
        Self::of_verb(verb, object)
    }

    fn of_verb(verb: Verb, object: &Map<String, Value>) -> Result<Self, ObjectError> {
        for member in object.keys() {
            if !verb.members().contains(&member.as_str()) {
                return Err(ObjectError::UnknownMember {
                    verb,
                    member: member.clone(),
                });
            }
        }
        Self::read(&Object::new(verb, object))
    }

    /// Makes an operation of a verb and words: `member=value`, or bare values in the members' order.
    ///
    /// # Errors
    /// If there is no such verb, or the words describe no object of it.
    pub fn from_words(verb: &str, words: &[String]) -> Result<Self, ObjectError> {
        let verb = Verb::named(verb).ok_or_else(|| ObjectError::UnknownVerb(verb.to_owned()))?;
        let mut object = Map::new();
        let mut bare = verb.members().iter();
        for word in words {
            let named = word
                .split_once('=')
                .map(|(member, value)| (member.replace('-', "_"), value));
            let (member, value) = match named {
                Some((member, value)) if verb.members().contains(&member.as_str()) => {
                    (member, value)
                }
                _ => match bare.next() {
                    Some(member) => ((*member).to_owned(), word.as_str()),
                    None => {
                        return Err(ObjectError::Surplus {
                            verb,
                            word: word.clone(),
                        });
                    }
                },
            };
            let value = match member.as_str() {
                "classes" | "storage_classes" | "signers" => value
                    .split(',')
                    .filter(|part| !part.is_empty())
                    .map(Value::from)
                    .collect(),
                "replicas" | "bytes" => value
                    .parse::<u64>()
                    .map_or_else(|_| Value::from(value), Value::from),
                "manifests" => value
                    .parse::<bool>()
                    .map_or_else(|_| Value::from(value), Value::from),
                _ => Value::from(value),
            };
            object.insert(member, value);
        }
        Self::of_verb(verb, &object)
    }

    /// Returns the operation's object as JSON.
    #[must_use]
    pub fn object(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(object)) => object,
            // An operation without members serialises as null.
            _ => Map::new(),
        }
    }

    /// Returns the words of which [`Operation::from_words`] makes the operation again.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let object = self.object();
        let mut words = Vec::new();
        let mut in_order = true;
        for member in self.verb().members() {
            let value = match object.get(*member) {
                Some(Value::String(text)) if !text.is_empty() => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                Some(Value::Bool(true)) => "true".to_owned(),
                Some(Value::Array(parts)) if !parts.is_empty() => parts
                    .iter()
                    .filter_map(Value::as_str)
                    .collect::<Vec<_>>()
                    .join(","),
                _ => {
                    in_order = false;
                    continue;
                }
            };
            if in_order
                && !value.contains('=')
                && matches!(
                    *member,
                    "level"
                        | "name"
                        | "source"
                        | "target"
                        | "depth"
                        | "image"
                        | "project"
                        | "class"
                        | "collection"
                )
            {
                words.push(value);
            } else {
                in_order = false;
                words.push(format!("{member}={value}"));
            }
        }
        words
    }
}

/// Writes the verb and the object's words, quoted so that a shell takes them as they are.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verb().fmt(f)?;
        for word in self.words() {
            write!(f, " {}", quote(&word))?;
        }
        Ok(())
    }
}

/// Quotes a word where a shell would not take it as it is.
pub(crate) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+=,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Values;

    fn operation(line: &str) -> Result<Operation, ObjectError> {
        let mut words = line.split(' ').map(str::to_owned);
        Operation::from_words(&words.next().unwrap(), &words.collect::<Vec<_>>())
    }

    #[test]
    fn every_operation_comes_back_from_its_words_and_its_object() {
        for verb in Verb::ALL {
            for sample in Operation::samples(verb, &Values::for_tests()) {
                let back = Operation::from_object(verb.name(), &sample.object());
                assert_eq!(back.as_ref(), Ok(&sample), "{sample}");
                let back = Operation::from_words(verb.name(), &sample.words());
                assert_eq!(back.as_ref(), Ok(&sample), "{sample}");
            }
        }
    }

    #[test]
    fn words_are_written_as_they_were_read() {
        for line in [
            "log.write info",
            "engine.find lab/x:1",
            "engine.pull quay.io/lab/x@sha256:00",
            "archives.open engine sha256:11",
            "archives.open given",
            "archives.images",
            "archives.forget sha256:11",
            "registry.resolve quay.io/lab/x:1",
            "registry.fetch quay.io/lab/x:1 manifest=sha256:11 platform=linux/amd64",
            "registry.fetch quay.io/lab/x:1 bytes=7 signers=sha256:11,sha256:22",
            "locks.acquire sha256:11",
            "keep.store selection=only replicas=3 storage_classes=a,b",
            "keep.fetch given sha256:11",
            "keep.examine config sha256:11",
            "cluster.get",
            "users.current",
            "projects.get p",
            "links.list classes=docker_image_hash,docker_image_repo+tag owner=p",
            "links.create docker_image_repo+tag lab/x:1 head=c owner=p",
            "links.delete docker_image_repo+tag lab/x:1 head=c owner=p",
            "collections.list manifests=true owner=p",
            "collections.create lab owner=p replicas=1 storage_classes=a",
            "collections.create lab",
            "collections.update c owner=p",
        ] {
            assert_eq!(operation(line).unwrap().to_string(), line);
        }
    }

    #[test]
    fn what_is_no_operation_is_refused_with_a_reason() {
        for (line, reason) in [
            ("engine.save x", "there is no verb `engine.save`"),
            ("engine.pull", "lacks `name`"),
            ("engine.pull a b", "`b` is one word too many"),
            ("archives.open disk", "cannot be `disk`"),
            ("links.create signature x", "cannot be `signature`"),
            (
                "keep.store replicas=many",
                "`replicas` of keep.store cannot be `many`",
            ),
        ] {
            let error = operation(line).unwrap_err().to_string();
            assert!(error.contains(reason), "{line}: {error}");
        }
        let object = serde_json::json!({"name": "x", "tag": "y"});
        let error = Operation::from_object("engine.pull", object.as_object().unwrap()).unwrap_err();
        assert!(matches!(error, ObjectError::UnknownMember { .. }));
    }

    #[test]
    fn a_hostile_word_is_quoted_for_the_shell() {
        let hostile = Operation::EnginePull {
            name: "x'; rm -rf ~".into(),
        };
        assert_eq!(hostile.to_string(), r"engine.pull 'x'\''; rm -rf ~'");
    }
}
