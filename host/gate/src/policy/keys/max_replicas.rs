//! `max-replicas`: how many replicas may be asked for.

use serde_json::{Value, json};

use super::super::context::{Cluster, Context};
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::rule::Effect;
use super::{ALLOW, Narrowing};
use crate::kind::Kind;
use crate::{Operation, Verb};

/// No more replicas than these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MaxReplicas(u32);

impl Narrowing for MaxReplicas {
    const NAME: &'static str = "max-replicas";
    const MEANING: &'static str = "The most replicas that may be asked for.";
    const EFFECTS: &'static [Effect] = ALLOW;

    fn is_about(verb: Verb) -> bool {
        verb.has(&[Kind::Replicas])
    }

    fn schema() -> Value {
        json!({ "type": "integer", "minimum": 0 })
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        let most = document
            .number(entry)
            .map(|most| u32::try_from(most).unwrap_or(u32::MAX));
        (
            most.iter().map(ToString::to_string).collect(),
            most.map(Self),
        )
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        match operation.about().replicas {
            // What the cluster does by default, its administrator has chosen.
            Some(replicas) => Match::from(replicas.is_none_or(|replicas| replicas <= self.0)),
            None => Match::No,
        }
    }

    fn value(&self, _: &Operation, _: &Context<'_>) -> Option<String> {
        None
    }

    fn remedy(&self) -> Option<String> {
        Some("raise `max-replicas`".to_owned())
    }

    fn probe(&self, seeds: &mut Seeds) {
        seeds
            .replicas
            .extend([Some(self.0), Some(self.0.saturating_add(1))]);
    }

    fn seen(operation: &Operation, _: &Cluster) -> Vec<String> {
        // Of what asked for none in particular, no number is too small.
        let replicas = operation.about().replicas;
        let most = replicas.map(|replicas| replicas.unwrap_or(0).to_string());
        most.into_iter().collect()
    }

    fn drafted(values: &[String]) -> String {
        let numbers = values.iter();
        let most = numbers
            .filter_map(|value| value.trim_matches('"').parse::<u64>().ok())
            .max();
        most.unwrap_or_default().to_string()
    }
}
