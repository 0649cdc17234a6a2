//! `require-digest`: that a name means one image for ever.

use serde_json::{Value, json};

use super::super::context::{Cluster, Context};
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::repository::{is_image_id, is_pinned};
use super::super::rule::Effect;
use super::{ALLOW, Narrowing, stating};
use crate::kind::Kind;
use crate::{Operation, Verb};

/// A name with a digest, or a whole image ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequireDigest;

impl Narrowing for RequireDigest {
    const NAME: &'static str = "require-digest";
    const MEANING: &'static str = "Only names with a digest, and whole image IDs.";
    const EFFECTS: &'static [Effect] = ALLOW;

    fn is_about(verb: Verb) -> bool {
        verb.has(&[Kind::Searched, Kind::Pulled, Kind::Sought, Kind::Source])
    }

    fn schema() -> Value {
        json!({ "type": "boolean" })
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        stating::truth(document, entry, true, Self)
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        let about = operation.about();
        Match::from(match about.name {
            Some(name) => is_pinned(name.text()),
            None => about.source.is_some() && about.image.is_some_and(is_image_id),
        })
    }

    fn value(&self, _: &Operation, _: &Context<'_>) -> Option<String> {
        None
    }

    fn remedy(&self) -> Option<String> {
        Some("name the image by its digest, or drop `require-digest`".to_owned())
    }

    // The probes have names of either kind.
    fn probe(&self, _: &mut Seeds) {}

    fn seen(_: &Operation, _: &Cluster) -> Vec<String> {
        Vec::new()
    }
}
