//! What a policy says in vain.

use super::context::Context;
use super::error::Fault;
use super::layer::Layer;
use super::probe::{self, MAX_PROBES};
use super::rule::{Effect, Rule};
use super::stack::Policy;
use crate::{Operation, Verb};

/// What became of a rule over all probes.
#[derive(Default)]
struct Use<'r> {
    /// It decides something that would come out differently without it.
    needed: bool,
    /// It means something at all.
    matches: bool,
    /// A rule that decides in its stead.
    instead: Option<&'r Rule>,
}

impl Layer {
    /// Returns what in this policy has no effect: rules that can match nothing, rules that change no
    /// decision, and limits that the built-in policy makes smaller.
    #[must_use]
    pub fn lint(&self) -> Vec<Fault> {
        let mut warnings: Vec<Fault> = self.idle_limits();
        warnings.extend(self.idle_demands());
        let mut uses: Vec<Use<'_>> = self.rules.iter().map(|_| Use::default()).collect();
        let mut complete = true;
        for verb in Verb::ALL {
            let probes = probe::of(verb, self.rules.iter());
            complete &= probes.len() < MAX_PROBES;
            for probe in &probes {
                self.count(&mut uses, &probe.operation, &probe.context());
            }
        }
        for (rule, found) in self.rules.iter().zip(&uses) {
            let message = match (found.needed, found.matches, found.instead) {
                (true, ..) => continue,
                (_, false, _) => "matches nothing: its conditions exclude one another".to_owned(),
                (_, _, Some(other)) => format!("changes nothing: what it means, {other} decides"),
                // It denies what nothing allows.
                _ => "changes nothing: no rule allows what it denies".to_owned(),
            };
            // Where not everything was tried, one must not say that there is nothing.
            if complete {
                warnings.push(self.warning(rule.line, format!("rule {} {message}", rule.id)));
            }
        }
        if !complete {
            warnings.push(self.warning(
                1,
                "too many patterns to say which rules change nothing".to_owned(),
            ));
        }
        warnings.sort_by_key(|warning| warning.line);
        warnings
    }

    fn count<'r>(&'r self, uses: &mut [Use<'r>], operation: &Operation, context: &Context<'_>) {
        let deciding: Vec<usize> = (0..self.rules.len())
            .filter(|index| self.rules[*index].decides(operation, context))
            .collect();
        let of = |effect: Effect| {
            deciding
                .iter()
                .copied()
                .filter(move |index| self.rules[*index].effect == effect)
        };
        let (denying, allowing) = (of(Effect::Deny).count(), of(Effect::Allow).count());
        for index in &deciding {
            let (others, needed) = match self.rules[*index].effect {
                Effect::Deny => (Effect::Deny, denying == 1 && allowing > 0),
                Effect::Allow if denying > 0 => (Effect::Deny, false),
                Effect::Allow => (Effect::Allow, allowing == 1),
            };
            uses[*index].matches = true;
            uses[*index].needed |= needed;
            if let Some(other) = of(others).find(|other| other != index) {
                uses[*index].instead.get_or_insert(&self.rules[other]);
            }
        }
    }

    fn idle_limits(&self) -> Vec<Fault> {
        let built_in = Policy::built_in();
        self.limits
            .iter()
            .filter_map(|limit| {
                let smaller = built_in
                    .limits()
                    .get(limit.counted)
                    .filter(|smaller| smaller.value < limit.value)?;
                let message = format!(
                    "`{}` changes nothing: the built-in policy has {}",
                    limit.counted,
                    smaller.counted.show(smaller.value)
                );
                Some(self.warning(limit.line, message))
            })
            .collect()
    }

    fn idle_demands(&self) -> Vec<Fault> {
        let stated = self.demands.shown().into_iter();
        let stated = stated.filter_map(|shown| Some((shown, shown.stated?)));
        stated
            .filter(|(shown, (word, ..))| *word == shown.loosest)
            .map(|(shown, (word, _, line))| {
                let message = format!(
                    "`{} = \"{word}\"` changes nothing: it demands nothing",
                    shown.key
                );
                self.warning(line, message)
            })
            .collect()
    }

    fn warning(&self, line: usize, message: String) -> Fault {
        Fault {
            file: self.file.to_string(),
            line,
            column: 1,
            message,
        }
    }
}
