//! What the programs show beside what the component answers: caches, logs, repairs.
//!
//! The answers of the component, messages and failures are `keepdocker_console`'s, which does not know the
//! contract.

pub mod cache;
mod failure;
mod repair;
mod runs;

use crate::bindings;

pub use failure::failure;
pub use keepdocker_console::{
    Console, Exit, Ids, Level, Purpose, Report, Style, color, conceal, concealed, json, table,
};
pub use repair::repaired;
pub use runs::{runs, steps};

keepdocker_console::contract!(bindings);
