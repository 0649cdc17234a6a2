//! The engine as the component sees it.

use keepdocker_console::Level;

use crate::bindings::engine::{Error, Host, LocalImage};
use crate::bindings::{EngineFault as Fault, View};
use crate::gate::Operation;
use crate::messages::Messages;

use super::{CommandError, Engine};
use crate::plan::{Course, Effects, Step};

/// The engine, and where its own words about a pull go.
#[derive(Debug)]
pub(crate) struct LocalEngine {
    engine: Engine,
    messages: Messages,
    effects: Effects,
}

impl LocalEngine {
    /// Creates the capability.
    pub(crate) fn new(engine: Engine, messages: Messages, effects: Effects) -> Self {
        Self {
            engine,
            messages,
            effects,
        }
    }

    async fn pull(&self, name: &str) -> Result<(), CommandError> {
        match self.effects.admit(|| Step::Pull { name: name.into() })? {
            Course::Done => {
                self.engine
                    .pull(name, |line| self.messages.show(Level::Info, line))
                    .await
            }
            // What a pull brings is not known before, so no plan goes on after it.
            Course::Noted(_) => Err(CommandError::Planned(name.into())),
        }
    }
}

impl Host for View<'_, LocalEngine> {
    async fn find(&mut self, name: String) -> Result<Vec<LocalImage>, Fault> {
        let permit = self
            .gate
            .admit(Operation::EngineFind { name: name.clone() }, &(&name,))?;
        let found = self.capability.open(&permit).engine.find(&name).await;
        for image in found.iter().flatten() {
            let names = image.repo_tags.iter().chain(&image.repo_digests);
            permit.saw(&image.id, names.cloned());
        }
        permit.close(found).map_err(Fault::Failed)
    }

    async fn pull(&mut self, name: String) -> Result<(), Fault> {
        let permit = self
            .gate
            .admit(Operation::EnginePull { name: name.clone() }, &(&name,))?;
        let pulled = self.capability.open(&permit).pull(&name).await;
        permit.close(pulled).map_err(Fault::Failed)
    }

    fn convert_error(&mut self, fault: Fault) -> wasmtime::Result<Error> {
        fault.convert(Error::Denied)
    }
}
