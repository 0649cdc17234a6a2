//! `max-bytes`: how large an image of a registry may be.

use serde_json::{Value, json};

use super::super::context::{Cluster, Context};
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::quantity;
use super::super::rule::Effect;
use super::{ALLOW, Narrowing};
use crate::kind::Kind;
use crate::{Operation, Verb};

/// No more bytes of layers than these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MaxBytes(u64);

impl Narrowing for MaxBytes {
    const NAME: &'static str = "max-bytes";
    const MEANING: &'static str =
        "How many bytes the layers of one image may have together, as they come, such as `2GiB`.";
    const EFFECTS: &'static [Effect] = ALLOW;

    fn is_about(verb: Verb) -> bool {
        verb.has(&[Kind::Bytes])
    }

    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB|TiB)$" })
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        let most = document.quantity(entry, quantity::size, quantity::SIZE);
        let words = most.iter().map(|most| quantity::show_size(*most));
        (words.collect(), most.map(Self))
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        match operation.about().bytes {
            Some(Some(bytes)) => Match::from(bytes <= self.0),
            Some(None) => Match::Maybe,
            None => Match::No,
        }
    }

    fn value(&self, _: &Operation, _: &Context<'_>) -> Option<String> {
        None
    }

    fn remedy(&self) -> Option<String> {
        Some("raise `max-bytes`".to_owned())
    }

    fn probe(&self, seeds: &mut Seeds) {
        seeds.bytes.extend([self.0, self.0.saturating_add(1)]);
    }

    // What is recorded is the beginning of a call, and then the size is not known.
    fn seen(_: &Operation, _: &Cluster) -> Vec<String> {
        Vec::new()
    }
}
