//! What one policy allows and another does not.

use super::demands::Shown;
use super::limits::Counted;
use super::probe::{self, MAX_PROBES, Probe};
use super::stack::{Decision, Policy};
use crate::Verb;

/// How a second policy differs from a first, by what comes of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// What only the second allows. A name `any-other` stands for all that no rule names.
    pub allowed: Vec<String>,
    /// What only the first allows.
    pub denied: Vec<String>,
    /// Limits and demands that are not the same: which, the first's, and the second's.
    pub limits: Vec<(String, String, String)>,
    /// Whether there were so many patterns that not everything was compared.
    pub incomplete: bool,
}

impl Policy {
    /// Compares with a second policy.
    #[must_use]
    pub fn difference(&self, second: &Self) -> Difference {
        let mut difference = Difference::default();
        for verb in Verb::ALL {
            let rules = self
                .layers()
                .iter()
                .chain(second.layers())
                .flat_map(|layer| &layer.rules);
            let probes = probe::of(verb, rules);
            difference.incomplete |= probes.len() == MAX_PROBES;
            for probe in &probes {
                let goes_on = |policy: &Self| {
                    policy.decide(&probe.operation, &probe.context()).decision != Decision::Deny
                };
                match (goes_on(self), goes_on(second)) {
                    (false, true) => difference.allowed.push(shown(probe)),
                    (true, false) => difference.denied.push(shown(probe)),
                    _ => {}
                }
            }
        }
        for counted in Counted::all() {
            let value = |policy: &Self| {
                policy
                    .limits()
                    .get(counted)
                    .map_or_else(|| "none".to_owned(), |limit| counted.show(limit.value))
            };
            let (first, second) = (value(self), value(second));
            if first != second {
                difference.limits.push((counted.to_string(), first, second));
            }
        }
        let demands = self.demands().shown().into_iter();
        for (first, second) in demands.zip(second.demands().shown()) {
            let word = |shown: Shown<'_>| shown.stated.map_or(shown.loosest, |(word, ..)| word);
            if word(first) != word(second) {
                difference.limits.push((
                    first.key.to_owned(),
                    word(first).to_owned(),
                    word(second).to_owned(),
                ));
            }
        }
        difference
    }
}

fn shown(probe: &Probe) -> String {
    let names = probe
        .names
        .as_ref()
        .map(|names| format!(" (an image of the name {})", names.join(", ")))
        .unwrap_or_default();
    let id = probe.cluster.id.as_deref().unwrap_or("?");
    format!(
        "{}{names} on {} ({id})",
        probe.operation, probe.cluster.host
    )
}
