//! The component: the embedded guest, and how it is loaded, bounded and called.
//!
//! ```text
//! request ─▶ Component::start ─▶ Running ── exported command ──▶ answer, or Error
//!                                  │ each import: binding ─▶ gate ─▶ capability
//! ```
//! One instance serves one command: after a trap an instance is of no use, and a fresh one takes
//! half a millisecond.

pub mod bindings;
mod configuration;
mod error;
mod imports;
mod limits;
mod messages;
mod state;
mod view;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmtime::component::Linker;
use wasmtime::{Engine, Store};

pub use error::Error;
pub use imports::Import;
pub use limits::Limits;
pub use messages::{Level, Messages};
pub use state::Capabilities;
pub use view::{Fault, View, Viewing};

use crate::gate::Gate;
use crate::policy::Guest;
use bindings::{Keepdocker, KeepdockerPre};
use limits::MemoryLimiter;
use state::State;

/// The component as WebAssembly, for those who want to look at it.
pub const WASM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/keepdocker.wasm"));

/// The same, compiled for this machine's architecture by our own build script.
const MACHINE_CODE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/keepdocker.cwasm"));

/// How much the guest may compute before other tasks get their turn.
const YIELD_INTERVAL: u64 = 10_000_000;

/// A component that is ready to be started.
pub struct Component {
    engine: Engine,
    prepared: KeepdockerPre<State>,
    imports: Vec<Import>,
    sha256: String,
}

impl Component {
    /// Loads the component that is embedded in this program; nothing is compiled.
    ///
    /// # Errors
    /// If the machine code does not fit this program, which only a broken build can bring about.
    pub fn embedded() -> Result<Self, Error> {
        let engine = Engine::new(&configuration::engine()).map_err(load_error)?;
        #[expect(unsafe_code, reason = "loading machine code is unsafe by nature")]
        // SAFETY: the bytes come from our own build script, which made them with the same version
        // of wasmtime under the same configuration, and are part of this program's read-only data.
        let component =
            unsafe { wasmtime::component::Component::deserialize(&engine, MACHINE_CODE) }
                .map_err(load_error)?;
        Self::link(engine, &component, WASM)
    }

    /// Connects the component's imports to the bindings.
    fn link(
        engine: Engine,
        component: &wasmtime::component::Component,
        wasm: &[u8],
    ) -> Result<Self, Error> {
        let mut linker = Linker::new(&engine);
        state::add_to_linker(&mut linker).map_err(load_error)?;
        let imports = imports::of(component, &engine);
        let foreign: Vec<String> = imports
            .iter()
            .filter(|import| import.is_foreign())
            .map(|import| import.interface.clone())
            .collect();
        if !foreign.is_empty() {
            return Err(Error::ForeignImports(foreign));
        }
        let prepared = linker
            .instantiate_pre(component)
            .and_then(KeepdockerPre::new)
            .map_err(load_error)?;
        Ok(Self {
            engine,
            prepared,
            imports,
            sha256: Sha256::digest(wasm)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        })
    }

    /// Returns everything that the component can ever ask for.
    #[must_use]
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// Returns what a policy can judge the component by.
    #[must_use]
    pub fn guest(&self) -> Guest {
        Guest {
            sha256: self.sha256.clone(),
            imports: self
                .imports
                .iter()
                .map(|import| import.interface.clone())
                .collect(),
        }
    }

    /// Starts the component for one command.
    ///
    /// # Errors
    /// If the component traps while it starts, or is refused the memory that it begins with.
    pub async fn start(
        &self,
        capabilities: Capabilities,
        gate: Arc<Gate>,
        limits: Limits,
    ) -> Result<Running, Error> {
        let mut store = Store::new(
            &self.engine,
            State::new(
                capabilities,
                gate,
                MemoryLimiter {
                    limit: limits.memory,
                },
            ),
        );
        store.limiter(|state| &mut state.memory);
        store.set_fuel(limits.fuel).map_err(load_error)?;
        store
            .fuel_async_yield_interval(Some(YIELD_INTERVAL))
            .map_err(load_error)?;
        let instance = self
            .prepared
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
pub struct Running {
    store: Store<State>,
    instance: Keepdocker,
    limits: Limits,
}

/// One exported command after the other; see `wit/commands.wit` for what they do.
macro_rules! commands {
    ($($(#[$doc:meta])* $call:ident as $name:ident($request:ty) -> $answer:ty;)*) => {
        impl Running {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// If the component exceeds its limits or breaks off.
                pub async fn $name(mut self, request: &$request) -> Result<Result<$answer, bindings::commands::Failure>, Error> {
                    let commands = self.instance.keepdocker_contract_commands();
                    let call = commands.$call(&mut self.store, request);
                    match tokio::time::timeout(self.limits.deadline, call).await {
                        Ok(answer) => answer.map_err(|trap| Error::from_trap(&trap, &self.limits)),
                        Err(_) => Err(Error::TimedOut(self.limits.deadline)),
                    }
                }
            )*
        }
    };
}

commands! {
    /// Makes an image known in a project, sending its data if the cluster does not have it.
    call_upload as upload(bindings::commands::UploadRequest) -> bindings::commands::Uploaded;
    /// Lists the images that the cluster has.
    call_images as images(bindings::commands::ImagesRequest) -> Vec<bindings::commands::ListedImage>;
    /// Tells which collection a container request would get.
    call_resolve as resolve(str) -> bindings::commands::Resolution;
    /// Fetches the image that a container request would get.
    call_download as download(bindings::commands::DownloadRequest) -> bindings::commands::Downloaded;
}

fn load_error(error: wasmtime::Error) -> Error {
    Error::Load(error.root_cause().to_string())
}
