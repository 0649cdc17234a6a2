//! A rule: which operations it means, and whether it allows or denies them.

use std::fmt;
use std::sync::Arc;

use super::context::Context;
use super::keys::Condition;
use super::matching::Match;
use crate::{Operation, Verb};

/// What a rule does with the operations that it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It lets them through, unless another rule denies them.
    Allow,
    /// It refuses them, whatever other rules say.
    Deny,
}

impl Effect {
    /// Returns the name of the file's list that holds such rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// A set of verbs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Verbs(u32);

impl Verbs {
    /// Returns the verbs that a pattern covers: a verb, `interface.*`, or `*`; none if it is wrong.
    pub(super) fn covered_by(pattern: &str) -> Option<Self> {
        let interface = pattern.strip_suffix(".*");
        let mut verbs = Self::default();
        for verb in Verb::ALL {
            let covered = match interface {
                Some(interface) => verb.interface() == interface,
                None => pattern == "*" || pattern == verb.name(),
            };
            if covered {
                verbs.0 |= bit(verb);
            }
        }
        (verbs.0 != 0).then_some(verbs)
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn contains(self, verb: Verb) -> bool {
        self.0 & bit(verb) != 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Verb> {
        Verb::ALL
            .into_iter()
            .filter(move |verb| self.contains(*verb))
    }
}

fn bit(verb: Verb) -> u32 {
    1 << verb as u32
}

/// A condition, and the words in which the file states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stated {
    pub(super) condition: Condition,
    pub(super) words: Vec<String>,
}

/// One rule of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Its name, unique in its file.
    pub id: String,
    /// Why it is there.
    pub reason: String,
    /// The file that it is in.
    pub file: Arc<str>,
    /// The line of its `id`, from 1.
    pub line: usize,
    pub(super) verbs: Verbs,
    /// The verbs as the file states them.
    pub(super) verb_words: Vec<String>,
    pub(super) conditions: Vec<Stated>,
}

impl Rule {
    /// Tells whether the rule names the operation's verb, whatever the object.
    #[must_use]
    pub fn names(&self, operation: &Operation) -> bool {
        self.verbs.contains(operation.verb())
    }

    /// Returns the verbs that the rule names.
    pub fn verbs(&self) -> impl Iterator<Item = Verb> + use<> {
        self.verbs.iter()
    }

    /// Tells whether the rule decides on the operation: to allow it must match for sure, to deny it
    /// is enough that it may.
    pub(super) fn decides(&self, operation: &Operation, context: &Context<'_>) -> bool {
        let needed = self.needed();
        self.names(operation)
            && self
                .conditions
                .iter()
                .all(|stated| stated.condition.matches(operation, context) >= needed)
    }

    /// Returns the conditions that keep the rule from deciding on the operation.
    pub(super) fn unmet(
        &self,
        operation: &Operation,
        context: &Context<'_>,
    ) -> impl Iterator<Item = (&Stated, Match)> {
        let needed = self.needed();
        self.conditions
            .iter()
            .map(|stated| (stated, stated.condition.matches(operation, context)))
            .filter(move |(_, matched)| *matched < needed)
    }

    fn needed(&self) -> Match {
        match self.effect {
            Effect::Allow => Match::Yes,
            Effect::Deny => Match::Maybe,
        }
    }
}

/// Writes the rule's ID and where it stands.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.id, self.file, self.line)
    }
}
