//! The component's calls, shown to the user as they happen.

use keepdocker_console::{Console, Level};

use crate::gate::{Event, Phase, Recorder, Unrecordable};

/// Shows each call of the component as a debug message.
#[derive(Debug)]
pub(super) struct Trace(pub(super) Console);

impl Recorder for Trace {
    fn record(&self, event: Event<'_>) -> Result<(), Unrecordable> {
        let (number, asked) = (event.number, event.operation);
        let text = match event.phase {
            Phase::Attempt { .. } => {
                let decision = event.ruling.decision.name();
                format!(
                    "call {number}: {asked} ({decision} by {})",
                    event.ruling.rule()
                )
            }
            Phase::Denied { reason, .. } => format!("call {number}: {asked} denied: {reason}"),
            Phase::Result { error: None, .. } => return Ok(()),
            Phase::Result {
                error: Some(error), ..
            } => {
                format!("call {number}: {} failed: {error}", asked.verb())
            }
        };
        self.0.message(Level::Debug, &text);
        Ok(())
    }
}
