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

/// Says of a request what it is in the contract, and for which purpose it is made: the case that it and its answer have
/// there, and the command's name. For requests that a policy does not tighten, and that use nobody's blocks.
macro_rules! request {
    ($request:ty => $answer:ty, $case:ident, $command:literal, $purpose:ident) => {
        impl $crate::component::Request for $request {
            type Answer = $answer;
            const COMMAND: &'static str = $command;

            fn purpose(&self) -> keepdocker_console::Purpose {
                keepdocker_console::Purpose::$purpose
            }

            fn command(self) -> $crate::bindings::commands::Command {
                $crate::bindings::commands::Command::$case(self)
            }

            fn answer(answer: $crate::bindings::commands::Answer) -> Option<$answer> {
                match answer {
                    $crate::bindings::commands::Answer::$case(answer) => Some(answer),
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use request;
