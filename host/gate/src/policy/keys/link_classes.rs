//! `link-classes`: which classes of links.

use serde_json::Value;

use super::super::context::Context;
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::rule::Effect;
use super::{BOTH, Narrowing, stating};
use crate::{Operation, Verb};

/// One of these classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkClasses(Vec<&'static str>);

impl Narrowing for LinkClasses {
    const NAME: &'static str = "link-classes";
    const MEANING: &'static str = "The classes of links.";
    const EFFECTS: &'static [Effect] = BOTH;
    const VERBS: &'static [Verb] = &[Verb::LinksList, Verb::LinksCreate, Verb::LinksDelete];

    fn schema() -> Value {
        stating::words(&Operation::LINK_CLASSES)
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        let parse = |text: &str| stating::word(text, "link class", &Operation::LINK_CLASSES);
        stating::list(document, entry, parse, Self)
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        match operation {
            Operation::LinksCreate { class, .. } | Operation::LinksDelete { class, .. } => {
                Match::from(self.0.contains(class))
            }
            Operation::LinksList { classes, .. } => {
                stating::several(classes, |class| Match::from(self.0.contains(class)))
            }
            _ => Match::No,
        }
    }

    fn value(&self, operation: &Operation, _: &Context<'_>) -> Option<String> {
        match operation {
            Operation::LinksCreate { class, .. } | Operation::LinksDelete { class, .. } => {
                Some((*class).to_owned())
            }
            Operation::LinksList { classes, .. } => classes
                .iter()
                .find(|class| !self.0.contains(class))
                .map(|class| (*class).to_owned()),
            _ => None,
        }
    }

    // The probes have all classes.
    fn probe(&self, _: &mut Seeds) {}

    fn seen(operation: &Operation) -> Vec<String> {
        match operation {
            Operation::LinksCreate { class, .. } | Operation::LinksDelete { class, .. } => {
                vec![(*class).to_owned()]
            }
            Operation::LinksList { classes, .. } => {
                classes.iter().map(|class| (*class).to_owned()).collect()
            }
            _ => Vec::new(),
        }
    }
}
