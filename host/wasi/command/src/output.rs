//! Answers and failures in the form of the native program, from its own source files.

#[path = "../../../src/output/console.rs"]
mod console;
#[path = "../../../src/output/exit.rs"]
mod exit;
#[path = "../../../src/output/json.rs"]
pub(crate) mod json;
#[path = "../../../src/output/report.rs"]
mod report;
#[path = "../../../src/output/table.rs"]
mod table;

pub(crate) use console::{Console, Style, conceal};
pub(crate) use exit::Exit;
pub(crate) use report::{Purpose, Report};
pub(crate) use table::{Ids, table};
