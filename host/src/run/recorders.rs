//! Who is told of the component's calls.

use std::sync::Arc;

use super::trace::Trace;
use crate::audit::Log;
use crate::gate::{Event, Recorder, Unrecordable};

/// The trace and the log, either of which there may be.
#[derive(Debug)]
pub(super) struct Recorders {
    trace: Option<Trace>,
    log: Option<Arc<Log>>,
}

impl Recorders {
    pub(super) fn new(trace: Option<Trace>, log: Option<Arc<Log>>) -> Self {
        Self { trace, log }
    }
}

impl Recorder for Recorders {
    fn record(&self, event: Event<'_>) -> Result<(), Unrecordable> {
        if let Some(trace) = &self.trace {
            trace.record(event)?;
        }
        match &self.log {
            Some(log) => log.record(event),
            None => Ok(()),
        }
    }
}
