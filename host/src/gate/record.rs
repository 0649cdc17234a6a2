//! The record of what the component asked for and what came of it.

use std::fmt;

use super::operation::Operation;

/// One entry of the record.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// The number of the call, from 1; attempt and result of a call share it.
    pub number: u64,
    /// The operation's verb.
    pub verb: &'static str,
    /// What happened.
    pub phase: Phase<'a>,
}

/// What happened to a call.
#[derive(Debug, Clone, Copy)]
pub enum Phase<'a> {
    /// The gate lets the operation begin.
    Attempt(&'a Operation),
    /// The policy withholds the operation.
    Denied {
        /// What was asked for.
        operation: &'a Operation,
        /// Which rule decided.
        reason: &'a str,
    },
    /// The operation ended.
    Result {
        /// What went wrong, if anything did.
        error: Option<&'a str>,
    },
}

/// Where the record goes.
pub trait Recorder: fmt::Debug + Send + Sync {
    /// Takes one entry; must be quick, and must not fail.
    fn record(&self, event: Event<'_>);
}

/// Keeps no record.
#[derive(Debug, Clone, Copy)]
pub struct Unrecorded;

impl Recorder for Unrecorded {
    fn record(&self, _event: Event<'_>) {}
}
