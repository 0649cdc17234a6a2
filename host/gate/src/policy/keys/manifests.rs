//! `manifests`: that no manifests are asked for, hence no signatures.

use serde_json::{Value, json};

use super::super::context::{Cluster, Context};
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::rule::Effect;
use super::{ALLOW, Narrowing, stating};
use crate::kind::Kind;
use crate::{Operation, Verb};

/// No manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WithoutManifests;

impl Narrowing for WithoutManifests {
    const NAME: &'static str = "manifests";
    const MEANING: &'static str =
        "With false, only without manifests, hence without signed locators.";
    const EFFECTS: &'static [Effect] = ALLOW;

    fn is_about(verb: Verb) -> bool {
        verb.has(&[Kind::Manifests])
    }

    fn schema() -> Value {
        json!({ "type": "boolean" })
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        stating::truth(document, entry, false, Self)
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        Match::from(operation.about().manifests == Some(false))
    }

    fn value(&self, _: &Operation, _: &Context<'_>) -> Option<String> {
        None
    }

    fn remedy(&self) -> Option<String> {
        Some("drop `manifests`".to_owned())
    }

    // The probes have both.
    fn probe(&self, _: &mut Seeds) {}

    fn seen(operation: &Operation, _: &Cluster) -> Vec<String> {
        match operation.about().manifests {
            Some(true) => vec![String::new()],
            Some(false) => vec!["false".to_owned()],
            None => Vec::new(),
        }
    }

    fn drafted(_: &[String]) -> String {
        "false".to_owned()
    }
}
