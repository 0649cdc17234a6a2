//! What the component can be asked.

use keepdocker_console::Purpose;
use serde::Serialize;

use crate::bindings::commands::{Answer, Command};
use crate::keep::Lenders;
use crate::policy::Demands;

/// A request to the component; see `wit/commands.wit`.
///
/// It stands in the file of the command that makes it. Log, policy, plan and replay take it from here.
pub(crate) trait Request: Serialize + Clone + Sync {
    /// What the command answers.
    type Answer: Serialize + Send;

    /// The command, as the contract calls it.
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

    /// Returns the request as the component takes it.
    fn command(self) -> Command;

    /// Returns the answer, or none if it is the one of another command.
    fn answer(answer: Answer) -> Option<Self::Answer>;
}
