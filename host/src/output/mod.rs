//! What the programs show: answers on standard output, everything else on standard error.

pub mod cache;
mod console;
mod ending;
mod exit;
pub mod json;
mod repair;
mod report;
mod runs;
mod table;

pub use console::{Console, Line, Style, conceal, concealed};
pub use exit::Exit;
pub use repair::repaired;
pub use report::{Purpose, Report};
pub use runs::{runs, steps};
pub use table::{Ids, table};
