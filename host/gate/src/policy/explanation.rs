//! How a decision comes about, rule by rule.

use std::fmt::Write as _;

use super::context::Context;
use super::denial::Denial;
use super::layer::Judgement;
use super::rule::Rule;
use super::stack::{Decision, Policy};
use crate::Operation;

/// A decision, and the rules that were considered on the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The decision, limits aside.
    pub decision: Decision,
    /// The whole story for people, of several lines.
    pub text: String,
}

impl Policy {
    /// Explains the decision on an operation.
    #[must_use]
    pub fn explain(&self, operation: &Operation, context: &Context<'_>) -> Explanation {
        let mut text = format!("{operation}\n");
        for layer in self.layers() {
            let outcome = match layer.judge(operation, context) {
                Judgement::Allowed(rule) => format!("allows it by {rule}"),
                Judgement::Denied(rule) => format!("denies it by {rule}"),
                Judgement::Unknown => "has no rule that allows it".to_owned(),
            };
            line(
                &mut text,
                1,
                &format!(
                    "{} policy {} (mode {}) {outcome}",
                    layer.origin,
                    layer.file,
                    layer.mode.name()
                ),
            );
            for rule in layer.rules.iter().filter(|rule| rule.names(operation)) {
                line(&mut text, 2, &considered(rule, operation, context));
            }
        }
        let ruling = self.decide(operation, context);
        match ruling.decision {
            Decision::Allow => line(&mut text, 0, "allowed, as long as no limit is reached"),
            Decision::WouldDeny | Decision::Deny => {
                let denial = Denial::new(self, &ruling, operation, operation, context, 0);
                let denied = ruling.decision == Decision::Deny;
                line(
                    &mut text,
                    0,
                    if denied {
                        "denied"
                    } else {
                        "allowed, but only because a layer is in mode warn"
                    },
                );
                line(&mut text, 1, &format!("why: {}", denial.why));
                line(&mut text, 1, &format!("fix: {}", denial.fix));
            }
        }
        Explanation {
            decision: ruling.decision,
            text,
        }
    }
}

fn considered(rule: &Rule, operation: &Operation, context: &Context<'_>) -> String {
    let unmet: Vec<String> = rule
        .unmet(operation, context)
        .map(|(stated, matched)| {
            let how = if matched == super::matching::Match::Maybe {
                "is not known to be"
            } else {
                "is not"
            };
            format!(
                "`{}` {how} {}",
                stated.condition.key(),
                stated.words.join(", ")
            )
        })
        .collect();
    let outcome = if unmet.is_empty() {
        "matches".to_owned()
    } else {
        format!("does not match: {}", unmet.join("; "))
    };
    format!("{} {rule} {outcome}", rule.effect.name())
}

fn line(text: &mut String, depth: usize, words: &str) {
    let indent = depth * 2;
    writeln!(text, "{:indent$}{words}", "").expect("writing to a string does not fail");
}
