//! A policy as a table of contents: for people, and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::layer::Layer;
use super::rule::{Effect, Rule};
use super::stack::Policy;
use crate::Verb;

impl Policy {
    /// Returns each layer with its rules, one after the other.
    #[must_use]
    pub fn overview(&self) -> String {
        let mut text = String::new();
        for layer in self.layers() {
            add(&mut text, heading(layer));
            for rule in &layer.rules {
                add(
                    &mut text,
                    format!(
                        "  {} {rule}: {}{}",
                        rule.effect.name(),
                        rule.verb_words.join(", "),
                        conditions(rule)
                    ),
                );
                add(&mut text, format!("    {}", rule.reason));
            }
        }
        text.push_str(&self.limits_in_force());
        text.push_str(&self.demands_in_force());
        text.push_str(&self.audit_in_force());
        text
    }

    /// Returns for each verb what all layers together make of it.
    #[must_use]
    pub fn effective_overview(&self) -> String {
        let mut text: String = Verb::ALL
            .into_iter()
            .map(|verb| self.effective(verb))
            .collect();
        text.push_str(&self.limits_in_force());
        text.push_str(&self.demands_in_force());
        text.push_str(&self.audit_in_force());
        text
    }

    /// Returns what all layers together make of one verb, whatever its object.
    #[must_use]
    pub fn effective(&self, verb: Verb) -> String {
        let mut text = String::new();
        let of = |layer: &Layer, effect: Effect| -> Vec<String> {
            let rules = layer
                .rules
                .iter()
                .filter(|rule| rule.effect == effect && rule.verbs().any(|named| named == verb));
            rules
                .map(|rule| format!("{rule}{}", conditions(rule)))
                .collect()
        };
        match self.barring(verb) {
            Some(layer) => add(
                &mut text,
                format!("{verb}: denied, as no rule of {} allows it", layer.file),
            ),
            None => {
                add(
                    &mut text,
                    format!("{verb}: allowed if, in each line, one applies"),
                );
                for layer in self.layers() {
                    let warns = if layer.mode == super::Mode::Warn {
                        " (only warns)"
                    } else {
                        ""
                    };
                    add(
                        &mut text,
                        format!(
                            "  {}{warns}: {}",
                            layer.origin,
                            of(layer, Effect::Allow).join(" | ")
                        ),
                    );
                }
            }
        }
        for denied in self
            .layers()
            .iter()
            .flat_map(|layer| of(layer, Effect::Deny))
        {
            add(&mut text, format!("  never: {denied}"));
        }
        text
    }

    /// Returns the limits, each with the place that sets it.
    #[must_use]
    pub fn limits_in_force(&self) -> String {
        let mut text = "limits in force\n".to_owned();
        for limit in self.limits().iter() {
            add(
                &mut text,
                format!(
                    "  {} = {} ({}:{})",
                    limit.counted,
                    limit.counted.show(limit.value),
                    limit.file,
                    limit.line
                ),
            );
        }
        text
    }

    /// Returns the limits as JSON: an object with a member for each.
    #[must_use]
    pub fn limits_json(&self) -> Map<String, Value> {
        self.limits()
            .iter()
            .map(|limit| {
                (
                    limit.counted.to_string(),
                    json!({"value": limit.value, "file": &*limit.file, "line": limit.line}),
                )
            })
            .collect()
    }

    /// Returns what is demanded of a whole run, each key with the place that states it.
    fn demands_in_force(&self) -> String {
        let mut text = "demands\n".to_owned();
        for shown in self.demands().shown() {
            match shown.stated {
                Some((word, file, line)) => {
                    add(
                        &mut text,
                        format!("  {} = {word} ({file}:{line})", shown.key),
                    );
                }
                None => add(&mut text, format!("  {} = {}", shown.key, shown.loosest)),
            }
        }
        text
    }

    fn demands_json(&self) -> Map<String, Value> {
        let demands = self.demands().shown().into_iter();
        let stated = demands.filter_map(|shown| Some((shown.key, shown.stated?)));
        stated
            .map(|(key, (word, file, line))| {
                let value = json!({"value": word, "file": file, "line": line});
                (key.to_owned(), value)
            })
            .collect()
    }

    /// Returns what is asked of the audit log.
    fn audit_in_force(&self) -> String {
        let mut text = "audit log\n".to_owned();
        for (key, value) in self.audit().settings() {
            add(&mut text, format!("  audit.{key} = {value}"));
        }
        text
    }

    /// Returns the whole as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "schema": "keepdocker.policy-show/1",
            "sha256": self.sha256(),
            "layers": self.layers().iter().map(layer_json).collect::<Vec<_>>(),
            "limits": self.limits_json(),
            "demands": self.demands_json(),
            "audit": self.audit().settings().into_iter().collect::<BTreeMap<_, _>>(),
        })
    }
}

fn layer_json(layer: &Layer) -> Value {
    json!({
        "origin": layer.origin.to_string(),
        "file": &*layer.file,
        "sha256": layer.sha256,
        "name": layer.name,
        "mode": layer.mode.name(),
        "locked": layer.locked,
        "rules": layer.rules.iter().map(rule_json).collect::<Vec<_>>(),
    })
}

fn rule_json(rule: &Rule) -> Value {
    let conditions: Map<String, Value> = rule
        .conditions
        .iter()
        .map(|stated| (stated.condition.key().to_string(), json!(stated.words)))
        .collect();
    json!({
        "effect": rule.effect.name(),
        "id": rule.id,
        "reason": rule.reason,
        "line": rule.line,
        "verbs": rule.verbs().map(Verb::name).collect::<Vec<_>>(),
        "conditions": conditions,
    })
}

fn heading(layer: &Layer) -> String {
    let name = layer
        .name
        .as_deref()
        .map(|name| format!(" \"{name}\""))
        .unwrap_or_default();
    let locked = if layer.locked { ", locked" } else { "" };
    format!(
        "{} policy {}{name} (mode {}{locked}, SHA-256 {})",
        layer.origin,
        layer.file,
        layer.mode.name(),
        layer.sha256
    )
}

fn conditions(rule: &Rule) -> String {
    rule.conditions
        .iter()
        .map(|stated| format!("; {} {}", stated.condition.key(), stated.words.join(", ")))
        .collect()
}

fn add(text: &mut String, line: impl std::fmt::Display) {
    writeln!(text, "{line}").expect("writing to a string does not fail");
}
