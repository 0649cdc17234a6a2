//! Where the programs meet people and scripts: values given, answers, messages, failures in words, exit codes.
//!
//! Nothing is known here of the contract with the component; [`contract!`] makes of what a command of it
//! returns what is shown here.

mod console;
mod contract;
mod exit;
pub mod failures;
pub mod json;
mod report;
mod table;
pub mod values;

pub use console::{Console, Level, Line, Style, color, conceal, concealed};
pub use exit::Exit;
pub use report::{Failed, Purpose, Report};
pub use table::{Ids, table};
