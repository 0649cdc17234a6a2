//! `storage-classes`: which storage classes may be asked for.

use serde_json::Value;

use super::super::context::{Cluster, Context};
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::rule::Effect;
use super::{BOTH, Narrowing, stating};
use crate::kind::Kind;
use crate::{Operation, Verb};

/// How a policy writes that no class is named.
const CLUSTER_DEFAULT: &str = "cluster-default";

/// These classes and no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StorageClasses(Vec<StorageClassPattern>);

impl StorageClasses {
    fn contain(&self, class: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(class))
    }
}

impl Narrowing for StorageClasses {
    const NAME: &'static str = "storage-classes";
    const MEANING: &'static str = "`*`, `cluster-default`, or names of storage classes.";
    const EFFECTS: &'static [Effect] = BOTH;

    fn is_about(verb: Verb) -> bool {
        verb.has(&[Kind::StorageClasses])
    }

    fn schema() -> Value {
        stating::texts(r"^(\*|[^*,\s]+)$")
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        stating::list(document, entry, StorageClassPattern::parse, Self)
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        match operation.about().storage_classes {
            Some([]) => Match::from(self.0.iter().any(StorageClassPattern::matches_default)),
            Some(classes) => stating::several(classes, |class| Match::from(self.contain(class))),
            None => Match::No,
        }
    }

    fn value(&self, operation: &Operation, _: &Context<'_>) -> Option<String> {
        match operation.about().storage_classes? {
            [] => Some(CLUSTER_DEFAULT.to_owned()),
            classes => classes.iter().find(|class| !self.contain(class)).cloned(),
        }
    }

    fn probe(&self, seeds: &mut Seeds) {
        seeds
            .storage_classes
            .extend(self.0.iter().filter_map(|pattern| match pattern {
                StorageClassPattern::Exactly(class) => Some(vec![class.clone()]),
                StorageClassPattern::Any | StorageClassPattern::ClusterDefault => None,
            }));
    }

    fn seen(operation: &Operation, _: &Cluster) -> Vec<String> {
        match operation.about().storage_classes {
            Some([]) => vec![CLUSTER_DEFAULT.to_owned()],
            Some(classes) => classes.to_vec(),
            None => Vec::new(),
        }
    }
}

/// A set of storage classes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum StorageClassPattern {
    Any,
    /// What the cluster chooses when none is named.
    ClusterDefault,
    Exactly(String),
}

impl StorageClassPattern {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "*" => Ok(Self::Any),
            CLUSTER_DEFAULT => Ok(Self::ClusterDefault),
            _ if text.contains('*')
                || text.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',') =>
            {
                Err(format!(
                    "`{text}` is neither `*`, nor `{CLUSTER_DEFAULT}`, nor the name of a storage class"
                ))
            }
            _ => Ok(Self::Exactly(text.to_owned())),
        }
    }

    fn matches(&self, class: &str) -> bool {
        match self {
            Self::Any => true,
            Self::ClusterDefault => false,
            Self::Exactly(wanted) => wanted == class,
        }
    }

    fn matches_default(&self) -> bool {
        matches!(self, Self::Any | Self::ClusterDefault)
    }
}
