//! What the component can be asked.

use keepdocker_console::Purpose;
use serde::Serialize;

use super::Store;
use crate::bindings::commands::{Failure, Guest};
use crate::keep::Lenders;
use crate::policy::Demands;

/// A request to the component, and the exported command that it is made to; see `wit/commands.wit`.
///
/// It stands in the file of the command that makes it. Log, policy, plan and replay take it from here.
pub(crate) trait Request: Serialize + Clone + Sync {
    /// What the command answers.
    type Answer: Serialize + Send;

    /// The exported command.
    const COMMAND: &'static str;

    /// Says in the words of which purpose failures are told.
    fn purpose(&self) -> Purpose;

    /// Makes the stricter of what is asked for and what the policy demands.
    #[must_use]
    fn tightened(self, _: &Demands) -> Self {
        self
    }

    /// Says whose blocks may be used, whatever the component asks for.
    fn lenders(&self) -> Lenders {
        Lenders::Nobody
    }

    /// Calls the exported command.
    fn call(
        &self,
        commands: &Guest,
        store: &mut Store,
    ) -> impl Future<Output = wasmtime::Result<Result<Self::Answer, Failure>>> + Send;
}
