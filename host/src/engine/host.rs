//! The engine as the component sees it.

use crate::bindings::engine::{Error, Host, LocalImage};
use crate::bindings::log::Level;
use crate::component::{Fault as Refusable, Messages, View};
use crate::gate::Operation;

use super::{CommandError, Engine};

/// Why a call to the engine brings no result.
pub type Fault = Refusable<CommandError>;

/// The engine, and where its own words about a pull go.
#[derive(Debug)]
pub struct LocalEngine {
    engine: Engine,
    messages: Messages,
}

impl LocalEngine {
    /// Creates the capability.
    pub fn new(engine: Engine, messages: Messages) -> Self {
        Self { engine, messages }
    }
}

impl Host for View<'_, LocalEngine> {
    async fn find(&mut self, name: String) -> Result<Vec<LocalImage>, Fault> {
        let permit = self
            .gate
            .admit(Operation::EngineFind { name: name.clone() })?;
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
            .admit(Operation::EnginePull { name: name.clone() })?;
        let local = self.capability.open(&permit);
        let pulled = local
            .engine
            .pull(&name, |line| local.messages.show(Level::Info, line))
            .await;
        permit.close(pulled).map_err(Fault::Failed)
    }

    fn convert_error(&mut self, fault: Fault) -> wasmtime::Result<Error> {
        fault.convert(Error::Denied)
    }
}
