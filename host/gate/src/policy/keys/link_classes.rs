//! `link-classes`: which classes of links.

use serde_json::Value;

use super::super::context::{Cluster, Context};
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::rule::Effect;
use super::{BOTH, Narrowing, stating};
use crate::kind::{About, Kind};
use crate::{Operation, Verb};

/// One of these classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkClasses(Vec<&'static str>);

/// Returns the classes of the links that are listed, or that of the link that is made or removed.
fn asked<'a>(about: &'a About<'_>) -> Option<&'a [&'static str]> {
    about.link_classes.or(about
        .link_class
        .as_slice()
        .first()
        .map(std::slice::from_ref))
}

impl Narrowing for LinkClasses {
    const NAME: &'static str = "link-classes";
    const MEANING: &'static str = "The classes of links.";
    const EFFECTS: &'static [Effect] = BOTH;

    fn is_about(verb: Verb) -> bool {
        verb.has(&[Kind::LinkClasses, Kind::LinkClass])
    }

    fn schema() -> Value {
        stating::words(&Operation::LINK_CLASSES)
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        let parse = |text: &str| stating::word(text, "link class", &Operation::LINK_CLASSES);
        stating::list(document, entry, parse, Self)
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        match asked(&operation.about()) {
            Some(classes) => stating::several(classes, |class| Match::from(self.0.contains(class))),
            None => Match::No,
        }
    }

    fn value(&self, operation: &Operation, _: &Context<'_>) -> Option<String> {
        let about = operation.about();
        let mut classes = asked(&about)?.iter();
        let one = about.link_class;
        one.or_else(|| classes.find(|class| !self.0.contains(class)).copied())
            .map(str::to_owned)
    }

    // The probes have all classes.
    fn probe(&self, _: &mut Seeds) {}

    fn seen(operation: &Operation, _: &Cluster) -> Vec<String> {
        let about = operation.about();
        let classes = asked(&about).unwrap_or_default().iter();
        classes.map(|class| (*class).to_owned()).collect()
    }
}
