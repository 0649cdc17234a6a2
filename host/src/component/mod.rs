//! The component: the embedded guest, and how it is loaded, bounded and called.
//!
//! ```text
//! request ─▶ Component::start ─▶ Running ── commands.run ──▶ answer, or Error
//!                                  │ each import: binding ─▶ gate ─▶ capability
//! ```
//! One instance serves one command: after a trap an instance is of no use, and a fresh one takes
//! half a millisecond. The embedded component is machine code already; another one, which the user
//! names, is compiled when the program starts and bounded in the same way.

mod audit;
mod description;
mod error;
mod interface;
mod limits;
mod replay;
mod request;
mod state;
mod value;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::Linker;

pub(crate) use audit::Audit;
pub(crate) use description::Description;
pub(crate) use error::Error;
pub(crate) use limits::Limits;
pub(crate) use replay::{Deviation, Script};
pub(crate) use request::{Request, request};
pub(crate) use state::Capabilities;

use crate::bindings::commands::Failure;
use crate::bindings::{Keepdocker, KeepdockerPre};
use crate::gate::Gate;
use limits::MemoryLimiter;
use state::State;

/// The embedded component as WebAssembly, for those who want to look at it.
pub(crate) const WASM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/keepdocker.wasm"));

/// The same, compiled for this machine's architecture by our own build script.
const MACHINE_CODE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/keepdocker.cwasm"));

/// A component file has at most this many bytes; the embedded one has less than one in a hundred of it.
const MAX_FILE: u64 = 64 << 20;

/// The most bytes that the component may hand over in one call, whatever its memory.
const MAX_HANDED_OVER: usize = 128 << 20;

/// How much the guest may compute before other tasks get their turn.
const YIELD_INTERVAL: u64 = 10_000_000;

/// A component that is loaded: as machine code, with what its file says.
pub(crate) struct Component {
    engine: Engine,
    code: wasmtime::component::Component,
    description: Description,
}

impl Component {
    /// Loads the component that is embedded in this program; nothing is compiled.
    ///
    /// # Errors
    /// If the machine code does not fit this program, which only a broken build can bring about.
    pub(crate) fn embedded() -> Result<Self, Error> {
        let load_error = |error: wasmtime::Error| Error::Load(error.root_cause().to_string());
        let engine = Engine::new(&keepdocker_runtime::engine()).map_err(load_error)?;
        #[expect(unsafe_code, reason = "loading machine code is unsafe by nature")]
        // SAFETY: the bytes come from our own build script, which made them with the same version
        // of wasmtime under the same configuration, and are part of this program's read-only data.
        let code = unsafe { wasmtime::component::Component::deserialize(&engine, MACHINE_CODE) }
            .map_err(load_error)?;
        Ok(Self::new(engine, code, WASM))
    }

    /// Reads a component from a file and compiles it.
    ///
    /// # Errors
    /// If the file cannot be read or holds no component.
    pub(crate) fn open(file: &Path) -> Result<Self, Error> {
        let wasm = description::read(file, MAX_FILE)?;
        if !wasm.starts_with(b"\0asm") {
            return Err(Error::Unsuitable("it is not WebAssembly".into()));
        }
        let engine = Engine::new(&keepdocker_runtime::engine()).map_err(unsuitable)?;
        let code =
            wasmtime::component::Component::from_binary(&engine, &wasm).map_err(unsuitable)?;
        Ok(Self::new(engine, code, &wasm))
    }

    /// Loads the component of this file, or the embedded one if none is named.
    ///
    /// # Errors
    /// As [`Component::open`] and [`Component::embedded`].
    pub(crate) fn choose(file: Option<&Path>) -> Result<Self, Error> {
        file.map_or_else(Self::embedded, Self::open)
    }

    fn new(engine: Engine, code: wasmtime::component::Component, wasm: &[u8]) -> Self {
        let description = Description::new(&code, &engine, wasm);
        Self {
            engine,
            code,
            description,
        }
    }

    /// Compiles the embedded WebAssembly again, and tells whether the embedded machine code is what
    /// comes of it.
    ///
    /// # Errors
    /// If it cannot be compiled, which only a broken build can bring about.
    pub(crate) fn is_machine_code_genuine() -> Result<bool, Error> {
        let compiled = keepdocker_runtime::embedding(env!("KEEPDOCKER_TARGET"))
            .and_then(|configuration| Engine::new(&configuration))
            .and_then(|engine| engine.precompile_component(WASM))
            .map_err(|error| Error::Load(error.root_cause().to_string()))?;
        Ok(compiled == MACHINE_CODE)
    }

    /// Returns what the component's file says of it.
    #[must_use]
    pub(crate) fn description(&self) -> &Description {
        &self.description
    }

    /// Connects the component's imports to the bindings.
    fn link(&self) -> Result<KeepdockerPre<State>, Error> {
        let excess = self.description.excess();
        if !excess.is_empty() {
            return Err(Error::Excess(excess));
        }
        let mut linker = Linker::new(&self.engine);
        state::add_to_linker(&mut linker).map_err(unsuitable)?;
        linker
            .instantiate_pre(&self.code)
            .and_then(KeepdockerPre::new)
            .map_err(unsuitable)
    }

    /// Starts the component for one command.
    ///
    /// # Errors
    /// If the component does not fit the contract, traps while it starts, or is refused the memory
    /// that it begins with.
    pub(crate) async fn start(
        &self,
        capabilities: Capabilities,
        gate: Arc<Gate>,
        limits: Limits,
    ) -> Result<Running, Error> {
        let prepared = self.link()?;
        let mut store = wasmtime::Store::new(
            &self.engine,
            State::new(capabilities, gate, MemoryLimiter::new(limits.memory)),
        );
        store.limiter(|state| &mut state.memory);
        store.set_fuel(limits.fuel).map_err(unsuitable)?;
        store
            .fuel_async_yield_interval(Some(YIELD_INTERVAL))
            .map_err(unsuitable)?;
        // What one call may hand over: a text can be named many times, so that its copies would
        // take up far more than the component's own memory.
        store.set_hostcall_fuel(limits.memory.min(MAX_HANDED_OVER));
        let instance = prepared
            .instantiate_async(&mut store)
            .await
            .map_err(|trap| Error::from_trap(&trap, &limits))?;
        Ok(Running {
            store,
            instance,
            limits,
        })
    }
}

/// An instance of the component, good for one command.
pub(crate) struct Running {
    store: wasmtime::Store<State>,
    instance: Keepdocker,
    limits: Limits,
}

impl Running {
    /// Runs the command that is asked for.
    ///
    /// # Errors
    /// If the component exceeds its limits, breaks off, or answers what was not asked.
    pub(crate) async fn call<R: Request>(
        mut self,
        request: &R,
    ) -> Result<Result<R::Answer, Failure>, Error> {
        let command = request.clone().command();
        let commands = self.instance.keepdocker_contract_commands();
        let call = commands.call_run(&mut self.store, &command);
        let left = self.limits.deadline.saturating_sub(self.limits.spent);
        match tokio::time::timeout(left, call).await {
            Ok(Ok(Ok(answer))) => match R::answer(answer) {
                Some(answer) => Ok(Ok(answer)),
                None => Err(Error::Unsuitable(format!(
                    "it answers something else than `{}`",
                    R::COMMAND
                ))),
            },
            Ok(Ok(Err(failure))) => Ok(Err(failure)),
            Ok(Err(trap)) => Err(Error::from_trap(&trap, &self.limits)),
            Err(_) => Err(Error::TimedOut(self.limits.deadline)),
        }
    }
}

fn unsuitable(error: wasmtime::Error) -> Error {
    Error::Unsuitable(format!("{error:#}"))
}
