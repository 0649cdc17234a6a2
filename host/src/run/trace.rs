//! The component's calls, shown to the user as they happen.

use crate::bindings::log::Level;
use crate::gate::{Event, Phase, Recorder};
use crate::output::Console;

/// Shows each call of the component as a debug message.
#[derive(Debug)]
pub(super) struct Trace(pub(super) Console);

impl Recorder for Trace {
    fn record(&self, event: Event<'_>) {
        let (number, verb) = (event.number, event.verb);
        let text = match event.phase {
            Phase::Attempt(operation) => match serde_json::to_string(operation).as_deref() {
                Ok("null") | Err(_) => format!("call {number}: {verb}"),
                Ok(object) => format!("call {number}: {verb} {object}"),
            },
            Phase::Denied { reason, .. } => format!("call {number}: {verb} denied: {reason}"),
            Phase::Result { error: None } => return,
            Phase::Result { error: Some(error) } => {
                format!("call {number}: {verb} failed: {error}")
            }
        };
        self.0.message(Level::Debug, &text);
    }
}
