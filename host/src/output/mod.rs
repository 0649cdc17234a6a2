//! What the programs show beside what the component answers: caches, logs, changes.
//!
//! The answers of the component, messages and failures are `keepdocker_console`'s, which does not know the
//! contract.

pub(crate) mod cache;
mod change;
mod failure;
mod runs;

use crate::bindings;

pub(crate) use change::changed;
pub(crate) use failure::failure;
pub(crate) use keepdocker_console::{
    Console, Detail, Exit, Ids, Level, Purpose, Report, Stream, Style, color, conceal, concealed,
    fitted_table, json, table, width_of, wrapped,
};
pub(crate) use runs::{runs, steps};

keepdocker_console::contract!(bindings);
