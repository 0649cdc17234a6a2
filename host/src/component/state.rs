//! The store's data: the capabilities behind the gate, and the handles given out.

use std::sync::Arc;

use wasmtime::component::{Linker, ResourceTable};

use super::limits::MemoryLimiter;
use crate::api::Objects;
use crate::archive::Archives;
use crate::bindings::{self, View, Viewing};
use crate::engine::LocalEngine;
use crate::gate::{Gate, Guarded};
use crate::keep::ArchiveStore;
use crate::locks::Locks;
use crate::messages::Messages;

/// What the host lends to the component for one command.
#[derive(Debug)]
pub(crate) struct Capabilities {
    /// Shows messages to the user.
    pub messages: Messages,
    /// The container engine.
    pub engine: LocalEngine,
    /// Image archives.
    pub archives: Archives,
    /// Locks on images.
    pub locks: Locks,
    /// Keep.
    pub keep: ArchiveStore,
    /// The Arvados API.
    pub api: Objects,
}

/// The data of the store in which the component runs.
pub(crate) struct State {
    gate: Arc<Gate>,
    table: ResourceTable,
    messages: Guarded<Messages>,
    engine: Guarded<LocalEngine>,
    archives: Guarded<Archives>,
    locks: Guarded<Locks>,
    keep: Guarded<ArchiveStore>,
    api: Guarded<Objects>,
    pub(super) memory: MemoryLimiter,
}

impl State {
    pub(super) fn new(capabilities: Capabilities, gate: Arc<Gate>, memory: MemoryLimiter) -> Self {
        Self {
            gate,
            table: ResourceTable::new(),
            messages: Guarded::new(capabilities.messages),
            engine: Guarded::new(capabilities.engine),
            archives: Guarded::new(capabilities.archives),
            locks: Guarded::new(capabilities.locks),
            keep: Guarded::new(capabilities.keep),
            api: Guarded::new(capabilities.api),
            memory,
        }
    }
}

/// Makes a function that shows a binding its slice of the store.
macro_rules! view {
    ($capability:ident) => {
        |state: &mut State| View {
            gate: &state.gate,
            capability: &state.$capability,
            table: &mut state.table,
        }
    };
}

/// Connects every import of the world to its binding.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    bindings::log::add_to_linker::<_, Viewing<Messages>>(linker, view!(messages))?;
    bindings::engine::add_to_linker::<_, Viewing<LocalEngine>>(linker, view!(engine))?;
    bindings::archives::add_to_linker::<_, Viewing<Archives>>(linker, view!(archives))?;
    bindings::registry::add_to_linker::<_, Viewing<Archives>>(linker, view!(archives))?;
    bindings::locks::add_to_linker::<_, Viewing<Locks>>(linker, view!(locks))?;
    bindings::keep::add_to_linker::<_, Viewing<ArchiveStore>>(linker, view!(keep))?;
    bindings::api::add_to_linker::<_, Viewing<Objects>>(linker, view!(api))?;
    bindings::cluster::add_to_linker::<_, Viewing<Objects>>(linker, view!(api))?;
    bindings::users::add_to_linker::<_, Viewing<Objects>>(linker, view!(api))?;
    bindings::projects::add_to_linker::<_, Viewing<Objects>>(linker, view!(api))?;
    bindings::links::add_to_linker::<_, Viewing<Objects>>(linker, view!(api))?;
    bindings::collections::add_to_linker::<_, Viewing<Objects>>(linker, view!(api))?;
    bindings::containers::add_to_linker::<_, Viewing<Objects>>(linker, view!(api))?;
    bindings::permissions::add_to_linker::<_, Viewing<Objects>>(linker, view!(api))
}
