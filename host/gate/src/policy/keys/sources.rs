//! `sources`: where an archive may come from.

use serde_json::Value;

use super::super::context::{Cluster, Context};
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::rule::Effect;
use super::{BOTH, Narrowing, stating};
use crate::kind::Kind;
use crate::{Operation, Verb};

/// One of these places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sources(Vec<&'static str>);

impl Narrowing for Sources {
    const NAME: &'static str = "sources";
    const MEANING: &'static str = "Where an archive may come from.";
    const EFFECTS: &'static [Effect] = BOTH;

    fn is_about(verb: Verb) -> bool {
        verb.has(&[Kind::Source])
    }

    fn schema() -> Value {
        stating::words(&Operation::SOURCES)
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        let parse = |text: &str| stating::word(text, "source", &Operation::SOURCES);
        stating::list(document, entry, parse, Self)
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        let source = operation.about().source;
        Match::from(source.is_some_and(|source| self.0.contains(&source)))
    }

    fn value(&self, operation: &Operation, context: &Context<'_>) -> Option<String> {
        Self::seen(operation, context.cluster).pop()
    }

    // The probes have all of these words.
    fn probe(&self, _: &mut Seeds) {}

    fn seen(operation: &Operation, _: &Cluster) -> Vec<String> {
        let source = operation.about().source;
        source.map(str::to_owned).into_iter().collect()
    }
}
