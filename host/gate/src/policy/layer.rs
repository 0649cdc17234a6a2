//! A layer: the policy of one file.

use std::sync::Arc;

use super::audit::AuditRules;
use super::context::Context;
use super::demands::Demands;
use super::limits::Limits;
use super::origin::Origin;
use super::rule::{Effect, Rule};
use crate::Operation;

/// What happens to operations that a layer does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are denied.
    Enforce,
    /// They go on, and the record says that they would have been denied. Limits hold all the same.
    Warn,
}

impl Mode {
    /// Returns the word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Warn => "warn",
        }
    }
}

/// What a policy asks of the component itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct GuestRules {
    /// The SHA-256 digests, one of which the component must have.
    pub(super) sha256: Option<Listed<String>>,
    /// The interfaces that it may import.
    pub(super) imports: Option<Listed<&'static str>>,
}

/// A list, and the line that states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed<T> {
    pub(super) line: usize,
    pub(super) values: Vec<T>,
}

/// One file's policy.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Whose it is.
    pub origin: Origin,
    /// The file's name, for people.
    pub file: Arc<str>,
    /// The SHA-256 digest of the file, in hexadecimal digits.
    pub sha256: String,
    /// What it calls itself.
    pub name: Option<String>,
    /// What happens to what it does not allow.
    pub mode: Mode,
    /// The line of `mode`, or 1.
    pub(super) mode_line: usize,
    /// Whether it forbids this layer and those after it to warn only.
    pub locked: bool,
    /// Its limits.
    pub limits: Limits,
    /// What it demands of a whole run.
    pub demands: Demands,
    pub(super) guest: GuestRules,
    pub(super) audit: AuditRules,
    /// Its rules in the file's order, those that deny first.
    pub rules: Vec<Rule>,
}

/// What a layer says of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement<'p> {
    Allowed(&'p Rule),
    Denied(&'p Rule),
    /// No rule matches.
    Unknown,
}

impl Layer {
    /// Judges an operation: a rule that denies wins; else one must allow it.
    pub(super) fn judge(&self, operation: &Operation, context: &Context<'_>) -> Judgement<'_> {
        // Rules that deny stand first, so the first that decides is the one that counts.
        match self
            .rules
            .iter()
            .find(|rule| rule.decides(operation, context))
        {
            Some(rule) if rule.effect == Effect::Deny => Judgement::Denied(rule),
            Some(rule) => Judgement::Allowed(rule),
            None => Judgement::Unknown,
        }
    }
}
