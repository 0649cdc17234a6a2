//! Capabilities behind the gate, and the permits that open them.

use std::fmt;

use super::record::{Event, Phase, Recorder};

/// A capability that only a permit opens.
#[derive(Debug)]
pub struct Guarded<C>(C);

impl<C> Guarded<C> {
    /// Puts a capability behind the gate.
    pub fn new(capability: C) -> Self {
        Self(capability)
    }

    /// Returns the capability to whoever holds a permit.
    pub fn open(&self, _permit: &Permit<'_>) -> &C {
        &self.0
    }
}

/// The gate's leave for one operation.
///
/// Only the gate makes permits. Closing one records how the operation went; one that is dropped
/// unclosed is recorded as abandoned.
pub struct Permit<'g> {
    recorder: &'g dyn Recorder,
    number: u64,
    verb: &'static str,
    closed: bool,
}

impl<'g> Permit<'g> {
    pub(super) fn new(recorder: &'g dyn Recorder, number: u64, verb: &'static str) -> Self {
        Self {
            recorder,
            number,
            verb,
            closed: false,
        }
    }

    /// Records the result of the operation and returns it.
    pub fn close<T, E: fmt::Display>(mut self, result: Result<T, E>) -> Result<T, E> {
        self.closed = true;
        let error = result.as_ref().err().map(ToString::to_string);
        self.record(error.as_deref());
        result
    }

    fn record(&self, error: Option<&str>) {
        self.recorder.record(Event {
            number: self.number,
            verb: self.verb,
            phase: Phase::Result { error },
        });
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.closed {
            self.record(Some("abandoned"));
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("number", &self.number)
            .field("verb", &self.verb)
            .finish_non_exhaustive()
    }
}
