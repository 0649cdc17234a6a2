//! What the programs show beside what the component answers: caches, logs, repairs.
//!
//! The answers of the component, messages and failures are `keepdocker_console`'s, which does not know the
//! contract.

pub(crate) mod cache;
mod failure;
mod repair;
mod runs;

use crate::bindings;

pub(crate) use failure::failure;
pub(crate) use keepdocker_console::{
    Console, Exit, Ids, Level, Report, Style, color, conceal, concealed, json, table,
};
pub(crate) use repair::repaired;
pub(crate) use runs::{runs, steps};

keepdocker_console::contract!(bindings);
