//! Operations as words and as JSON: what a person types to have one explained, what a log shows.

use std::fmt;

use serde_json::{Map, Value};

use super::operation::Operation;
use super::verb::Verb;

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
        let object = Object {
            verb,
            members: object,
        };
        Ok(match verb {
            Verb::LogWrite => Self::LogWrite {
                level: object.word("level", &Self::LEVELS)?,
            },
            Verb::EngineFind => Self::EngineFind {
                name: object.needed("name")?,
            },
            Verb::EnginePull => Self::EnginePull {
                name: object.needed("name")?,
            },
            Verb::ArchivesOpen => Self::ArchivesOpen {
                source: object.word("source", &Self::SOURCES)?,
                image: object.text("image")?,
            },
            Verb::ArchivesImages => Self::ArchivesImages,
            Verb::ArchivesForget => Self::ArchivesForget {
                image: object.needed("image")?,
            },
            Verb::RegistryResolve => Self::RegistryResolve {
                name: object.needed("name")?,
            },
            Verb::RegistryFetch => Self::RegistryFetch {
                name: object.needed("name")?,
                manifest: object.text("manifest")?.unwrap_or_default(),
                platform: object.text("platform")?,
                bytes: object.number("bytes")?,
                signers: object.texts_if_any("signers")?,
            },
            Verb::LocksAcquire => Self::LocksAcquire {
                image: object.needed("image")?,
            },
            Verb::KeepStore => Self::KeepStore {
                selection: object.text("selection")?.unwrap_or_default(),
                replicas: object.count("replicas")?,
                storage_classes: object.texts("storage_classes")?,
                reuse: object.texts("reuse")?,
            },
            Verb::KeepFetch => Self::KeepFetch {
                target: object.word("target", &Self::TARGETS)?,
                image: object.needed("image")?,
            },
            Verb::KeepExamine => Self::KeepExamine {
                depth: object.word("depth", &Self::DEPTHS)?,
                image: object.needed("image")?,
            },
            Verb::ClusterGet => Self::ClusterGet,
            Verb::UsersCurrent => Self::UsersCurrent,
            Verb::ProjectsGet => Self::ProjectsGet {
                project: object.needed("project")?,
            },
            Verb::LinksList => Self::LinksList {
                classes: object
                    .texts("classes")?
                    .iter()
                    .map(|class| object.one_of("classes", class, &Self::LINK_CLASSES))
                    .collect::<Result<_, _>>()?,
                owner: object.text("owner")?,
            },
            Verb::LinksCreate => Self::LinksCreate {
                class: object.word("class", &Self::LINK_CLASSES)?,
                name: object.text("name")?.unwrap_or_default(),
                head: object.text("head")?.unwrap_or_default(),
                owner: object.text("owner")?,
            },
            Verb::LinksDelete => Self::LinksDelete {
                class: object.word("class", &Self::LINK_CLASSES)?,
                name: object.text("name")?.unwrap_or_default(),
                head: object.text("head")?.unwrap_or_default(),
                owner: object.text("owner")?,
            },
            Verb::CollectionsList => Self::CollectionsList {
                manifests: object.truth("manifests")?,
                owner: object.text("owner")?,
            },
            Verb::CollectionsUpdate => Self::CollectionsUpdate {
                collection: object.text("collection")?.unwrap_or_default(),
                owner: object.text("owner")?,
            },
            Verb::CollectionsCreate => Self::CollectionsCreate {
                name: object.text("name")?.unwrap_or_default(),
                owner: object.text("owner")?,
                replicas: object.count("replicas")?,
                storage_classes: object.texts("storage_classes")?,
            },
        })
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

struct Object<'a> {
    verb: Verb,
    members: &'a Map<String, Value>,
}

impl Object<'_> {
    fn text(&self, member: &'static str) -> Result<Option<String>, ObjectError> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.value(member, other, "a string")),
        }
    }

    fn needed(&self, member: &'static str) -> Result<String, ObjectError> {
        self.text(member)?.ok_or(ObjectError::Missing {
            verb: self.verb,
            member,
        })
    }

    fn word(
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

    fn texts(&self, member: &'static str) -> Result<Vec<String>, ObjectError> {
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

    fn texts_if_any(&self, member: &'static str) -> Result<Option<Vec<String>>, ObjectError> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.texts(member).map(Some),
        }
    }

    fn number(&self, member: &'static str) -> Result<Option<u64>, ObjectError> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.value(member, value, "a number")),
            },
        }
    }

    fn count(&self, member: &'static str) -> Result<Option<u32>, ObjectError> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64().and_then(|count| u32::try_from(count).ok()) {
                Some(count) => Ok(Some(count)),
                None => Err(self.value(member, value, "a number")),
            },
        }
    }

    fn truth(&self, member: &'static str) -> Result<bool, ObjectError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(line: &str) -> Result<Operation, ObjectError> {
        let mut words = line.split(' ').map(str::to_owned);
        Operation::from_words(&words.next().unwrap(), &words.collect::<Vec<_>>())
    }

    #[test]
    fn words_and_objects_come_back() {
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
            let made = operation(line).unwrap();
            assert_eq!(made.to_string(), line);
            assert_eq!(
                Operation::from_object(made.verb().name(), &made.object()).unwrap(),
                made,
                "{line}"
            );
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
