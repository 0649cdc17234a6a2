//! Messages of the component for the user.

use std::fmt;
use std::sync::Arc;

use crate::bindings::{View, log};
use crate::gate::{Operation, Refusal};

pub(crate) use keepdocker_console::Level;

/// Shows the component's messages.
#[derive(Clone)]
pub(crate) struct Messages(Arc<Show>);

type Show = dyn Fn(Level, &str) + Send + Sync;

/// Longer messages are cut: a person reads them.
const MAX_LENGTH: usize = 8 << 10;

impl Messages {
    /// Hands each message on to `show`, which must escape what could harm a terminal.
    pub(crate) fn new(show: impl Fn(Level, &str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(show))
    }

    /// Shows one message.
    pub(crate) fn show(&self, level: Level, message: &str) {
        let end = message.floor_char_boundary(MAX_LENGTH);
        (self.0)(level, &message[..end]);
    }
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Messages")
    }
}

impl log::Host for View<'_, Messages> {
    async fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let name = match level {
            log::Level::Debug => "debug",
            log::Level::Info => "info",
            log::Level::Warning => "warning",
            log::Level::Error => "error",
        };
        let operation = Operation::LogWrite { level: name };
        let permit = match self.gate.admit(operation, &(level, &message)) {
            Ok(permit) => permit,
            // The contract has no error for this: a component that may not speak goes on silently.
            Err(Refusal::Denied { .. }) => return Ok(()),
            Err(refusal) => return Err(wasmtime::Error::new(refusal)),
        };
        self.capability.open(&permit).show(level.into(), &message);
        permit.close::<_, String, String>(Ok(())).ok();
        Ok(())
    }
}
