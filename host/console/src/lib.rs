//! Where the programs meet people and scripts: values given, answers, messages, failures in words, exit codes.
//!
//! Nothing is known here of the contract with the component; [`contract!`] makes of what a command of it
//! returns what is shown here.

mod columns;
mod console;
mod contract;
mod exit;
pub mod failures;
pub mod json;
mod message;
mod report;
mod table;
pub mod values;
mod width;
mod wrap;

pub use columns::{Column, Columns, Give};
pub use console::{Console, Level, Line, Style, conceal, concealed};
pub use exit::Exit;
pub use message::color;
pub use report::{Failed, Page, Purpose, Report};
pub use table::{Detail, Ids, age, fitted_table, table};
pub use width::{Stream, fit, width_of};
pub use wrap::wrapped;
