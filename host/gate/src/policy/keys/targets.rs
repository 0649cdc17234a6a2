//! `targets`: where an archive may go.

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
pub(crate) struct Targets(Vec<&'static str>);

impl Narrowing for Targets {
    const NAME: &'static str = "targets";
    const MEANING: &'static str = "Where a fetched archive may go.";
    const EFFECTS: &'static [Effect] = BOTH;

    fn is_about(verb: Verb) -> bool {
        verb.has(&[Kind::Target])
    }

    fn schema() -> Value {
        stating::words(&Operation::TARGETS)
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        let parse = |text: &str| stating::word(text, "target", &Operation::TARGETS);
        stating::list(document, entry, parse, Self)
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        let target = operation.about().target;
        Match::from(target.is_some_and(|target| self.0.contains(&target)))
    }

    fn value(&self, operation: &Operation, context: &Context<'_>) -> Option<String> {
        Self::seen(operation, context.cluster).pop()
    }

    // The probes have all of these words.
    fn probe(&self, _: &mut Seeds) {}

    fn seen(operation: &Operation, _: &Cluster) -> Vec<String> {
        let target = operation.about().target;
        target.map(str::to_owned).into_iter().collect()
    }
}
