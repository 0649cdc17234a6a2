//! The keys that narrow a rule down: for each a file, and a line in the list below.
//!
//! What a file says of its key is all that there is to say: how a policy states it, which operations meet it,
//! what it tells apart, what a draft makes of it, and what the published schema says of it.

mod clusters;
mod images;
mod link_classes;
mod manifests;
mod max_bytes;
mod max_replicas;
mod platforms;
mod projects;
mod repositories;
mod require_digest;
mod require_signature;
mod signers;
mod sources;
mod stating;
mod storage_classes;
mod targets;

use std::fmt;

use keepdocker_signature::Signer;
use serde_json::Value;

use super::context::{Cluster, Context};
use super::document::{Document, Entry};
use super::matching::Match;
use super::probe::Seeds;
use super::rule::Effect;
use crate::{Operation, Verb};

pub(super) use stating::word;

/// What a key asks of the object of an operation.
trait Narrowing: Sized {
    /// The key as the file has it.
    const NAME: &'static str;
    /// What it means, for the published schema.
    const MEANING: &'static str;
    /// The kinds of rules that can have it.
    const EFFECTS: &'static [Effect];
    /// The key without which it says nothing.
    const BESIDE: Option<&'static str> = None;

    /// Tells whether it says something about the object of a verb.
    fn is_about(verb: Verb) -> bool;

    /// Returns what its values are, as a JSON Schema.
    fn schema() -> Value;

    /// Reads the key's value, and returns it as the file states it, too; faults go to the document.
    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>);

    /// Tells whether the operation's object meets the condition.
    ///
    /// An operation that the key says nothing about meets none; the reader refuses such rules.
    fn matches(&self, operation: &Operation, context: &Context<'_>) -> Match;

    /// Returns what the operation's object has where the condition looks, as a pattern would say it;
    /// none if that is not known.
    fn value(&self, operation: &Operation, context: &Context<'_>) -> Option<String>;

    /// Returns what to do for the condition to be met, where that is not to add a value.
    fn remedy(&self) -> Option<String> {
        None
    }

    /// Adds a member of each set that the condition tells from others.
    fn probe(&self, seeds: &mut Seeds);

    /// Returns what a rule must name to allow just this operation; an empty text where the key cannot say that,
    /// and nothing where a draft does without the key.
    fn seen(operation: &Operation, cluster: &Cluster) -> Vec<String>;

    /// Returns the key's value in a draft that allows all of these, which are in quotes.
    fn drafted(values: &[String]) -> String {
        format!("[{}]", values.join(", "))
    }
}

/// Makes the keys and their conditions from one list, in the order in which rules are read and shown.
macro_rules! keys {
    ($($key:ident($condition:path);)*) => {
        /// A key of a rule that narrows it down.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Key {
            $($key,)*
        }

        /// What a rule asks of the object.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(super) enum Condition {
            $($key($condition),)*
        }

        impl Key {
            /// Every key, in the order in which rules are read and shown.
            pub(super) const ALL: [Self; [$(stringify!($key)),*].len()] = [$(Self::$key),*];

            /// Returns the key as the file has it.
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$key => <$condition as Narrowing>::NAME,)*
                }
            }

            /// Tells whether the key says something about the object of a verb.
            pub(super) fn is_about(self, verb: Verb) -> bool {
                match self {
                    $(Self::$key => <$condition as Narrowing>::is_about(verb),)*
                }
            }

            /// Returns the key that must stand beside it, if one must.
            pub(super) const fn beside(self) -> Option<&'static str> {
                match self {
                    $(Self::$key => <$condition as Narrowing>::BESIDE,)*
                }
            }

            /// Tells whether such a rule can have the key.
            pub(super) fn is_for(self, effect: Effect) -> bool {
                match self {
                    $(Self::$key => <$condition as Narrowing>::EFFECTS,)*
                }
                .contains(&effect)
            }

            /// Returns what the key's values are, as a JSON Schema that says what they mean.
            pub(super) fn schema(self) -> Value {
                let (mut schema, meaning) = match self {
                    $(Self::$key => (
                        <$condition as Narrowing>::schema(),
                        <$condition as Narrowing>::MEANING,
                    ),)*
                };
                schema["description"] = meaning.into();
                schema
            }

            /// Reads the key's value, and returns it as the file states it, too.
            pub(super) fn read(
                self,
                document: &mut Document<'_>,
                entry: &Entry<'_, '_>,
            ) -> (Vec<String>, Option<Condition>) {
                match self {
                    $(Self::$key => {
                        let (words, read) = <$condition as Narrowing>::read(document, entry);
                        (words, read.map(Condition::$key))
                    })*
                }
            }

            /// Returns what a rule must name to allow just this operation.
            pub(super) fn seen(self, operation: &Operation, cluster: &Cluster) -> Vec<String> {
                match self {
                    $(Self::$key => <$condition as Narrowing>::seen(operation, cluster),)*
                }
            }

            /// Returns the key's value in a draft that allows all of these, which are in quotes.
            pub(super) fn drafted(self, values: &[String]) -> String {
                match self {
                    $(Self::$key => <$condition as Narrowing>::drafted(values),)*
                }
            }
        }

        impl Condition {
            /// Returns the key that states the condition.
            pub(super) fn key(&self) -> Key {
                match self {
                    $(Self::$key(_) => Key::$key,)*
                }
            }

            /// Tells whether the operation's object meets the condition.
            pub(super) fn matches(&self, operation: &Operation, context: &Context<'_>) -> Match {
                match self {
                    $(Self::$key(condition) => condition.matches(operation, context),)*
                }
            }

            /// Returns what the operation's object has where the condition looks.
            pub(super) fn value(
                &self,
                operation: &Operation,
                context: &Context<'_>,
            ) -> Option<String> {
                match self {
                    $(Self::$key(condition) => condition.value(operation, context),)*
                }
            }

            /// Returns what to do for the condition to be met, where that is not to add a value.
            pub(super) fn remedy(&self) -> Option<String> {
                match self {
                    $(Self::$key(condition) => condition.remedy(),)*
                }
            }

            /// Adds a member of each set that the condition tells from others.
            pub(super) fn probe(&self, seeds: &mut Seeds) {
                match self {
                    $(Self::$key(condition) => condition.probe(seeds),)*
                }
            }
        }
    };
}

keys! {
    Repositories(repositories::Repositories);
    Images(images::Images);
    RequireDigest(require_digest::RequireDigest);
    RequireSignature(require_signature::RequireSignature);
    Signers(signers::Signers);
    MaxBytes(max_bytes::MaxBytes);
    Platforms(platforms::Platforms);
    Sources(sources::Sources);
    Targets(targets::Targets);
    Clusters(clusters::Clusters);
    Projects(projects::Projects);
    LinkClasses(link_classes::LinkClasses);
    Manifests(manifests::WithoutManifests);
    StorageClasses(storage_classes::StorageClasses);
    MaxReplicas(max_replicas::MaxReplicas);
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Key {
    /// Returns the verbs whose object the key says something about.
    pub(super) fn verbs(self) -> impl Iterator<Item = Verb> {
        Verb::ALL
            .into_iter()
            .filter(move |verb| self.is_about(*verb))
    }
}

impl Condition {
    /// Tells whether it asks for a cluster by its ID.
    pub(super) fn names_cluster_id(&self) -> bool {
        matches!(self, Self::Clusters(clusters) if clusters.name_an_id())
    }

    /// Returns the images that it names one by one.
    pub(super) fn images(&self) -> Vec<String> {
        match self {
            Self::Images(images) => images.ids(),
            _ => Vec::new(),
        }
    }

    /// Returns those whose signature it asks for.
    pub(super) fn signers(&self) -> &[Signer] {
        match self {
            Self::Signers(signers) => signers.all(),
            _ => &[],
        }
    }

    /// Tells whether it leaves out any cluster.
    pub(super) fn bounds_clusters(&self) -> bool {
        matches!(self, Self::Clusters(clusters) if !clusters.are_all())
    }
}

/// The kinds of rules of a key that says what is allowed, and what is denied.
const BOTH: &[Effect] = &[Effect::Allow, Effect::Deny];

/// The kind of rules of a key that says what is allowed at most.
const ALLOW: &[Effect] = &[Effect::Allow];
