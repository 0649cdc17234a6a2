//! `require-signature`: that somebody stands for the image.

use serde_json::{Value, json};

use super::super::context::{Cluster, Context};
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::rule::Effect;
use super::signers::of_signers;
use super::{ALLOW, Narrowing, stating};
use crate::kind::Kind;
use crate::{Operation, Verb};

/// A valid signature; of whom, `signers` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequireSignature;

impl Narrowing for RequireSignature {
    const NAME: &'static str = "require-signature";
    const MEANING: &'static str =
        "Only images of registries on which one of `signers` has put a signature.";
    const EFFECTS: &'static [Effect] = ALLOW;
    const BESIDE: Option<&'static str> = Some("signers");

    fn is_about(verb: Verb) -> bool {
        verb.has(&[Kind::Signers])
    }

    fn schema() -> Value {
        json!({ "type": "boolean" })
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        // Where it asks for nothing, `signers` beside it would be a riddle.
        if document.truth(entry) == Some(false) {
            document.fault(
                entry.value.span(),
                "this can only be `true`; leave it out, and `signers` too, to ask for no signature",
            );
        }
        stating::truth(document, entry, true, Self)
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        of_signers(operation, |signers| !signers.is_empty())
    }

    fn value(&self, _: &Operation, _: &Context<'_>) -> Option<String> {
        None
    }

    fn remedy(&self) -> Option<String> {
        Some("have the image signed".to_owned())
    }

    // `signers` names those that there may be.
    fn probe(&self, _: &mut Seeds) {}

    fn seen(_: &Operation, _: &Cluster) -> Vec<String> {
        Vec::new()
    }
}
