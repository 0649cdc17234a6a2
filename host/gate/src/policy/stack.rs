//! The policy in force: the layers, one on the other.

use keepdocker_signature::Signer;
use keepdocker_terms::digest::Digest;

use super::audit::AuditRules;
use super::context::Context;
use super::demands::Demands;
use super::error::Error;
use super::guest::{Guest, Unfit};
use super::keepers::Keepers;
use super::layer::{Judgement, Layer, Mode};
use super::limits::{Limit, Limits};
use super::origin::Origin;
use super::rule::Rule;
use super::sources::Sources;
use crate::{Operation, Verb};

/// The text of the policy that is part of this program.
pub(crate) const BUILT_IN: &str = include_str!("../../built-in.toml");

/// All layers of policy that are in force.
///
/// An operation goes on only if every layer allows it, so a further layer can only tighten. Of each
/// limit the smallest counts.
#[derive(Debug, Clone)]
pub struct Policy {
    layers: Vec<Layer>,
    limits: Limits,
    demands: Demands,
    audit: AuditRules,
}

/// What comes of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It goes on.
    Allow,
    /// It goes on only because the layer that would deny it is in mode `warn`.
    WouldDeny,
    /// It does not go on.
    Deny,
}

impl Decision {
    /// Returns the word for it, as the record has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::WouldDeny => "would-deny",
            Self::Deny => "deny",
        }
    }
}

/// What a decision rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause<'p> {
    /// This rule: of an operation that is allowed, the one of the last layer.
    Rule(&'p Rule),
    /// No rule of this file allows the operation.
    NoRule(&'p str),
    /// This limit is reached.
    Limit(&'p Limit),
}

/// A decision and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ruling<'p> {
    /// The decision.
    pub decision: Decision,
    /// What it rests on.
    pub cause: Cause<'p>,
    /// Whose policy that is.
    pub origin: Origin,
}

impl<'p> Ruling<'p> {
    /// Returns the ID of the rule; `no-rule` if none matches, `limit` if one is reached.
    #[must_use]
    pub fn rule(&self) -> &'p str {
        match self.cause {
            Cause::Rule(rule) => &rule.id,
            Cause::NoRule(_) => "no-rule",
            Cause::Limit(_) => "limit",
        }
    }

    /// Returns the file that the decision rests on, and the line, where there is one.
    #[must_use]
    pub fn source(&self) -> (&'p str, Option<usize>) {
        match self.cause {
            Cause::Rule(rule) => (&rule.file, Some(rule.line)),
            Cause::NoRule(file) => (file, None),
            Cause::Limit(limit) => (&limit.file, Some(limit.line)),
        }
    }
}

impl Policy {
    /// Returns the policy that is part of this program, and nothing else.
    #[must_use]
    pub fn built_in() -> Self {
        let layer = Layer::read(Origin::BuiltIn, "built-in", BUILT_IN)
            .expect("a test reads the built-in policy");
        let limits = layer.limits.clone();
        let demands = layer.demands.clone();
        let audit = layer.audit.clone();
        Self {
            layers: vec![layer],
            limits,
            demands,
            audit,
        }
    }

    /// Loads the built-in policy and the layers above it.
    ///
    /// # Errors
    /// If a file is there and cannot be used, or others can change it; a policy is never passed over.
    pub fn load(sources: &Sources) -> Result<Self, Error> {
        Self::load_kept_by(&Keepers::of_process(), sources)
    }

    /// Does the same where others may keep policies.
    pub(super) fn load_kept_by(keepers: &Keepers, sources: &Sources) -> Result<Self, Error> {
        sources
            .layers(keepers)?
            .into_iter()
            .try_fold(Self::built_in(), Self::and)
    }

    /// Puts one more layer on top.
    ///
    /// # Errors
    /// If the layer only warns, though it or one below it is locked, or if it asks for another place or
    /// key of the audit log than one below it.
    pub fn and(mut self, layer: Layer) -> Result<Self, Error> {
        let lock = self
            .layers
            .iter()
            .chain([&layer])
            .find(|below| below.locked);
        if let (Mode::Warn, Some(lock)) = (layer.mode, lock) {
            return Err(Error::Locked {
                file: layer.file.to_string(),
                line: layer.mode_line,
                locked_by: lock.file.to_string(),
            });
        }
        for limit in layer.limits.iter() {
            self.limits.tighten(limit.clone());
        }
        self.demands.tighten(&layer.demands);
        self.audit.tighten(&layer.audit)?;
        self.layers.push(layer);
        Ok(self)
    }

    /// Returns the layers, the built-in one first.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Returns the limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns what is demanded of a whole run.
    #[must_use]
    pub fn demands(&self) -> &Demands {
        &self.demands
    }

    /// Returns what is asked of the audit log.
    #[must_use]
    pub fn audit(&self) -> &AuditRules {
        &self.audit
    }

    /// Decides on an operation, limits aside; allocates nothing.
    #[must_use]
    pub fn decide(&self, operation: &Operation, context: &Context<'_>) -> Ruling<'_> {
        let mut allowed = None;
        let mut warned = None;
        for layer in &self.layers {
            let cause = match layer.judge(operation, context) {
                Judgement::Allowed(rule) => {
                    allowed = Some(Ruling {
                        decision: Decision::Allow,
                        cause: Cause::Rule(rule),
                        origin: layer.origin,
                    });
                    continue;
                }
                Judgement::Denied(rule) => Cause::Rule(rule),
                Judgement::Unknown => Cause::NoRule(&layer.file),
            };
            match layer.mode {
                Mode::Enforce => {
                    return Ruling {
                        decision: Decision::Deny,
                        cause,
                        origin: layer.origin,
                    };
                }
                Mode::Warn => {
                    warned = warned.or(Some(Ruling {
                        decision: Decision::WouldDeny,
                        cause,
                        origin: layer.origin,
                    }))
                }
            }
        }
        // Without any layer nothing is allowed; the built-in one is always there.
        warned.or(allowed).unwrap_or(Ruling {
            decision: Decision::Deny,
            cause: Cause::NoRule("built-in"),
            origin: Origin::BuiltIn,
        })
    }

    /// Returns the IDs of all images that rules name one by one.
    #[must_use]
    pub fn images(&self) -> Vec<String> {
        let rules = self.layers.iter().flat_map(|layer| &layer.rules);
        let conditions = rules.flat_map(|rule| &rule.conditions);
        conditions
            .flat_map(|stated| stated.condition.images())
            .collect()
    }

    /// Returns all whose signatures rules ask for, each once.
    #[must_use]
    pub fn signers(&self) -> Vec<Signer> {
        let rules = self.layers.iter().flat_map(|layer| &layer.rules);
        let conditions = rules.flat_map(|rule| &rule.conditions);
        let mut signers: Vec<Signer> = Vec::new();
        for signer in conditions.flat_map(|stated| stated.condition.signers()) {
            if !signers.contains(signer) {
                signers.push(signer.clone());
            }
        }
        signers
    }

    /// Tells whether a rule asks for a cluster by its ID, so that it must be known before the run.
    #[must_use]
    pub fn names_cluster_ids(&self) -> bool {
        self.layers
            .iter()
            .flat_map(|layer| &layer.rules)
            .flat_map(|rule| &rule.conditions)
            .any(|stated| stated.condition.names_cluster_id())
    }

    /// Tells whether a rule bounds the clusters, so that where the run is led matters.
    #[must_use]
    pub fn names_clusters(&self) -> bool {
        self.layers
            .iter()
            .flat_map(|layer| &layer.rules)
            .flat_map(|rule| &rule.conditions)
            .any(|stated| stated.condition.bounds_clusters())
    }

    /// Checks that every layer accepts the component.
    ///
    /// # Errors
    /// If it is none of those that a layer pins, or imports more than a layer grants.
    pub fn vet(&self, guest: &Guest) -> Result<(), Unfit> {
        self.layers.iter().try_for_each(|layer| guest.fits(layer))
    }

    /// Returns the first layer that can never allow a verb, whatever its object.
    #[must_use]
    pub fn barring(&self, verb: Verb) -> Option<&Layer> {
        self.layers.iter().find(|layer| {
            layer.mode == Mode::Enforce
                && !layer.rules.iter().any(|rule| {
                    rule.effect == super::Effect::Allow && rule.verbs().any(|named| named == verb)
                })
        })
    }

    /// Returns the rules of all layers that could ever allow a verb, whatever its object.
    pub fn granting<'p>(&'p self, verb: Verb) -> impl Iterator<Item = &'p Rule> + use<'p> {
        self.layers
            .iter()
            .flat_map(|layer| &layer.rules)
            .filter(move |rule| {
                rule.effect == super::Effect::Allow && rule.verbs().any(|named| named == verb)
            })
    }

    /// Returns a digest of all layers, to tell in the record which policy was in force.
    #[must_use]
    pub fn sha256(&self) -> String {
        let line = |layer: &Layer| format!("{} {}\n", layer.origin, layer.sha256);
        let lines: String = self.layers.iter().map(line).collect();
        Digest::of(lines.as_bytes()).hex()
    }
}
