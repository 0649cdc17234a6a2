//! What an auditor wants to know of a component: what it can ask for, and what it would be allowed.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Component, Description, Error};
use crate::gate::Verb;
use crate::harmless::escape;
use crate::policy::{Policy, Unfit};

/// A component, held against the contract and the policy in force.
pub(crate) struct Audit<'a> {
    description: &'a Description,
    policy: &'a Policy,
    /// Whether the embedded machine code is that of the embedded WebAssembly; none for a file.
    machine_code: Option<bool>,
    unfit: Option<Unfit>,
}

impl<'a> Audit<'a> {
    /// Audits a component that was loaded from a file.
    #[must_use]
    pub(crate) fn new(component: &'a Component, policy: &'a Policy) -> Self {
        let description = component.description();
        Self {
            description,
            policy,
            machine_code: None,
            unfit: policy.vet(&description.guest()).err(),
        }
    }

    /// Audits the embedded component, machine code and all; that compiles it again.
    ///
    /// # Errors
    /// If it cannot be compiled, which only a broken build can bring about.
    pub(crate) fn of_embedded(component: &'a Component, policy: &'a Policy) -> Result<Self, Error> {
        Ok(Self {
            machine_code: Some(Component::is_machine_code_genuine()?),
            ..Self::new(component, policy)
        })
    }

    /// Tells whether the machine code is that of the WebAssembly, as far as there are both.
    #[must_use]
    pub(crate) fn is_genuine(&self) -> bool {
        self.machine_code != Some(false)
    }

    /// Returns the imports beyond the contract.
    #[must_use]
    pub(crate) fn excess(&self) -> Vec<String> {
        self.description.excess()
    }

    /// Returns why the policy does not let the component in, and the imported functions that it would
    /// never allow; nothing if it grants all that is imported.
    #[must_use]
    pub(crate) fn ungranted(&self) -> Vec<String> {
        let barred = self
            .verbs()
            .filter_map(|verb| Some((verb, self.policy.barring(verb)?)))
            .map(|(verb, layer)| format!("{verb}: no rule of {} allows it", layer.file));
        self.unfit
            .iter()
            .map(ToString::to_string)
            .chain(barred)
            .collect()
    }

    fn verbs(&self) -> impl Iterator<Item = Verb> {
        self.description
            .imports
            .iter()
            .flat_map(|import| import.items.iter().filter_map(|item| import.verb(item)))
    }

    /// Returns the audit for people.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        add(&mut text, format!("SHA-256 {}", self.description.sha256));
        add(&mut text, format!("size {} bytes", self.description.size));
        match self.machine_code {
            None => {}
            Some(true) => add(
                &mut text,
                "machine code: compiling these bytes again gives the very same",
            ),
            Some(false) => add(
                &mut text,
                "machine code: DIFFERS from what compiling these bytes gives",
            ),
        }
        for export in &self.description.exports {
            add(
                &mut text,
                format!("exports {}: {}", escape(&export.name), names(&export.items)),
            );
        }
        for import in &self.description.imports {
            let excess = import.excess();
            let foreign = if excess.contains(&import.name) {
                " (NOT IN THE CONTRACT)"
            } else {
                ""
            };
            add(
                &mut text,
                format!("imports {}{foreign}", escape(&import.name)),
            );
            for item in &import.items {
                match import.verb(item) {
                    Some(verb) => {
                        for line in self.policy.effective(verb).lines() {
                            add(&mut text, format!("  {line}"));
                        }
                    }
                    None if foreign.is_empty() && !excess.is_empty() => {
                        add(
                            &mut text,
                            format!("  {} (NOT IN THE CONTRACT)", escape(item)),
                        );
                    }
                    None => {}
                }
            }
        }
        text.push_str(&self.policy.limits_in_force());
        text
    }

    /// Returns the audit as JSON; `docs/json.md` describes it.
    #[must_use]
    pub(crate) fn to_json(&self) -> Value {
        let imports: Vec<Value> = self
            .description
            .imports
            .iter()
            .map(|import| {
                let functions: Vec<Value> = import
                    .items
                    .iter()
                    .filter_map(|item| Some(self.function(item, import.verb(item)?)))
                    .collect();
                json!({"interface": import.name, "functions": functions})
            })
            .collect();
        let exports: Vec<Value> = self
            .description
            .exports
            .iter()
            .map(|export| json!({"interface": export.name, "functions": export.items}))
            .collect();
        json!({
            "schema": "keepdocker.component-audit/1",
            "sha256": self.description.sha256,
            "size": self.description.size,
            "machine_code_genuine": self.machine_code,
            "exports": exports,
            "imports": imports,
            "excess": self.excess(),
            "ungranted": self.ungranted(),
            "policy": self.policy.sha256(),
            "limits": self.policy.limits_json(),
        })
    }

    fn function(&self, item: &str, verb: Verb) -> Value {
        let rules: Vec<Value> = self
            .policy
            .granting(verb)
            .map(|rule| json!({"id": rule.id, "file": &*rule.file, "line": rule.line}))
            .collect();
        json!({
            "name": item,
            "verb": verb.name(),
            "granted": self.policy.barring(verb).is_none(),
            "rules": rules,
        })
    }
}

fn names(items: &[String]) -> String {
    items
        .iter()
        .map(|item| escape(item).into_owned())
        .collect::<Vec<_>>()
        .join(", ")
}

fn add(text: &mut String, line: impl std::fmt::Display) {
    writeln!(text, "{line}").expect("writing to a string does not fail");
}
